import { addressesNamedIn } from '../allocation/duplicate-addresses.ts'
import { canonicalAddress } from '../model/address-text.ts'
import type { IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { formatKey } from '../model/object-meta.ts'
import { findPool, formatPool, type IPPool } from '../model/pool.ts'
import { none, parseRetain, retainOf } from '../model/retain.ts'
import { recordedRetain, timeOf } from '../model/retained-claim.ts'
import { keptSinceAnnotation, keptUntilAnnotation } from '../names.ts'
import { leakAfterMs } from '../timings.ts'

/** What a decision about a claim that has outlived its Cluster depends on. */
export interface ObservedRetained {
  readonly claim: IPAddressClaim
  /** The address that it holds; undefined: none. */
  readonly address: string | undefined
  /** Those that the claim can be on, as far as they are known. */
  readonly pools: readonly IPPool[]
  /** The Cluster that has the name now. */
  readonly present: Cluster | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

export type RetentionDecision =
  /** Write these annotations; then it is kept until then. */
  | {
      readonly decision: 'mark'
      readonly annotations: Readonly<Record<string, string>>
      readonly until: number
    }
  /** Milliseconds since the epoch; infinite: until a person releases it. */
  | { readonly decision: 'keep'; readonly until: number }
  | { readonly decision: 'release'; readonly because: string }
  /** Nothing to do before another object changes. */
  | { readonly decision: 'wait'; readonly because: string }

/** Decides about a claim of a Cluster that is gone. The time counts from the moment that the claim records. */
export function decideRetention(observed: ObservedRetained): RetentionDecision {
  const { claim, address, pools, present, now } = observed
  if (present !== undefined && address !== undefined) {
    const isNamed = addressesNamedIn(present).includes(canonicalAddress(address))
    const because = `Cluster ${formatKey(present)} (uid ${present.uid}) names the address, and takes the claim over when it can`
    if (isNamed) return { decision: 'wait', because }
  }
  if (address === undefined) {
    const isYoung = now - Date.parse(claim.creationTimestamp) < leakAfterMs
    return isYoung
      ? { decision: 'wait', because: 'it has no address yet' }
      : { decision: 'release', because: 'it has no address' }
  }
  const recorded = Date.parse(claim.annotations[keptSinceAnnotation] ?? '')
  // Clocks differ. Still, a time in the future must not keep the address for longer than the pool says.
  const isRecorded = !Number.isNaN(recorded) && recorded <= now + leakAfterMs
  const since = isRecorded ? recorded : Math.ceil(now / 1000) * 1000
  const until = since + keptForMs(claim, pools)
  if (until <= now) return { decision: 'release', because: overdue(claim, pools) }
  const annotations = { [keptSinceAnnotation]: timeOf(since), [keptUntilAnnotation]: timeOf(until) }
  const isMarked = Object.entries(annotations).every(([key, value]) => claim.annotations[key] === value)
  return isMarked ? { decision: 'keep', until } : { decision: 'mark', annotations, until }
}

/** The pool decides as long as it can be read; else the claim does, which has what the pool said last. */
function keptForMs(claim: IPAddressClaim, pools: readonly IPPool[]): number {
  const pool = findPool(pools, claim.poolRef)
  const wanted = (pool && retainOf(pool)) ?? recordedRetain(claim)
  return wanted === none ? 0 : (parseRetain(wanted) ?? Number.POSITIVE_INFINITY)
}

function overdue(claim: IPAddressClaim, pools: readonly IPPool[]): string {
  return keptForMs(claim, pools) === 0
    ? `${formatPool(claim.poolRef)} keeps no addresses any more`
    : 'its time is over'
}
