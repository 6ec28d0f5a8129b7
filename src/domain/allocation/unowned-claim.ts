import { desireFor, isWritable, type ClusterContext } from './eligibility.ts'
import { isExternallyOwned, vipOwnershipOf } from './vip-ownership.ts'
import { addressIn, type VipRole } from './vip-role.ts'
import { canonicalAddress, isIPAddress } from '../model/address-text.ts'
import { ownershipOf, retainedFor, type IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import type { IPAddress } from '../model/ip-address.ts'
import { clusterNameLabel } from '../names.ts'

/**
 * Whether a claim of the Cluster's name that nobody owns may hold the VIP that somebody else has set: its address decides. The
 * predecessor of this program left such claims, and so does a backup that is restored without owner references. A pool that
 * retains addresses keeps them for a Cluster that is created again from a manifest with its endpoint.
 */
export function mayHoldVip(cluster: Cluster, vip: VipRole, claim: IPAddressClaim): boolean {
  const { state } = vipOwnershipOf(cluster, vip)
  return (
    (state === 'external' || state === 'incomplete') &&
    !claim.isDeleting &&
    claim.addressName !== undefined &&
    isAdoptable(claim, cluster)
  )
}

/** Nobody owns it, or it was kept for a Cluster of this name. */
function isAdoptable(claim: IPAddressClaim, cluster: Cluster): boolean {
  const { owner } = ownershipOf(claim, cluster)
  return owner === 'nobody' || (owner === 'previous-cluster' && retainedFor(claim) !== undefined)
}

/** A claim, and the IPAddress that it is bound to, as far as they have been read. */
interface HeldAddress {
  readonly claim: IPAddressClaim | undefined
  readonly ipAddress?: IPAddress | undefined
}

/** Whether it does hold that very VIP: then the Cluster has been served by it, and adopts it. */
export function holdsVip(cluster: Cluster, vip: VipRole, { claim, ipAddress }: HeldAddress): boolean {
  return (
    claim !== undefined &&
    ipAddress !== undefined &&
    mayHoldVip(cluster, vip, claim) &&
    canonicalAddress(ipAddress.address) === canonicalAddress(addressIn(cluster, vip))
  )
}

/**
 * Whether the DNS name that is the Cluster's endpoint may lead to the address of its claim. The predecessor claimed an address
 * for every Cluster. Its claims lack a label that each of ours has; people know no address of ours that is not assigned yet.
 */
export function mayBeNamedBy(cluster: Cluster, vip: VipRole, claim: IPAddressClaim): boolean {
  return (
    vip.isEndpoint &&
    isExternallyOwned(vipOwnershipOf(cluster, vip)) &&
    !isIPAddress(cluster.controlPlaneEndpoint.host) &&
    claim.addressName !== undefined &&
    claim.labels[clusterNameLabel] === undefined
  )
}

/** Whether a run would adopt such a claim, as far as these objects show it. */
export function isToBeAdopted(
  cluster: Cluster,
  vip: VipRole,
  held: HeldAddress,
  context: ClusterContext,
): boolean {
  return (
    isWritable(cluster) &&
    holdsVip(cluster, vip, held) &&
    desireFor(cluster, vip.role, context).desired === 'yes'
  )
}
