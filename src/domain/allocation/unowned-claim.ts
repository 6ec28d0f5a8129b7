import { addressIn, vipOwnershipOf } from './vip-ownership.ts'
import type { VipRole } from './vip-role.ts'
import { canonicalAddress } from '../model/address-text.ts'
import { ownershipOf, type IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import type { IPAddress } from '../model/ip-address.ts'

/**
 * Whether a claim of the Cluster's name that nobody owns may hold the VIP that somebody else has set: its address decides. The
 * predecessor of this program left such claims, and so does a backup that is restored without owner references.
 */
export function mayHoldVip(cluster: Cluster, vip: VipRole, claim: IPAddressClaim): boolean {
  const { state } = vipOwnershipOf(cluster, vip)
  return (
    (state === 'external' || state === 'incomplete') &&
    !claim.isDeleting &&
    claim.addressName !== undefined &&
    ownershipOf(claim, cluster).owner === 'nobody'
  )
}

/** Whether it does hold that very VIP: then the Cluster has been served by it, and adopts it. */
export function holdsVip(
  cluster: Cluster,
  vip: VipRole,
  {
    claim,
    ipAddress,
  }: { readonly claim: IPAddressClaim | undefined; readonly ipAddress?: IPAddress | undefined },
): boolean {
  return (
    claim !== undefined &&
    ipAddress !== undefined &&
    mayHoldVip(cluster, vip, claim) &&
    canonicalAddress(ipAddress.address) === canonicalAddress(addressIn(cluster, vip))
  )
}
