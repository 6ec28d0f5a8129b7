import type { Installation } from '../domain/management-cluster.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import type { Poller } from '../domain/workflow-run.ts'
import type { Log } from '../observability/log.ts'
import type { Outage } from '../observability/outage.ts'
import { quietDelay } from './work-queue.ts'
import type { VipWorkflowClient } from './workflow-client.ts'
import { messageOf } from '../domain/quote.ts'

export interface TemporalMonitorOptions {
  readonly client: Pick<VipWorkflowClient, 'namespaceId' | 'runsElsewhere' | 'installation' | 'pollers'>
  /** Called when Temporal is back, or is another one. */
  readonly onRunsMayBeLost: () => void
  /** Called after every poll with the Clusters that have a run on another task queue. */
  readonly onRunsElsewhere?: (clusters: readonly NamespacedName[]) => void
  /** Called after every poll with those that poll our task queue. */
  readonly onPollers?: (installation: Installation, pollers: readonly Poller[]) => void
  readonly onPolled?: (reachable: boolean) => void
  readonly log: Pick<Log, 'info' | 'debug'>
  readonly outage: Pick<Outage, 'failed' | 'answered'>
  readonly signal: AbortSignal
  /** Milliseconds from one poll to the next. */
  readonly intervalMs?: number
}

/**
 * Polls the id of Temporal's namespace until the signal is aborted. A server that lost its data has a namespace of the same
 * name with another id, and no run; without this, only the next list would find out. Never rejects.
 */
export async function monitorTemporal(options: TemporalMonitorOptions): Promise<void> {
  const { client, log, outage, signal, intervalMs = 10_000 } = options
  let lastId: string | undefined
  let wasAway = false
  while (!signal.aborted) {
    try {
      const id = await client.namespaceId()
      outage.answered()
      const namespaceIsNew = lastId !== id
      if (wasAway || (lastId !== undefined && namespaceIsNew)) {
        const level = namespaceIsNew ? 'info' : 'debug'
        log[level]('Temporal may have lost runs; starting what is outstanding', { namespaceIsNew })
        options.onRunsMayBeLost()
      }
      lastId = id
      wasAway = false
      options.onPolled?.(true)
      if (options.onRunsElsewhere) options.onRunsElsewhere(await elsewhere(options))
      if (options.onPollers) await observePollers(options, options.onPollers)
    } catch (error) {
      outage.failed(messageOf(error))
      wasAway = true
      options.onPolled?.(false)
    }
    await quietDelay(intervalMs, signal)
  }
}

/** None if the visibility store does not answer: allocations do not need it. */
async function elsewhere({ client, log }: TemporalMonitorOptions): Promise<readonly NamespacedName[]> {
  return client.runsElsewhere().catch((error: unknown) => {
    log.debug('Cannot list runs on other task queues', { error: messageOf(error) })
    return []
  })
}

/** Reports nothing if the API server does not say which management cluster this is, or Temporal not who polls. */
async function observePollers(
  { client, log }: TemporalMonitorOptions,
  onPollers: NonNullable<TemporalMonitorOptions['onPollers']>,
): Promise<void> {
  try {
    const [installation, pollers] = await Promise.all([client.installation(), client.pollers()])
    onPollers(installation, pollers)
  } catch (error) {
    log.debug('Cannot read who polls the task queue', { error: messageOf(error) })
  }
}
