import { misledClaimAction } from './asked-choice.ts'
import { done, observe, wait, type Action, type ActionOf, type ObservedCluster } from './action.ts'
import { presentVip } from './cluster-patch.ts'
import { poolRequestFor } from './eligibility.ts'
import { isOfOtherFamily } from './pool-selection.ts'
import { refusedClaimAction, refusedElsewhereAction } from './refused-claim.ts'
import { isObserve, selectInTurn } from './select-in-turn.ts'
import { turnOf } from './waiter.ts'
import { isFirstFor } from './waiting-queue.ts'
import { poolToRestoreFrom } from './restoration.ts'
import { describeVip, isExternallyOwned, isUnusedRecord, vipOwnershipOf } from './vip-ownership.ts'
import type { IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { formatKey } from '../model/object-meta.ts'
import { findPoolKind } from '../model/pool-kind.ts'
import { poolKindsOf } from '../model/pool-kinds.ts'
import {
  availableAddresses,
  describeExhausted,
  findPool,
  formatPool,
  isReferredTo,
  type IPPool,
} from '../model/pool.ts'
import type { Reason } from '../reason.ts'
import { explicitPoolOf, foreignPoolOf, type VipRole } from './vip-role.ts'

/**
 * What to do about the Cluster's claim while it has no address. It is deleted only if no endpoint of ours can depend on it:
 * after `clusterctl move` the claim of a served Cluster is unbound too, until the provider has found its address again.
 */
export function unboundClaimAction(observed: ObservedCluster, vip: VipRole, claim: IPAddressClaim): Action {
  if (!('namedAddress' in observed)) return observe('namedAddress')
  const { cluster, namedAddress, pools, unreadable } = observed
  const misled = misledClaimAction(cluster, vip, claim, namedAddress)
  if (misled !== undefined) return misled
  if (namedAddress !== undefined) {
    const message = `IPAddressClaim ${formatKey(claim)} waits for the IPAM provider to bind it to IPAddress ${namedAddress.name} with ${namedAddress.address}`
    return wait('WaitingForAddress', message)
  }
  if (isExternallyOwned(vipOwnershipOf(cluster, vip))) {
    const because = `Cluster ${formatKey(cluster)} got ${describeVip(cluster, vip)} from elsewhere while its claim waited; the claim is given back`
    return deleteUselessClaim(cluster, vip, claim, because)
  }
  if (findPoolKind(poolKindsOf(observed), claim.poolRef) === undefined) {
    return foreignClaimAction(observed, vip, claim)
  }
  if (pools === undefined) return observe('pools')
  if (unreadable?.pools !== undefined) {
    return wait('PoolNotReady', `IPAddressClaim ${formatKey(claim)} waits: ${unreadable.pools}`)
  }
  const request = poolRequestFor(cluster, vip.part, observed)
  const own = findPool(pools, claim.poolRef)
  const isOfOther = own !== undefined && isOfOtherFamily(request, own)
  if (isOfOther && vipOwnershipOf(cluster, vip).state === 'unset') {
    const because = `IPAddressClaim ${formatKey(claim)} is on ${formatPool(own)}, which has no ${vip.family ?? ''} addresses`
    return { action: 'deleteClaim', claim, because, outcome: 'restart' }
  }
  const unbound = waitForBinding(claim, pools)
  const isNeeded = mayHoldOurs(cluster, vip, claim, pools)
  const refused = isNeeded ? undefined : refusedClaimAction(observed, vip, claim, pools)
  if (refused !== undefined) return refused
  if (unbound.reason !== 'PoolExhausted' || isNeeded) return unbound
  const giveUp = (why: string): Action => ({
    action: 'deleteClaim',
    claim,
    because: `${unbound.message}; ${why}`,
    outcome: 'restart',
  })
  const selection = selectInTurn(observed, vip)
  if (isObserve(selection)) return selection
  if (selection.outcome === 'none') {
    // The provider would bind the claim before those of Clusters whose turn is earlier, and that have none.
    const { waiting } = observed
    if (waiting === undefined) return observe('waiting')
    const turn = turnOf(cluster, vip.role)
    if (own !== undefined && !isFirstFor(turn, own, waiting, observed)) {
      return giveUp('Clusters with an earlier turn wait for it')
    }
    const { reason, message, considered } = selection
    // If all pools for such a VIP are exhausted, the message names them all.
    return reason === 'PoolExhausted'
      ? { ...unbound, message: `IPAddressClaim ${formatKey(claim)} waits: ${message}`, considered }
      : { ...unbound, considered }
  }
  return giveUp(`${formatPool(selection.pool)} has room`)
}

/** Nothing of the pool is known. The claim stays there as long as the Cluster names it, or may depend on its address. */
function foreignClaimAction(observed: ObservedCluster, vip: VipRole, claim: IPAddressClaim): Action {
  const { cluster } = observed
  const { poolRef } = claim
  const name = formatPool(poolRef)
  const named = foreignPoolOf(cluster, vip.part, poolKindsOf(observed))
  const namesAnother =
    explicitPoolOf(cluster, vip.part) !== undefined &&
    (named === undefined || named.apiGroup !== poolRef.apiGroup || formatPool(named) !== name)
  if (namesAnother && vipOwnershipOf(cluster, vip).state === 'unset') {
    const because = `IPAddressClaim ${formatKey(claim)} waits for ${name}, and Cluster ${formatKey(cluster)} names another pool now`
    return { action: 'deleteClaim', claim, because, outcome: 'restart' }
  }
  const refused =
    vipOwnershipOf(cluster, vip).state === 'unset' ? refusedElsewhereAction(observed, claim) : undefined
  if (refused !== undefined) return refused
  return wait(
    'WaitingForAddress',
    `IPAddressClaim ${formatKey(claim)} waits for the IPAM provider of ${poolRef.apiGroup} to bind an address of ${name}; where this lasts, see whether that pool exists and its provider runs`,
  )
}

/** The Cluster has another address. If somebody else has set it, the allocation ends. */
export function deleteUselessClaim(
  cluster: Cluster,
  vip: VipRole,
  claim: IPAddressClaim,
  because: string,
): Action {
  const end = { ...done('EndpointAlreadySet', because), vip: presentVip(cluster, vip) }
  const outcome = vipOwnershipOf(cluster, vip).state === 'external' ? end : 'restart'
  return { action: 'deleteClaim', claim, because, outcome }
}

/** Machines may depend on an address of ours that the provider finds again in the claim's pool. */
function mayHoldOurs(
  cluster: Cluster,
  vip: VipRole,
  claim: IPAddressClaim,
  pools: readonly IPPool[],
): boolean {
  const ownership = vipOwnershipOf(cluster, vip)
  if (ownership.state === 'unset') return false
  if (ownership.state !== 'drifted' && !isUnusedRecord(cluster, vip)) return true
  const itsPool = pools.filter((pool) => isReferredTo(pool, claim.poolRef))
  return poolToRestoreFrom({ cluster, vip, address: ownership.address, pools: itsPool }) !== undefined
}

/** The reason follows from the claim's pool: the provider sets no condition on a claim. */
function waitForBinding(claim: IPAddressClaim, pools: readonly IPPool[]): ActionOf<'wait'> {
  const because = (reason: Reason, why: string): ActionOf<'wait'> =>
    wait(reason, `IPAddressClaim ${formatKey(claim)} waits${why}`)
  const name = formatPool(claim.poolRef)
  const pool = findPool(pools, claim.poolRef)
  if (pool === undefined) {
    return because('PoolNotReady', `: ${name} does not exist; create it, or delete the claim`)
  }
  if (pool.isPaused) return because('PoolNotReady', `: ${name} is paused; unpause it`)
  const available = availableAddresses(pool)
  if (available !== undefined && available <= 0) {
    return because('PoolExhausted', `: ${name}: ${describeExhausted(pool)}; add addresses`)
  }
  return because(
    'WaitingForAddress',
    ` for the IPAM provider to bind an address of ${name}; where this lasts, see whether the provider runs`,
  )
}
