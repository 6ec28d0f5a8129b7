import { readableAddressOf } from './asked-address.ts'
import { observe, wait, type Action, type ObservedCluster } from './action.ts'
import { poolRequestFor } from './eligibility.ts'
import { whyNotUsable } from './pool-selection.ts'
import { vipOwnershipOf } from './vip-ownership.ts'
import { foreignPoolOf, pairFamily, type VipRole } from './vip-role.ts'
import { canonicalAddress } from '../model/address-text.ts'
import { claimNamesFor, type IPAddressClaim } from '../model/claim.ts'
import { formatKey } from '../model/object-meta.ts'
import { findPoolKind } from '../model/pool-kind.ts'
import { poolKindsOf } from '../model/pool-kinds.ts'
import { areSamePool, findPool } from '../model/pool.ts'
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
  const ownership = vipOwnershipOf(cluster, vip)
  if (ownership.state === 'unset') {
    const asked = readableAddressOf(cluster, vip.part)
    if (asked !== undefined) {
      if (!('ipAddress' in observed)) return observe('ipAddress')
      const isAsked = canonicalAddress(observed.ipAddress?.address ?? '') === asked
      if (!isAsked) return undefined
    }
    const isRead = findPoolKind(poolKindsOf(observed), claim.poolRef) !== undefined
    if (isRead && pools === undefined) return observe('pools')
    return mayUsePool(observed, vip, claim) ? { action: 'adoptClaim', claim, ...pairFamily(vip) } : undefined
  }
  const fact = claim.addressName === undefined ? 'namedAddress' : 'ipAddress'
  if (!(fact in observed)) return observe(fact)
  const held = observed[fact]
  if (held !== undefined && canonicalAddress(held.address) === canonicalAddress(ownership.address)) {
    return { action: 'adoptClaim', claim, ...pairFamily(vip) }
  }
  // One that has a name of another uid is in nobody's way.
  if (!claimNamesFor(cluster, vip.part).includes(claim.name)) return undefined
  const kept = retainedClaimOf(claim)
  const what = kept === undefined ? '' : `, ${describeKept(kept.keptFor, kept.until)}`
  return wait(
    'WaitingForAddress',
    `IPAddressClaim ${formatKey(claim)} holds ${held?.address ?? 'no address'}${what}; it has to go before ${ownership.address} can be had again: capi-vip-allocator release ${formatKey(cluster)}`,
  )
}

/** Whether the pool of the claim is meant for the Cluster now, whatever room it has. */
function mayUsePool(observed: ObservedCluster, { part }: VipRole, { poolRef }: IPAddressClaim): boolean {
  const { cluster, pools = [] } = observed
  const poolKinds = poolKindsOf(observed)
  if (findPoolKind(poolKinds, poolRef) === undefined) {
    const named = foreignPoolOf(cluster, part, poolKinds)
    return named !== undefined && areSamePool(named, poolRef)
  }
  const pool = findPool(pools, poolRef)
  return pool !== undefined && whyNotUsable(poolRequestFor(cluster, part, observed), pool, true) === undefined
}
