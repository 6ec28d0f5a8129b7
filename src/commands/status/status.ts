import { setTimeout as delay } from 'node:timers/promises'
import type { Console } from '../../console/console.ts'
import { exitCodes } from '../../console/exit-code.ts'
import type { Style } from '../../console/style.ts'
import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { describeKeptAddress, keptAddressesIn } from '../../domain/release/kept-addresses.ts'
import type { Log } from '../../observability/log.ts'
import { withManagementCluster, type ManagementCluster } from '../management-cluster.ts'
import type { CommandSetup } from '../setup.ts'
import { withTemporal } from '../temporal/with-temporal.ts'
import { describeCluster } from './cluster-report.ts'
import { clusterText } from './cluster-text.ts'
import { changesBetween } from './status-changes.ts'
import { reportOn, withRuns, type StatusReport } from './status-report.ts'
import { statusText } from './status-text.ts'
import { watchSnapshot } from './watch-snapshot.ts'
import { createWorkflowRuns, type WorkflowRuns } from './workflow-runs.ts'

export interface StatusOptions {
  /** Undefined: all. */
  readonly cluster: NamespacedName | undefined
  readonly watch: boolean
  /** Only VIPs that wait or are lost. */
  readonly problemsOnly: boolean
}

interface StatusContext {
  readonly options: StatusOptions
  readonly setup: CommandSetup
  readonly managementCluster: ManagementCluster
  readonly runs: WorkflowRuns
  /** As of when the command began. */
  readonly initial: Snapshot
}

/** Shows the VIPs of all Clusters, or the details of one. @throws Error if the named Cluster does not exist */
export async function runStatus(options: StatusOptions, setup: CommandSetup): Promise<number> {
  return withManagementCluster(setup, async (managementCluster) => {
    const initial = await managementCluster.readSnapshot()
    if (options.cluster !== undefined) assertExists(options.cluster, initial)
    return withTemporal({ proxies: setup.config.proxies, signal: setup.signal }, async (temporal) => {
      const { taskQueue, managementCluster: name } = setup.config
      const managementClusterUid = await managementCluster.readUid()
      const installation = { taskQueue, managementCluster: name, managementClusterUid }
      const runs = createWorkflowRuns(temporal, installation)
      const context = { options, setup, managementCluster, initial, runs }
      return options.watch ? watchStatus(context) : showStatus(context)
    })
  })
}

function assertExists(cluster: NamespacedName, snapshot: Snapshot): void {
  const { clusters } = snapshot
  if (clusters.has(formatKey(cluster))) return
  const kept = keptAddressesIn(snapshot)
    .filter(({ keptFor }) => formatKey(keptFor) === formatKey(cluster))
    .map((each) => `; ${each.address ?? 'an address'} is ${describeKeptAddress(each)}`)
  const elsewhere = [...clusters.values()].filter(({ name }) => name === cluster.name).map(formatKey)
  const hint = elsewhere.length === 0 ? '' : `; there is ${elsewhere.slice(0, 5).join(', ')}`
  throw new Error(`Cluster ${formatKey(cluster)} does not exist${kept.join('')}${hint}`)
}

async function showStatus(context: StatusContext): Promise<number> {
  const { options, setup, initial, runs } = context
  const { cluster, problemsOnly } = options
  const { config, console } = setup
  const now = Date.now()
  const found = reportOn(initial, { settings: config, cluster, problemsOnly, now })
  const report = cluster === undefined ? await withRuns(found, runs) : found
  const { value, text } = await viewOf(context, initial, report, now)
  console.print(value, text)
  const trouble = runs.trouble()
  if (trouble !== undefined) console.note(trouble)
  const isAnythingWrong = report.vips.length > 0 || report.findings.length > 0
  return problemsOnly && isAnythingWrong ? exitCodes.actionRequired : exitCodes.fine
}

/** Milliseconds for which changes are collected before the status is shown again. */
const gatherMs = 100

/** Shows the status after every change, until the signal is aborted or the reader has closed the pipe. */
async function watchStatus(context: StatusContext): Promise<number> {
  const { setup, managementCluster, initial } = context
  const signal = AbortSignal.any([setup.signal, setup.console.closed])
  let changed = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => changed.resolve(), { once: true })
  const watch = watchSnapshot({
    connection: managementCluster.connection,
    namespaces: setup.config.namespaces,
    poolKinds: setup.config.poolKinds,
    initial,
    onChange: () => changed.resolve(),
    log: logTo(setup.console),
    signal,
  })
  let shown: StatusReport | undefined
  while (!signal.aborted) {
    shown = await showChanges(context, watch.snapshot(), shown)
    await changed.promise
    await delay(gatherMs, undefined, { signal }).catch(() => undefined)
    changed = Promise.withResolvers<void>()
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
  const report = await withRuns(reportOn(snapshot, { ...options, settings: config, now }), runs)
  const changes = changesBetween(shown, report)
  if (console.output !== 'table') {
    for (const change of changes) console.update(change, () => '')
  } else if (shown === undefined || changes.length > 0) {
    const { value, text } = await viewOf(context, snapshot, report, now)
    console.update(value, text)
  }
  return report
}

/** The report on all Clusters, or the details of the one that was asked for. */
async function viewOf(
  { options, setup, managementCluster, runs }: StatusContext,
  snapshot: Snapshot,
  report: StatusReport,
  now: number,
): Promise<{ readonly value: unknown; readonly text: (style: Style) => string }> {
  const { cluster, problemsOnly } = options
  if (cluster === undefined)
    return { value: report, text: (style) => statusText(report, problemsOnly, style, now) }
  if (!snapshot.clusters.has(formatKey(cluster))) {
    return { value: report, text: () => `Cluster ${formatKey(cluster)} is gone.` }
  }
  const value = await describeCluster(
    cluster,
    report,
    snapshot,
    setup.config,
    runs,
    managementCluster.connection,
  )
  return { value, text: (style) => clusterText(value, style, now) }
}

/** Notes outages of the API server on the console; what is shown stays until the next change. */
function logTo(console: Console): Log {
  const note = (message: string): void => console.note(message)
  return { debug() {}, info() {}, warn: note, error: note }
}
