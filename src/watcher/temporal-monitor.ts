import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../observability/log.ts'
import type { AllocationStarter } from './starter.ts'

export interface TemporalMonitorOptions {
  readonly starter: Pick<AllocationStarter, 'namespaceId'>
  /** Told when Temporal is back, or is another one: runs that were there may be gone. */
  readonly onRunsMayBeLost: () => void
  /** Told after every question whether Temporal answered. */
  readonly onAsked?: (reachable: boolean) => void
  readonly log: Log
  readonly signal: AbortSignal
  /** Milliseconds from one question to the next. */
  readonly intervalMs?: number
}

/**
 * Keeps asking Temporal for the id of the namespace, until the signal is aborted. A server that lost its data has a
 * namespace of the same name with another id, and knows no run: nobody else would notice before the next list.
 * Never rejects.
 */
export async function monitorTemporal(options: TemporalMonitorOptions): Promise<void> {
  const { starter, log, signal, intervalMs = 10_000 } = options
  let known: string | undefined
  let wasAway = false
  while (!signal.aborted) {
    try {
      const id = await starter.namespaceId()
      if (wasAway || (known !== undefined && known !== id)) {
        log.info('Temporal is back; starting what is outstanding', { namespaceIsNew: known !== id })
        options.onRunsMayBeLost()
      }
      known = id
      wasAway = false
      options.onAsked?.(true)
    } catch (error) {
      if (!wasAway) log.debug('Temporal does not answer', { error: String(error) })
      wasAway = true
      options.onAsked?.(false)
    }
    await delay(intervalMs, undefined, { signal }).catch(() => undefined)
  }
}
