import {
  describeForeignPollers,
  separateManagementClusters,
  type Installation,
} from '../../domain/management-cluster.ts'
import { isPolling, type Poller } from '../../domain/workflow-run.ts'
import type { Log } from '../../observability/log.ts'

/** Watches for other management clusters that use the same ids or task queue in Temporal. */
export interface Neighbors {
  observePollers(installation: Installation, pollers: readonly Poller[]): void
  /** A Worker of ours was handed a run of another management cluster. */
  observeForeignRun(message: string): void
  /** What was found, and what to do; undefined if nothing was. */
  collision(): string | undefined
}

/** Milliseconds for which a run counts that was handed to us: while it waits, each attempt may come here. */
const runCountsForMs = 600_000

export function createNeighbors(log: Pick<Log, 'warn' | 'info'>, now: () => number): Neighbors {
  let pollers: string | undefined
  let run: { readonly at: number; readonly message: string } | undefined
  return {
    observePollers(installation, found) {
      const polling = found.filter((poller) => isPolling(poller, now()))
      const described = describeForeignPollers(installation, polling)
      const hasBegun = pollers === undefined && described !== undefined
      const hasEnded = pollers !== undefined && described === undefined
      pollers = described
      if (hasBegun) log.warn(`Two management clusters meet: ${described}; ${separateManagementClusters}`)
      if (hasEnded) log.info('No Worker of another management cluster polls this task queue any more')
    },
    observeForeignRun(message) {
      run = { at: now(), message }
    },
    collision() {
      const handed = run !== undefined && now() - run.at < runCountsForMs ? run.message : undefined
      const found = pollers ?? handed
      return found === undefined ? undefined : `${found}; ${separateManagementClusters}`
    },
  }
}
