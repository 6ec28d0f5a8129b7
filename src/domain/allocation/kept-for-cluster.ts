import { readableAddressOf } from './asked-address.ts'
import { observe, wait, type Action, type ObservedCluster } from './action.ts'
import { poolRequestFor } from './eligibility.ts'
import { whyNotUsable } from './pool-selection.ts'
import { vipOwnershipOf } from './vip-ownership.ts'
import { foreignPoolOf, type VipRole } from './vip-role.ts'
import { canonicalAddress } from '../model/address-text.ts'
import type { IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { formatKey } from '../model/object-meta.ts'
import { findPoolKind, type PoolKind } from '../model/pool-kind.ts'
import { poolKindsOf } from '../model/pool-kinds.ts'
import { formatPool, isReferredTo, type IPPool } from '../model/pool.ts'
import { describeKept, retainedClaimOf } from '../model/retained-claim.ts'

/**
 * What to do about a claim that was kept for a Cluster of this name. A new Cluster gets it if it may use its pool now, and asks for no other address; one that
 * has a VIP, for example after `clusterctl move`, gets it if it holds that VIP.
 *
 * @returns undefined if the Cluster has a claim of its own beside it
 */
export function keptClaimAction(
  observed: ObservedCluster,
  vip: VipRole,
  claim: IPAddressClaim,
): Action | undefined {
  const { cluster, pools } = observed
  const poolKinds = poolKindsOf(observed)
  const ownership = vipOwnershipOf(cluster, vip)
  if (ownership.state === 'unset') {
    const asked = readableAddressOf(cluster, vip.role)
    if (asked !== undefined) {
      if (!('ipAddress' in observed)) return observe('ipAddress')
      const isAsked = canonicalAddress(observed.ipAddress?.address ?? '') === asked
      if (!isAsked) return undefined
    }
    const isRead = findPoolKind(poolKinds, claim.poolRef) !== undefined
    if (isRead && pools === undefined) return observe('pools')
    return mayUsePool(cluster, vip, claim, pools ?? [], poolKinds)
      ? { action: 'adoptClaim', claim }
      : undefined
  }
  const fact = claim.addressName === undefined ? 'namedAddress' : 'ipAddress'
  if (!(fact in observed)) return observe(fact)
  const held = observed[fact]
  if (held !== undefined && canonicalAddress(held.address) === canonicalAddress(ownership.address)) {
    return { action: 'adoptClaim', claim }
  }
  const kept = retainedClaimOf(claim)
  const what = kept === undefined ? '' : `, ${describeKept(kept.keptFor, kept.until)}`
  return wait(
    'WaitingForAddress',
    `IPAddressClaim ${formatKey(claim)} holds ${held?.address ?? 'no address'}${what}; it has to go before ${ownership.address} can be had again: capi-vip-allocator release ${formatKey(cluster)}`,
  )
}

/** Whether the pool of the claim is meant for the Cluster now, whatever room it has. */
function mayUsePool(
  cluster: Cluster,
  { role }: VipRole,
  { poolRef }: IPAddressClaim,
  pools: readonly IPPool[],
  poolKinds: readonly PoolKind[],
): boolean {
  if (findPoolKind(poolKinds, poolRef) === undefined) {
    const named = foreignPoolOf(cluster, role, poolKinds)
    return named?.apiGroup === poolRef.apiGroup && formatPool(named) === formatPool(poolRef)
  }
  const pool = pools.find((each) => isReferredTo(each, poolRef))
  return pool !== undefined && whyNotUsable(poolRequestFor(cluster, role), pool, true) === undefined
}
