import type { IPAddress } from '../domain/model/ip-address.ts'
import { ownershipOf, type IPAddressClaim } from '../domain/model/claim.ts'
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

/** The IPAddress the claim's addressRef leads to, whose name need not be the claim's; undefined while it is unbound. */
export async function addressOf(
  api: Pick<ClusterApi, 'getIPAddress'>,
  claim: IPAddressClaim,
): Promise<IPAddress | undefined> {
  if (claim.addressName === undefined) return undefined
  return api.getIPAddress({ namespace: claim.namespace, name: claim.addressName })
}

/** A claim with the IPAddress it is bound to. */
export interface BoundClaim {
  readonly claim: IPAddressClaim
  readonly ipAddress: IPAddress
}

/** The Cluster's own claim with its IPAddress, read live; undefined unless it is bound and stays. */
export async function getBoundClaim(
  api: Pick<ClusterApi, 'getIPAddressClaim' | 'getIPAddressLive'>,
  input: ClaimStepInput,
): Promise<BoundClaim | undefined> {
  const claim = await getOwnClaim(api, input)
  if (claim === undefined || claim.isDeleting) return undefined
  const ipAddress = await addressOf({ getIPAddress: (key) => api.getIPAddressLive(key) }, claim)
  return ipAddress === undefined ? undefined : { claim, ipAddress }
}
