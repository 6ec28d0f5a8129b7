import type { IPAddressClaim } from '../model/claim.ts'
import { hasPausedAnnotation, type ObjectMeta } from '../model/object-meta.ts'
import { findPool, formatPool, type IPPool } from '../model/pool.ts'
import { few } from '../quote.ts'
import { leakAfterMs } from '../timings.ts'

/** What keeps a claim that is being deleted. */
export type Keeping = { readonly because: string } & (
  | { readonly by: 'pause' | 'finalizer' }
  /** Its pool is configured to keep it for so many seconds. */
  | { readonly by: 'grace-period'; readonly seconds: number }
)

/**
 * Finds out why a claim that is being deleted stays longer than its IPAM provider needs to release it.
 *
 * @param pools its pool among them, if that exists
 * @returns undefined if nothing is known to keep it
 */
export function whyKept(claim: IPAddressClaim, pools: readonly IPPool[]): Keeping | undefined {
  const name = formatPool(claim.poolRef)
  const pool = findPool(pools, claim.poolRef)
  if (hasPausedAnnotation(claim)) return { by: 'pause', because: 'it is paused; unpause it' }
  if (pool?.isPaused === true) return { by: 'pause', because: `${name} is paused; unpause it` }
  const seconds = pool?.reuseGraceSeconds ?? 0
  if (seconds > 0) {
    const because = `addressReuseGracePeriodSeconds of ${name} keeps it for ${seconds} s`
    return { by: 'grace-period', because, seconds }
  }
  const foreign = claim.finalizers.filter((finalizer) => !isOfProvider(finalizer, claim))
  return foreign.length === 0 ? undefined : { by: 'finalizer', because: `${few(foreign, 3)} holds it` }
}

/**
 * Whether the pool of a claim that is being deleted is configured to keep it for now.
 *
 * @param now milliseconds since 1970
 */
export function isInGracePeriod(claim: IPAddressClaim, pools: readonly IPPool[], now: number): boolean {
  const keeping = whyKept(claim, pools)
  const graceMs = keeping?.by === 'grace-period' ? keeping.seconds * 1000 + leakAfterMs : 0
  return deletedForMs(claim, now) < graceMs
}

/** Milliseconds. Clocks differ. */
export function deletedForMs({ deletionTimestamp }: ObjectMeta, now: number): number {
  return deletionTimestamp === undefined ? 0 : Math.max(0, now - Date.parse(deletionTimestamp))
}

/** The finalizers of an IPAM provider have the API group of its pools; the garbage collector has two of its own. */
function isOfProvider(finalizer: string, { poolRef }: IPAddressClaim): boolean {
  return finalizer.includes(poolRef.apiGroup) || finalizer === 'foregroundDeletion' || finalizer === 'orphan'
}
