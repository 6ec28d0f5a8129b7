import { setTimeout as delay } from 'node:timers/promises'
import type { Console } from '../../console/console.ts'
import { exitCodes } from '../../console/exit-code.ts'
import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import type { Log } from '../../observability/log.ts'
import { describeCluster } from './cluster-report.ts'
import { clusterText } from './cluster-text.ts'
import { changesBetween } from './status-changes.ts'
import type { StatusContext } from './status-context.ts'
import { reportOn, withRuns, type StatusReport } from './status-report.ts'
import { statusText } from './status-text.ts'
import { watchSnapshot } from './watch-snapshot.ts'

/** Milliseconds for which changes are collected before the status is shown again. */
const gatherMs = 100

/** Shows the status after every change, until the signal is aborted or the reader has closed the pipe. */
export async function watchStatus(context: StatusContext): Promise<number> {
  const { setup, managementCluster } = context
  const signal = AbortSignal.any([setup.signal, setup.console.closed])
  const changes = createChangeSignal(signal)
  const watch = watchSnapshot({
    connection: managementCluster.connection,
    namespaces: setup.config.namespaces,
    initial: context.snapshot,
    onChange: () => changes.notify(),
    log: logTo(setup.console),
    signal,
  })
  let shown: StatusReport | undefined
  while (!signal.aborted) {
    shown = await showChanges(context, watch.snapshot(), shown)
    await changes.next()
  }
  await watch.done
  return setup.signal.aborted ? exitCodes.interrupted : exitCodes.fine
}

/** @returns the report that is shown now */
async function showChanges(
  context: StatusContext,
  snapshot: Snapshot,
  shown: StatusReport | undefined,
): Promise<StatusReport> {
  const { options, setup, runs } = context
  const { console, config } = setup
  const now = Date.now()
  const question = { ...options, variables: config.variables, now }
  const report = await withRuns(reportOn(snapshot, question), runs)
  const changes = changesBetween(shown, report)
  if (console.output !== 'table') {
    for (const change of changes) console.update(change, () => '')
  } else if (shown === undefined || changes.length > 0) {
    const text = await textFor(context, snapshot, report, now)
    console.update(report, text)
  }
  return report
}

async function textFor(
  context: StatusContext,
  snapshot: Snapshot,
  report: StatusReport,
  now: number,
): Promise<Parameters<Console['update']>[1]> {
  const { cluster, problemsOnly } = context.options
  if (cluster === undefined) return (style) => statusText(report, problemsOnly, style, now)
  if (!snapshot.clusters.has(formatKey(cluster))) return () => `Cluster ${formatKey(cluster)} is gone.`
  const whole = await describeCluster(cluster, report, context, snapshot)
  return (style) => clusterText(whole, style, now)
}

/** `next` resolves once for all changes within `gatherMs`. */
function createChangeSignal(signal: AbortSignal): { notify(): void; next(): Promise<void> } {
  let pending = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => pending.resolve(), { once: true })
  return {
    notify: () => pending.resolve(),
    next: async () => {
      await pending.promise
      await delay(gatherMs, undefined, { signal }).catch(() => undefined)
      pending = Promise.withResolvers<void>()
    },
  }
}

/** Notes outages of the API server on the console; what is shown stays until the next change. */
function logTo(console: Console): Log {
  const note = (message: string): void => console.note(message)
  return { debug() {}, info() {}, warn: note, error: note }
}
