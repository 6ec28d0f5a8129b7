import { clusterRolesWithout, type Permission } from '../../allocator.ts'
import type { StackConnection } from '../../stack/connection.ts'
import { applyManifests } from '../../stack/manifests.ts'

/** Permissions without which an allocation fails. */
export const revocablePermissions: readonly [Permission, ...Permission[]] = [
  'create ipaddressclaims',
  'patch clusters',
  'get clusters',
  'list clusters',
  'watch ipaddressclaims',
  'delete ipaddressclaims',
  'create ipaddresses',
  'patch clusters/status',
  'create events',
  'list inclusterippools',
]

/** Grants the allocator's ServiceAccount all permissions of deploy/manifests except these. */
export async function grantAllExcept(stack: StackConnection, ...withheld: Permission[]): Promise<void> {
  await applyManifests(stack, clusterRolesWithout(withheld))
}
