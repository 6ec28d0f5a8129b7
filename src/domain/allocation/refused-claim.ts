import { wait, type Action, type ObservedCluster } from './action.ts'
import { poolRequestFor } from './eligibility.ts'
import { selectIPPool } from './pool-selection.ts'
import { standing, triedNow, triedPoolsIn, tryOf, type TriedPool } from './tried-pools.ts'
import type { VipRole } from './vip-role.ts'
import type { ClaimRefusal, IPAddressClaim } from '../model/claim.ts'
import { formatKey } from '../model/object-meta.ts'
import { findPoolKind } from '../model/pool-kind.ts'
import { poolKindsOf } from '../model/pool-kinds.ts'
import { findPool, formatPool, isReferredTo, type IPPool } from '../model/pool.ts'
import { triedPoolsAnnotation } from '../names.ts'
import { quoted } from '../quote.ts'
import { soonestRetryMs, triedAgainAfterMs } from '../timings.ts'

/**
 * What to do about an unbound claim of which its IPAM provider says that it gets no address, unless the provider comes back to
 * it by itself: it is given back, and another pool is tried; later the same one. Undefined if the provider says nothing.
 */
export function refusedClaimAction(
  observed: ObservedCluster,
  vip: VipRole,
  claim: IPAddressClaim,
  pools: readonly IPPool[],
): Action | undefined {
  const { cluster, now } = observed
  const { refusal, poolRef } = claim
  const poolKind = findPoolKind(poolKindsOf(observed), poolRef)
  if (refusal === undefined || poolKind === undefined || poolKind.retriesClaims) return undefined
  const tried = triesWith(claim, refusal, pools)
  const request = { ...poolRequestFor(cluster, vip.part, observed), tried, now }
  const selection = selectIPPool(request, pools)
  const because = describeRefused(claim, refusal)
  if (selection.outcome === 'none') {
    const { message, considered } = selection
    return { ...wait(refusal.reason, `${because}; ${message}`), considered }
  }
  const isSame = isReferredTo(selection.pool, poolRef)
  const isYoung = now !== undefined && now - Date.parse(claim.creationTimestamp) < soonestRetryMs
  // A provider that changes its pool with every claim must not get one claim after another.
  if (isSame && isYoung) return wait(refusal.reason, `${because}; its pool is tried again soon`)
  return {
    action: 'deleteClaim',
    claim,
    because: `${because}; ${formatPool(selection.pool)} is tried ${isSame ? 'again' : 'next'}`,
    outcome: 'restart',
    tried: standing(tried, pools, now),
    refusal: refusal.reason,
  }
}

/** The same about a claim on a pool that is not read: there is no other one to try. */
export function refusedElsewhereAction({ now }: ObservedCluster, claim: IPAddressClaim): Action | undefined {
  const { refusal } = claim
  if (refusal === undefined) return undefined
  const because = describeRefused(claim, refusal)
  const due = Date.parse(claim.creationTimestamp) + triedAgainAfterMs
  return now !== undefined && now >= due
    ? {
        action: 'deleteClaim',
        claim,
        because: `${because}; its pool is tried again`,
        outcome: 'restart',
        refusal: refusal.reason,
      }
    : wait(
        refusal.reason,
        `${because}; its pool is tried again after ${new Date(due).toISOString()}, or name another one`,
      )
}

function describeRefused(claim: IPAddressClaim, { reason, message }: ClaimRefusal): string {
  const words = message === '' ? '' : `: ${quoted(message)}`
  return `IPAddressClaim ${formatKey(claim)} got no address of ${formatPool(claim.poolRef)}, whose IPAM provider says ${reason}${words}`
}

/** A pool that was exhausted then has room as soon as it counts any. */
function triesWith(
  claim: IPAddressClaim,
  { reason }: ClaimRefusal,
  pools: readonly IPPool[],
): readonly TriedPool[] {
  const recorded = triedPoolsIn(claim.annotations[triedPoolsAnnotation])
  const own = findPool(pools, claim.poolRef)
  const before = tryOf(claim.poolRef, recorded) ?? (own && triedNow(own, Date.parse(claim.creationTimestamp)))
  if (before === undefined) return recorded
  const { available: _then, ...exhausted } = before
  return [
    ...recorded.filter(({ pool }) => pool !== before.pool),
    reason === 'PoolExhausted' ? exhausted : before,
  ]
}
