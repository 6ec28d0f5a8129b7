import { claimNameFor, ownershipOf, type IPAddressClaim } from '../domain/model/claim.ts'
import type { ClaimStepInput } from '../domain/allocation/steps.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import type { Role } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'

/** Where a Cluster's claim for a role is. */
export function claimKeyFor(cluster: NamespacedName, role: Role): NamespacedName {
  return { namespace: cluster.namespace, name: claimNameFor(cluster, role) }
}

/** The claim of the very Cluster the allocation began with; undefined if it is gone or going, or not that Cluster's. */
export async function getOwnClaim(
  api: Pick<ClusterApi, 'getIPAddressClaim'>,
  { cluster, role, uid }: ClaimStepInput,
): Promise<IPAddressClaim | undefined> {
  const claim = await api.getIPAddressClaim(claimKeyFor(cluster, role))
  if (claim === undefined || claim.isDeleting) return undefined
  return ownershipOf(claim, { ...cluster, uid }).owner === 'this-cluster' ? claim : undefined
}
