import { claimNameFor, ownershipOf, type ClaimOwnership, type IPAddressClaim } from '../domain/claim.ts'
import type { Cluster } from '../domain/cluster.ts'
import { formatKey, type NamespacedName } from '../domain/object-meta.ts'
import { isOrphanOf } from '../domain/release.ts'
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
  const name = `IPAddressClaim ${formatKey(claim)}`
  if (claim.isDeleting)
    throw waiting('WaitingForAddress', `${name} is being deleted; a new one follows when it is gone`)
  const ownership = ownershipOf(claim, cluster)
  switch (ownership.owner) {
    case 'this-cluster':
    case 'nobody':
      return ownership.owner
    case 'former-cluster':
      await discard(api, claim, cluster, ownership.uid)
      throw waiting(
        'WaitingForAddress',
        `${name} belongs to the former Cluster ${formatKey(cluster)} (uid ${ownership.uid}); a new one follows when it is gone`,
      )
    case 'other':
      throw needsPerson(
        'ClaimConflict',
        `${name} belongs to ${ownership.description} and is left alone; delete or rename it so that Cluster ${formatKey(cluster)} can have a claim of this name`,
      )
    default:
      return ownership satisfies never
  }
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
