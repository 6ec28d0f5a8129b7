import { setTimeout as delay } from 'node:timers/promises'
import type { Console } from '../../console/console.ts'
import { exitCodes } from '../../console/exit-code.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import type { Log } from '../../observability/log.ts'
import { describeCluster } from './cluster-report.ts'
import { clusterText } from './cluster-text.ts'
import { changesBetween } from './status-changes.ts'
import type { StatusContext } from './status-context.ts'
import { reportOn, withRuns, type StatusReport } from './status-report.ts'
import { statusText } from './status-text.ts'
import { watchSnapshot } from './watch-snapshot.ts'

/** Milliseconds in which changes that belong together are gathered. */
const gatherMs = 100

/** Shows the status anew whenever something has changed, until the signal is aborted or nobody reads any more. */
export async function watchStatus(context: StatusContext): Promise<number> {
  const { setup, managementCluster } = context
  const signal = AbortSignal.any([setup.signal, setup.console.closed])
  const news = createNews(signal)
  const knowledge = watchSnapshot({
    connection: managementCluster.connection,
    namespaces: setup.config.namespaces,
    initial: context.known,
    onChange: () => news.arrived(),
    log: logTo(setup.console),
    signal,
  })
  let shown: StatusReport | undefined
  while (!signal.aborted) {
    shown = await showChanges(context, knowledge.known(), shown)
    await news.next()
  }
  await knowledge.done
  return setup.signal.aborted ? exitCodes.interrupted : exitCodes.fine
}

/** @returns what is shown now */
async function showChanges(
  context: StatusContext,
  known: Snapshot,
  shown: StatusReport | undefined,
): Promise<StatusReport> {
  const { options, setup, runs } = context
  const { console, config } = setup
  const now = Date.now()
  const question = { ...options, variables: config.variables, now }
  const report = await withRuns(reportOn(known, question), runs)
  const changes = changesBetween(shown, report)
  if (console.output !== 'table') {
    for (const change of changes) console.update(change, () => '')
  } else if (shown === undefined || changes.length > 0) {
    const text = await textFor(context, known, report, now)
    console.update(report, text)
  }
  return report
}

async function textFor(
  context: StatusContext,
  known: Snapshot,
  report: StatusReport,
  now: number,
): Promise<Parameters<Console['update']>[1]> {
  const { cluster, problemsOnly } = context.options
  if (cluster === undefined) return (style) => statusText(report, problemsOnly, style, now)
  if (!known.clusters.has(formatKey(cluster))) return () => `Cluster ${formatKey(cluster)} is gone.`
  const whole = await describeCluster(cluster, report, context, known)
  return (style) => clusterText(whole, style, now)
}

/** Tells that something is new, once for all that comes within a moment. */
function createNews(signal: AbortSignal): { arrived(): void; next(): Promise<void> } {
  let pending = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => pending.resolve(), { once: true })
  return {
    arrived: () => pending.resolve(),
    next: async () => {
      await pending.promise
      await delay(gatherMs, undefined, { signal }).catch(() => undefined)
      pending = Promise.withResolvers<void>()
    },
  }
}

/** An API server that is away is told to whoever watches; what is shown holds until it is back. */
function logTo(console: Console): Log {
  const tell = (message: string): void => console.note(message)
  return { debug() {}, info() {}, warn: tell, error: tell }
}
