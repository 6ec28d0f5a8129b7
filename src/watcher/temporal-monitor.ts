import type { NamespacedName } from '../domain/model/object-meta.ts'
import type { Log } from '../observability/log.ts'
import type { Outage } from '../observability/outage.ts'
import { quietDelay } from './work-queue.ts'
import type { VipWorkflowClient } from './workflow-client.ts'

export interface TemporalMonitorOptions {
  readonly client: Pick<VipWorkflowClient, 'namespaceId' | 'runsElsewhere'>
  /** Called when Temporal is back, or is another one. */
  readonly onRunsMayBeLost: () => void
  /** Called after every request with the Clusters that have a run on another task queue. */
  readonly onRunsElsewhere?: (clusters: readonly NamespacedName[]) => void
  readonly onAsked?: (reachable: boolean) => void
  readonly log: Pick<Log, 'info' | 'debug'>
  readonly outage: Pick<Outage, 'failed' | 'answered'>
  readonly signal: AbortSignal
  /** Milliseconds from one request to the next. */
  readonly intervalMs?: number
}

/**
 * Asks Temporal for the id of the namespace again and again, until the signal is aborted. A server that lost its data has a
 * namespace of the same name with another id, and no run; without this, only the next list would show it. Never rejects.
 */
export async function monitorTemporal(options: TemporalMonitorOptions): Promise<void> {
  const { client, log, outage, signal, intervalMs = 10_000 } = options
  let knownId: string | undefined
  let wasAway = false
  while (!signal.aborted) {
    try {
      const id = await client.namespaceId()
      outage.answered()
      const namespaceIsNew = knownId !== id
      if (wasAway || (knownId !== undefined && namespaceIsNew)) {
        const level = namespaceIsNew ? 'info' : 'debug'
        log[level]('Temporal may have lost runs; starting what is outstanding', { namespaceIsNew })
        options.onRunsMayBeLost()
      }
      knownId = id
      wasAway = false
      options.onAsked?.(true)
      if (options.onRunsElsewhere) options.onRunsElsewhere(await elsewhere(options))
    } catch (error) {
      outage.failed(error instanceof Error ? error.message : String(error))
      wasAway = true
      options.onAsked?.(false)
    }
    await quietDelay(intervalMs, signal)
  }
}

/** None if the visibility store does not answer: allocations do without it. */
async function elsewhere({ client, log }: TemporalMonitorOptions): Promise<readonly NamespacedName[]> {
  return client.runsElsewhere().catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error)
    log.debug('Cannot list runs on other task queues', { error: text })
    return []
  })
}
