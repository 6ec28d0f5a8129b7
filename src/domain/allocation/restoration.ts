import { describeHolders, isFree, type AddressHolders } from './address-holder.ts'
import { ownershipOf, type IPAddressClaim } from '../model/claim.ts'
import type { IPAddress } from '../model/ip-address.ts'
import type { Cluster } from '../model/cluster.ts'
import { isWritable, poolRequestFor } from './eligibility.ts'
import { canonicalAddress, isAddressIn } from '../model/address-text.ts'
import { formatKey } from '../model/object-meta.ts'
import { formatPool, type IPPool } from '../model/pool.ts'
import { whyNeverGivenBy } from './pool-addresses.ts'
import { preferredFirst, whyNotUsable } from './pool-selection.ts'
import { shortened } from '../quote.ts'
import { roleSpecs, type VipRole } from '../role.ts'
import { describeVip, isOnRecordOnly, vipOwnershipOf } from './vip-ownership.ts'
import { confirmsVip } from './vip-condition.ts'

/** How an address that our annotation records, and whose claim is gone, can be had again. */
export type RestorationDecision =
  /** `address` as the IPAddress is to spell it. */
  | { readonly decision: 'restore'; readonly pool: IPPool; readonly address: string }
  /** The Cluster has no address at present and cannot have this one, `because` of what: it takes a new one. */
  | { readonly decision: 'allocate-anew'; readonly because: string }
  /** The VIP stays, since it never changes once set, and a person has to act. */
  | { readonly decision: 'lost'; readonly message: string }

/**
 * Decides about an address that our annotation records and no claim holds any more. A VIP in use, or one that our
 * condition confirms, is had again from whatever pool has it. Where nothing but the annotation names it, that may have been
 * typed: a pool gives it only where the Cluster may use that pool, and where its provider might have given it.
 *
 * @param pools those in the Cluster's reach
 */
export function decideRestoration(
  cluster: Cluster,
  vip: VipRole,
  address: string,
  holders: AddressHolders,
  pools: readonly IPPool[],
): RestorationDecision {
  const isThere = vipOwnershipOf(cluster, vip).state === 'managed'
  const mayBeTyped = !isThere && !confirmsVip(cluster, vip.role, address)
  const pool = isFree(holders) ? poolToRestoreFrom(cluster, vip, address, pools) : undefined
  if (pool !== undefined) {
    return { decision: 'restore', pool, address: mayBeTyped ? canonicalAddress(address) : address }
  }
  return isThere
    ? { decision: 'lost', message: whyLost(cluster, vip, address, holders, pools) }
    : { decision: 'allocate-anew', because: whyAnew(cluster, vip, address, holders, pools) }
}

/** The pool from which an address that our annotation records can be had again, if nobody else has it. */
export function poolToRestoreFrom(
  cluster: Cluster,
  vip: VipRole,
  address: string,
  pools: readonly IPPool[],
): IPPool | undefined {
  const isOurs = !isOnRecordOnly(cluster, vip) || confirmsVip(cluster, vip.role, address)
  return preferredFirst(poolRequestFor(cluster, vip.role), pools).find(
    (pool) =>
      isAddressIn(pool.addresses, address) &&
      (isOurs || whyNotFrom(pool, cluster, vip, address) === undefined),
  )
}

/** Why a pool does not give an address that only the annotation names. One in use waits for its pool. */
function whyNotFrom(pool: IPPool, cluster: Cluster, vip: VipRole, address: string): string | undefined {
  const mayWait = vipOwnershipOf(cluster, vip).state === 'managed'
  const request = poolRequestFor(cluster, vip.role)
  return whyNotUsable(request, pool, mayWait) ?? whyNeverGivenBy(pool, address)
}

function whyLost(
  cluster: Cluster,
  vip: VipRole,
  address: string,
  holders: AddressHolders,
  pools: readonly IPPool[],
): string {
  const lost = `Cluster ${formatKey(cluster)} keeps ${describeVip(cluster, vip)}, but its claim is lost and`
  const text = shortened(address)
  if (!isFree(holders)) {
    return `${lost} ${text} is ${describeHolders(holders)}; give one of them another address`
  }
  const { vipAnnotation } = roleSpecs[vip.role]
  const orOther = isOnRecordOnly(cluster, vip)
    ? `, or remove the annotation ${vipAnnotation} to have another one`
    : ''
  const refusals = refusalsBy(pools, cluster, vip, address)
  if (refusals !== '') return `${lost} ${text} is not to be had: ${refusals}; correct that${orOther}`
  const looked =
    pools.length === 0 ? 'there is no pool' : `not in ${pools.map(formatPool).slice(0, 8).join(', ')}`
  return `${lost} no pool has ${text} (${looked}); add it to a pool to have it reserved again${orOther}`
}

function whyAnew(
  cluster: Cluster,
  vip: VipRole,
  address: string,
  holders: AddressHolders,
  pools: readonly IPPool[],
): string {
  const why = isFree(holders)
    ? refusalsBy(pools, cluster, vip, address) || 'no pool has it'
    : `it is ${describeHolders(holders)}`
  return `${shortened(address)} in the annotation ${roleSpecs[vip.role].vipAnnotation} is not taken: ${why}`
}

/** What keeps the pools that have the address from giving it, of the first few; `""` where no pool has it. */
function refusalsBy(pools: readonly IPPool[], cluster: Cluster, vip: VipRole, address: string): string {
  return pools
    .filter((pool) => isAddressIn(pool.addresses, address))
    .slice(0, 3)
    .map((pool) => `${formatPool(pool)} ${whyNotFrom(pool, cluster, vip, address) ?? ''}`)
    .join(', ')
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
  const ownership = vipOwnershipOf(cluster, vip)
  if (!isWritable(cluster)) return undefined
  if (ownership.state !== 'managed' && ownership.state !== 'drifted') return undefined
  if (claim === undefined) return 'claim is gone'
  if (claim.isDeleting) return 'claim is being deleted'
  if (ownershipOf(claim, cluster).owner !== 'this-cluster') return 'claim belongs to somebody else'
  if (claim.addressName === undefined) return 'claim is not bound'
  if (ipAddress === undefined) return 'IPAddress is gone'
  return canonicalAddress(ipAddress.address) === canonicalAddress(ownership.address)
    ? undefined
    : 'claim holds another address'
}
