import { setTimeout as delay } from 'node:timers/promises'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import type { Log } from '../observability/log.ts'
import type { Outage } from '../observability/outage.ts'
import type { VipWorkflowClient } from './workflow-client.ts'

export interface TemporalMonitorOptions {
  readonly client: Pick<VipWorkflowClient, 'namespaceId' | 'runsElsewhere'>
  /** Told when Temporal is back, or is another one: runs that were there may be gone. */
  readonly onRunsMayBeLost: () => void
  /** Told after every question of the Clusters that have a run on another task queue: nobody else would notice. */
  readonly onRunsElsewhere?: (clusters: readonly NamespacedName[]) => void
  /** Told after every question whether Temporal answered. */
  readonly onAsked?: (reachable: boolean) => void
  readonly log: Pick<Log, 'info' | 'debug'>
  /** Told of every answer and of every failure; writes the lines when Temporal goes and comes. */
  readonly outage: Pick<Outage, 'failed' | 'answered'>
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
  const { client, log, outage, signal, intervalMs = 10_000 } = options
  let known: string | undefined
  let wasAway = false
  while (!signal.aborted) {
    try {
      const id = await client.namespaceId()
      outage.answered()
      if (wasAway || (known !== undefined && known !== id)) {
        const namespaceIsNew = known !== id
        log[namespaceIsNew ? 'info' : 'debug']('Temporal may have lost runs; starting what is outstanding', {
          namespaceIsNew,
        })
        options.onRunsMayBeLost()
      }
      known = id
      wasAway = false
      options.onAsked?.(true)
      if (options.onRunsElsewhere) options.onRunsElsewhere(await elsewhere(options))
    } catch (error) {
      outage.failed(error instanceof Error ? error.message : String(error))
      wasAway = true
      options.onAsked?.(false)
    }
    await delay(intervalMs, undefined, { signal }).catch(() => undefined)
  }
}

/** None where the visibility store does not answer, which ends no allocation. */
async function elsewhere({ client, log }: TemporalMonitorOptions): Promise<readonly NamespacedName[]> {
  return client.runsElsewhere().catch((error: unknown) => {
    log.debug('Cannot list runs on other task queues', {
      error: error instanceof Error ? error.message : String(error),
    })
    return []
  })
}
