import { obstacleOf } from '../domain/allocation/claim-obstacle.ts'
import { claimNameFor, type IPAddressClaim } from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import { isOrphanOf } from '../domain/release/release.ts'
import type { Role } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { actionRequired, waiting } from './failures.ts'

/** Where a Cluster's claim for a role is. */
export function claimKeyFor(cluster: NamespacedName, role: Role): NamespacedName {
  return { namespace: cluster.namespace, name: claimNameFor(cluster, role) }
}

/**
 * Refuses a claim under our name that an allocation for the Cluster cannot use.
 *
 * @throws ApplicationFailure `WaitingForAddress` for a claim on its way out, `ClaimConflict` for somebody else's
 */
export async function assertUsable(
  api: Pick<ClusterApi, 'getCluster' | 'deleteIPAddressClaim'>,
  claim: IPAddressClaim,
  cluster: Cluster,
): Promise<void> {
  const obstacle = obstacleOf(claim, cluster)
  if (obstacle === undefined) return
  if (obstacle.reason === 'ClaimConflict') throw actionRequired(obstacle.reason, obstacle.message)
  if (obstacle.formerUid !== undefined) await discard(api, claim, cluster, obstacle.formerUid)
  throw waiting(obstacle.reason, obstacle.message)
}

/** Deletes the claim of a former Cluster, as the garbage collector does, unless that one has missed it. */
async function discard(
  api: Pick<ClusterApi, 'getCluster' | 'deleteIPAddressClaim'>,
  claim: IPAddressClaim,
  cluster: Cluster,
  ownerUid: string,
): Promise<void> {
  // Read after the claim.
  const present = await api.getCluster(cluster)
  if (isOrphanOf(ownerUid, claim, present)) await api.deleteIPAddressClaim(claim)
}
