import { exitCodes } from '../../console/exit-code.ts'
import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { withManagementCluster } from '../management-cluster.ts'
import type { CommandSetup } from '../setup.ts'
import { withTemporal } from '../temporal/with-temporal.ts'
import { describeCluster } from './cluster-report.ts'
import { clusterText } from './cluster-text.ts'
import type { StatusContext, StatusOptions } from './status-context.ts'
import { reportOn, withRuns, type StatusReport } from './status-report.ts'
import { statusText } from './status-text.ts'
import { watchStatus } from './status-watch.ts'
import { createWorkflowRuns } from './workflow-runs.ts'

/**
 * Shows the state of the VIPs of all Clusters, or the details of one Cluster.
 *
 * @throws Error if the named Cluster does not exist
 */
export async function runStatus(options: StatusOptions, setup: CommandSetup): Promise<number> {
  return withManagementCluster(setup.config, async (managementCluster) => {
    const snapshot = await managementCluster.readSnapshot()
    if (options.cluster !== undefined) assertExists(options.cluster, snapshot)
    return withTemporal(setup.signal, async (temporal) => {
      const runs = createWorkflowRuns(temporal, setup.config.taskQueue)
      const context = { options, setup, managementCluster, snapshot, runs }
      return options.watch ? watchStatus(context) : showStatus(context)
    })
  })
}

function assertExists(cluster: NamespacedName, { clusters }: Snapshot): void {
  if (clusters.has(formatKey(cluster))) return
  const elsewhere = [...clusters.values()].filter(({ name }) => name === cluster.name).map(formatKey)
  const hint = elsewhere.length === 0 ? '' : `; there is ${elsewhere.slice(0, 5).join(', ')}`
  throw new Error(`Cluster ${formatKey(cluster)} does not exist${hint}`)
}

async function showStatus(context: StatusContext): Promise<number> {
  const { options, setup, snapshot, runs } = context
  const { cluster, problemsOnly } = options
  const now = Date.now()
  const report = reportOn(snapshot, { variables: setup.config.variables, cluster, problemsOnly, now })
  if (cluster === undefined) {
    const whole = await withRuns(report, runs)
    setup.console.print(whole, (style) => statusText(whole, problemsOnly, style, now))
  } else {
    const whole = await describeCluster(cluster, report, context, snapshot)
    setup.console.print(whole, (style) => clusterText(whole, style, now))
  }
  const trouble = runs.trouble()
  if (trouble !== undefined) setup.console.note(trouble)
  return problemsOnly && isAnythingWrong(report) ? exitCodes.actionRequired : exitCodes.fine
}

function isAnythingWrong({ vips, findings }: StatusReport): boolean {
  return vips.length > 0 || findings.length > 0
}
