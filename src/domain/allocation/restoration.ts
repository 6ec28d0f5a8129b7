import { describeHolders, isFree, type AddressHolders } from './duplicate-addresses.ts'
import { isWritable, poolRequestFor } from './eligibility.ts'
import { whyNeverGivenBy } from './pool-addresses.ts'
import { preferredFirst, whyNotUsable, type PoolRequest } from './pool-selection.ts'
import { confirmsVip } from './vip-condition.ts'
import { networkOfVip } from './ip-families.ts'
import { describeVip, isOnRecordOnly, isUnusedRecord, vipOwnershipOf } from './vip-ownership.ts'
import type { VipRole } from './vip-role.ts'
import { canonicalAddress, isAddressIn } from '../model/address-text.ts'
import { ownershipOf, type IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import type { IPAddress } from '../model/ip-address.ts'
import { formatKey } from '../model/object-meta.ts'
import { formatPool, networkOf, type IPPool } from '../model/pool.ts'
import { shortened } from '../quote.ts'
import { roleSpecs } from '../role.ts'

/** A VIP that our annotation records and no claim holds any more. */
export interface LostVip {
  readonly cluster: Cluster
  readonly vip: VipRole
  readonly address: string
  readonly holders: AddressHolders
  /** Those that the Cluster can use. */
  readonly pools: readonly IPPool[]
}

export type RestorationDecision =
  /** `address` as the IPAddress is to spell it. */
  | { readonly decision: 'restore'; readonly pool: IPPool; readonly address: string }
  /** The Cluster has no address at present and cannot have this one: it takes a new one. */
  | { readonly decision: 'allocate-new'; readonly because: string }
  /** The VIP stays, since it never changes once set, and a person has to act. */
  | { readonly decision: 'lost'; readonly message: string }

/**
 * Decides how a lost VIP is restored. One that is proven to be ours is restored from any pool that has it. If not, somebody
 * may have typed it: then the Cluster must be allowed to use the pool, and the pool's provider must be able to give the
 * address.
 */
export function decideRestoration(lost: LostVip): RestorationDecision {
  const { cluster, vip, address, holders } = lost
  const isInUse = vipOwnershipOf(cluster, vip).state === 'managed' && !isUnusedRecord(cluster, vip)
  const mayBeTyped = !isInUse && !confirmsVip(cluster, vip.part, address)
  const pool = isFree(holders) ? poolToRestoreFrom(lost) : undefined
  if (pool !== undefined) {
    return { decision: 'restore', pool, address: mayBeTyped ? canonicalAddress(address) : address }
  }
  return isInUse
    ? { decision: 'lost', message: whyLost(lost) }
    : { decision: 'allocate-new', because: whyNotRestored(lost) }
}

/** The pool from which the address can be restored if nobody else has it. */
export function poolToRestoreFrom(lost: Omit<LostVip, 'holders'>): IPPool | undefined {
  const { cluster, vip, address, pools } = lost
  const isOurs = isProven(cluster, vip, address)
  return preferredFirst(requestToRestore(cluster, vip), pools).find(
    (pool) =>
      isAddressIn(pool.addresses, address) &&
      networkOf(pool) === networkOfVip(cluster, vip.part) &&
      (isOurs || whyNotFrom(pool, lost) === undefined),
  )
}

/**
 * Whether it is proven that we assigned the VIP: our condition confirms it, or it is in use. Host and annotation of a Cluster
 * that Cluster API has not rendered yet may both come from one manifest. A Cluster without topology shows neither.
 */
function isProven(cluster: Cluster, vip: VipRole, address: string): boolean {
  const mayHaveMachines = cluster.isRendered || cluster.topology === undefined
  return confirmsVip(cluster, vip.part, address) || (mayHaveMachines && !isOnRecordOnly(cluster, vip))
}

/** A VIP that was assigned takes precedence over an address, or a family, that the Cluster asks for since. */
function requestToRestore(cluster: Cluster, { part }: VipRole): PoolRequest {
  return { ...poolRequestFor(cluster, part, {}), address: undefined, family: undefined }
}

/** Why a pool does not give an address that may be typed. One in use waits for its pool. */
function whyNotFrom(pool: IPPool, { cluster, vip, address }: Omit<LostVip, 'holders'>): string | undefined {
  const mayWait = vipOwnershipOf(cluster, vip).state === 'managed' && !isUnusedRecord(cluster, vip)
  const request = requestToRestore(cluster, vip)
  return whyNotUsable(request, pool, mayWait) ?? whyNeverGivenBy(pool, address)
}

function whyLost(lostVip: LostVip): string {
  const { cluster, vip, address, holders, pools } = lostVip
  const lost = `Cluster ${formatKey(cluster)} keeps ${describeVip(cluster, vip)}, but its claim is lost and`
  const text = shortened(address)
  if (!isFree(holders)) {
    return `${lost} ${text} is ${describeHolders(holders)}; give one of them another address`
  }
  const { vipAnnotation } = roleSpecs[vip.role]
  const purpose = isOnRecordOnly(cluster, vip) ? 'to have another one' : 'if it is not from a pool'
  const orOther = isProven(cluster, vip, address)
    ? ''
    : `, or remove the annotation ${vipAnnotation} ${purpose}`
  const refusals = refusalsBy(lostVip)
  if (refusals !== '') return `${lost} ${text} is not to be had: ${refusals}; correct that${orOther}`
  const searched =
    pools.length === 0 ? 'there is no pool' : `not in ${pools.map(formatPool).slice(0, 8).join(', ')}`
  return `${lost} no pool has ${text} (${searched}); add it to a pool to have it reserved again${orOther}`
}

function whyNotRestored(lost: LostVip): string {
  const { vip, address, holders } = lost
  const why = isFree(holders) ? refusalsBy(lost) || 'no pool has it' : `it is ${describeHolders(holders)}`
  return `${shortened(address)} in the annotation ${roleSpecs[vip.role].vipAnnotation} is not taken: ${why}`
}

/** Why the first few pools that have the address do not give it; `""` if no pool has it. */
function refusalsBy(lost: LostVip): string {
  return lost.pools
    .filter((pool) => isAddressIn(pool.addresses, lost.address))
    .slice(0, 3)
    .map((pool) => `${formatPool(pool)} ${whyNotFrom(pool, lost) ?? ''}`)
    .join(', ')
}

/** Why no claim holds the VIP that we assigned; undefined if one does, or if the VIP is not ours or must not be touched. */
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
