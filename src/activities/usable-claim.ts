import { obstacleOf } from '../domain/claim-obstacle.ts'
import { claimNameFor, type IPAddressClaim } from '../domain/claim.ts'
import type { Cluster } from '../domain/cluster.ts'
import type { NamespacedName } from '../domain/object-meta.ts'
import type { Role } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { needsPerson, waiting } from './failures.ts'

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
  if (obstacle.reason === 'ClaimConflict') throw needsPerson(obstacle.reason, obstacle.message)
  if (obstacle.formerUid !== undefined) await discard(api, claim, cluster, obstacle.formerUid)
  throw waiting(obstacle.reason, obstacle.message)
}

/**
 * Deletes the claim of a former Cluster, as the garbage collector does; but that one may miss a Cluster which was
 * re-created while it did not hear of it. A Cluster of the name that is there now is proof that the former one is gone,
 * if it was read after the claim.
 */
async function discard(
  api: Pick<ClusterApi, 'getCluster' | 'deleteIPAddressClaim'>,
  claim: IPAddressClaim,
  cluster: Cluster,
  ownerUid: string,
): Promise<void> {
  if (claim.ownerReferences.length > 1) return
  const present = await api.getCluster(cluster)
  if (present === undefined || present.uid === ownerUid) return
  await api.deleteIPAddressClaim(claim)
}
