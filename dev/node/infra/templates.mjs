// The templates as the tests beside this file look at them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { read } from './bicep.mjs';
import { deploy } from './deployment.mjs';

export const at = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
export const text = (relative) => readFileSync(at(relative), 'utf8').replaceAll('\r\n', '\n');
export const modules = readdirSync(at('infra/modules'), { recursive: true })
  .map((f) => f.replaceAll('\\', '/'))
  .filter((f) => f.endsWith('.bicep'));

/** The declarations of main.bicep, then those of each module. */
export const files = ['main.bicep', ...modules.map((f) => `modules/${f}`)].map((f) => read(at(`infra/${f}`)));

/** What main.bicep deploys with the parameters that have no default, and those given. */
export const deployed = (params = {}) =>
  deploy(at('infra/main.bicep'), { workspaceName: 'law-soc', s3Bucket: 'findings', awsRegion: 'eu-west-1', ...params });
export const keylessParams = {
  awsWebIdentityAudience: 'api://guardduty-sentinel',
  awsRoleArn: 'arn:aws:iam::111122223333:role/guardduty-sentinel',
};
export const keyPair = deployed();
export const keyless = deployed(keylessParams);

export const only = ({ resources }, type) => resources.filter((r) => r.type === type);

/** The one resource of a type. */
export function one(deployment, type) {
  const found = only(deployment, type);
  assert.equal(found.length, 1, type);
  return found[0];
}

/** The settings of the app, as text. */
export function settingsOf({ resources }) {
  const { properties } = resources.find((r) => r.symbol === 'appSettings').body;
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, String(value)]));
}

/** The resource types that sentinel/ is deployed as. */
export const contentTypes = [
  'Microsoft.OperationalInsights/workspaces/savedSearches',
  'Microsoft.SecurityInsights/alertRules',
  'Microsoft.Insights/workbooks',
  'Microsoft.SecurityInsights/dataConnectorDefinitions',
];

/** Everything of a deployment, to compare. */
export const shape = ({ resources, outputs }) =>
  JSON.stringify({ resources: resources.map(({ nested, ...rest }) => rest), outputs });

/** The settings that the connector declares, by name: handler/internal/config/settings.go. */
export const contract = Object.fromEntries(JSON.parse(text('infra/schema/settings.json')).map((s) => [s.name, s]));

/** Settings of the host and of azidentity; the first two are declared too. */
export const platform = {
  AZURE_CLIENT_ID: /\.properties\.clientId>$/,
  AZURE_TOKEN_CREDENTIALS: /^ManagedIdentityCredential$/,
  AzureWebJobsStorage__credential: /^managedidentity$/,
  AzureWebJobsStorage__clientId: /\.properties\.clientId>$/,
  AzureWebJobsStorage__blobServiceUri: /\.properties\.primaryEndpoints\.blob>$/,
  AzureWebJobsStorage__queueServiceUri: /\.properties\.primaryEndpoints\.queue>$/,
  AzureWebJobsStorage__tableServiceUri: /\.properties\.primaryEndpoints\.table>$/,
  APPLICATIONINSIGHTS_CONNECTION_STRING: /\.properties\.ConnectionString>$/,
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: /^ClientId=<.*\.properties\.clientId>;Authorization=AAD$/,
};
