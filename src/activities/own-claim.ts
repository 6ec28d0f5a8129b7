import { ownershipOf, type IPAddressClaim } from '../domain/claim.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { ClaimStepInput } from '../workflows/contract.ts'
import { claimKeyFor } from './usable-claim.ts'

/** The claim of the very Cluster the allocation began with; undefined where it is gone, or not that Cluster's. */
export async function getOwnClaim(
  api: Pick<ClusterApi, 'getIPAddressClaim'>,
  { cluster, role, uid }: ClaimStepInput,
): Promise<IPAddressClaim | undefined> {
  const claim = await api.getIPAddressClaim(claimKeyFor(cluster, role))
  return claim !== undefined && ownershipOf(claim, { ...cluster, uid }).owner === 'this-cluster'
    ? claim
    : undefined
}

/** The address the claim's addressRef leads to, whose name need not be the claim's; undefined while it is unbound. */
export async function addressOf(
  api: Pick<ClusterApi, 'getIPAddress'>,
  claim: IPAddressClaim,
): Promise<string | undefined> {
  if (claim.addressName === undefined) return undefined
  const ipAddress = await api.getIPAddress({ namespace: claim.namespace, name: claim.addressName })
  return ipAddress?.address
}
