// The role assignments of a deployment.
import assert from 'node:assert/strict';
import { only } from './templates.mjs';

/** Microsoft's built-in roles that the connector has. */
export const roles = {
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6',
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb',
};

/** The assignments of a deployment as `ROLE on TYPE`, each looked at. */
export function assignmentsOf(deployment) {
  return only(deployment, 'Microsoft.Authorization/roleAssignments')
    .map(({ scope, name, body }) => {
      const { principalId, principalType, roleDefinitionId } = body.properties;
      const [role] = Object.entries(roles).find(([, id]) =>
        roleDefinitionId.endsWith(`/providers/Microsoft.Authorization/roleDefinitions/${id}`),
      );
      assert.match(String(principalId), /\/userAssignedIdentities\/id-guardduty\.properties\.principalId>$/);
      assert.equal(principalType, 'ServicePrincipal');
      assert.equal(name, `guid(${scope.id}|${principalId}|${roles[role]})`);
      assert.equal(
        roleDefinitionId.split('/')[2],
        scope.id.split('/')[2],
        "the definition is that of the scope's subscription",
      );
      return `${role} on ${scope.type}`;
    })
    .sort();
}
