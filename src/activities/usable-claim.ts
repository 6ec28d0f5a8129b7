import { claimNameFor, type ClaimOwnership, type IPAddressClaim } from '../domain/claim.ts'
import { decideClaimUse } from '../domain/claim-use.ts'
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
 * @returns whose the claim is: the Cluster's own, or nobody's and to be adopted
 * @throws ApplicationFailure `WaitingForAddress` for a claim on its way out, `ClaimConflict` for somebody else's
 */
export async function usableClaim(
  api: Pick<ClusterApi, 'getCluster' | 'deleteIPAddressClaim'>,
  claim: IPAddressClaim,
  cluster: Cluster,
): Promise<Extract<ClaimOwnership['owner'], 'this-cluster' | 'nobody'>> {
  const decision = decideClaimUse(claim, cluster)
  switch (decision.decision) {
    case 'use':
      return decision.owner
    case 'wait':
      if (decision.formerUid !== undefined) await discard(api, claim, cluster, decision.formerUid)
      throw waiting(decision.reason, decision.message)
    case 'refuse':
      throw needsPerson(decision.reason, decision.message)
    default:
      return decision satisfies never
  }
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
