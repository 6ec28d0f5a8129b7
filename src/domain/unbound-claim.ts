import type { IPAddressClaim } from './claim.ts'
import { formatKey } from './object-meta.ts'
import { availableAddresses, formatPool, type IPPool } from './pool.ts'
import type { Reason } from './reason.ts'

/**
 * Says why a claim has no address, from its pool: the provider sets no condition on a claim, so that an
 * exhausted, a missing and a paused pool look alike there.
 */
export function describeUnbound(
  claim: IPAddressClaim,
  pool: IPPool | undefined,
): {
  readonly reason: Extract<Reason, 'WaitingForAddress' | 'PoolExhausted' | 'PoolNotReady'>
  readonly message: string
} {
  const who = `IPAddressClaim ${formatKey(claim)} waits`
  const name = formatPool(claim.poolRef)
  if (pool === undefined) return { reason: 'PoolNotReady', message: `${who}: ${name} does not exist` }
  if (pool.isPaused) return { reason: 'PoolNotReady', message: `${who}: ${name} is paused` }
  const available = availableAddresses(pool)
  if (available !== undefined && available <= 0) {
    const total = pool.capacity?.total ?? 0
    return {
      reason: 'PoolExhausted',
      message: `${who}: ${name}: 0 of ${total} addresses free; add addresses`,
    }
  }
  return {
    reason: 'WaitingForAddress',
    message: `${who} for the IPAM provider to bind an address of ${name}`,
  }
}
