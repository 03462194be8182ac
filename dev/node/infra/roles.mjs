// The role assignments of a deployment.
import assert from 'node:assert/strict';
import { only } from './templates.mjs';

/** Microsoft's built-in roles that the identities have. */
export const roles = {
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  'Storage Blob Data Contributor': 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
  'Storage Blob Data Reader': '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1',
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6',
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb',
};

/** The assignments of a deployment as `IDENTITY: ROLE on TYPE NAME`, each looked at. */
export function assignmentsOf(deployment) {
  return only(deployment, 'Microsoft.Authorization/roleAssignments')
    .map(({ scope, name, body }) => {
      const { principalId, principalType, roleDefinitionId } = body.properties;
      const [role] = Object.entries(roles).find(([, id]) =>
        roleDefinitionId.endsWith(`/providers/Microsoft.Authorization/roleDefinitions/${id}`),
      );
      const [, identity] = /\/userAssignedIdentities\/([\w-]+)\.properties\.principalId>$/.exec(String(principalId));
      assert.equal(principalType, 'ServicePrincipal');
      assert.equal(name, `guid(${scope.id}|${principalId}|${roles[role]})`);
      assert.equal(
        roleDefinitionId.split('/')[2],
        scope.id.split('/')[2],
        "the definition is that of the scope's subscription",
      );
      return `${identity}: ${role} on ${scope.type} ${scope.name}`;
    })
    .sort();
}
