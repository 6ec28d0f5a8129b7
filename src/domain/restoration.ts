import { describeHolders, isFree, type AddressHolders } from './address-holder.ts'
import { ownershipOf, type IPAddressClaim } from './claim.ts'
import type { IPAddress } from './allocated-address.ts'
import type { Cluster } from './cluster.ts'
import { decideWrite, poolRequestFor } from './eligibility.ts'
import { canonicalAddress, isAddressIn } from './ip-address.ts'
import { formatKey } from './object-meta.ts'
import { formatPool, type IPPool } from './pool.ts'
import { preferredFirst } from './pool-selection.ts'
import type { VipRole } from './role.ts'
import { describeVip, standingOf } from './standing.ts'

/** How an address that we assigned, and whose claim is gone, can be had again. */
export type RestorationDecision =
  | { readonly decision: 'restore'; readonly pool: IPPool }
  /** The Cluster has no address at present and somebody else has this one: it takes a new one. */
  | { readonly decision: 'allocate-anew' }
  /** The host stays, since a host never changes, and a person has to act. */
  | { readonly decision: 'lost'; readonly message: string }

/**
 * Decides about an address that our annotation records and no claim holds any more.
 *
 * @param pools those the Cluster could use
 */
export function decideRestoration(
  cluster: Cluster,
  vip: VipRole,
  address: string,
  holders: AddressHolders,
  pools: readonly IPPool[],
): RestorationDecision {
  const isThere = standingOf(cluster, vip).standing === 'ours'
  const key = formatKey(cluster)
  if (!isFree(holders)) {
    if (!isThere) return { decision: 'allocate-anew' }
    const message = `Cluster ${key} keeps ${describeVip(cluster, vip)}, but its claim is lost and ${address} is ${describeHolders(holders)}; give one of them another address`
    return { decision: 'lost', message }
  }
  const pool = preferredFirst(poolRequestFor(cluster, vip.role), pools).find((each) =>
    isAddressIn(each.addresses, address),
  )
  if (pool !== undefined) return { decision: 'restore', pool }
  if (!isThere) return { decision: 'allocate-anew' }
  const looked =
    pools.length === 0 ? 'there is no pool' : `not in ${pools.map(formatPool).slice(0, 8).join(', ')}`
  const message = `Cluster ${key} keeps ${describeVip(cluster, vip)}, but its claim is lost and no pool has ${address} (${looked}); add it to a pool to have it reserved again`
  return { decision: 'lost', message }
}

/**
 * Why the VIP that we assigned to a Cluster is not held for it as it should be; undefined where all is well, or where
 * nothing is ours or may be done.
 */
export function lossOf(
  cluster: Cluster,
  vip: VipRole,
  claim: IPAddressClaim | undefined,
  ipAddress: IPAddress | undefined,
): string | undefined {
  const standing = standingOf(cluster, vip)
  if (decideWrite(cluster).decision !== 'write') return undefined
  if (standing.standing !== 'ours' && standing.standing !== 'dropped') return undefined
  if (claim === undefined) return 'claim is gone'
  if (claim.isDeleting) return 'claim is being deleted'
  if (ownershipOf(claim, cluster).owner !== 'this-cluster') return 'claim belongs to somebody else'
  if (claim.addressName === undefined) return 'claim is not bound'
  if (ipAddress === undefined) return 'IPAddress is gone'
  return canonicalAddress(ipAddress.address) === canonicalAddress(standing.address)
    ? undefined
    : 'claim holds another address'
}
