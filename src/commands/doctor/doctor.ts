import type { Config } from '../../config.ts'
import { exitCodes } from '../../console/exit-code.ts'
import { SnapshotQueries } from '../../domain/allocation/snapshot.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import { watchFilterLabel } from '../../domain/names.ts'
import { vipRoles } from '../../domain/role.ts'
import type { CommandSetup } from '../setup.ts'
import type { Reading } from './checks/check-result.ts'
import { diagnoseKubernetes, diagnoseTemporal } from './diagnose.ts'
import { readingOf, readKubernetesFacts, type KubernetesFacts } from './kubernetes-facts.ts'
import { formatReport, type Report } from './report.ts'
import { readTemporalFacts, type TemporalFacts } from './temporal-facts.ts'

export interface DoctorOptions {
  /** Apply safe fixes. */
  readonly fix: boolean
  /** The account whose permissions are checked; undefined: the allocator's, or else one's own. */
  readonly serviceAccount: NamespacedName | undefined
}

/**
 * Checks everything that the allocator needs from the management cluster and Temporal, and prints how to fix the faults.
 * Writes nothing, except missing search attributes with `fix`.
 *
 * @returns exit code: `fine` even with warnings; `actionRequired` with faults; `failed` if the API server is unreachable
 */
export async function doctor(
  { fix, serviceAccount }: DoctorOptions,
  { config, console, signal }: CommandSetup,
): Promise<number> {
  const reading = readingOf(readKubernetesFacts({ ...config, serviceAccount }))
  const waiting = reading.then((facts) => waitingIn(facts, config))
  const [kubernetes, temporal] = await Promise.all([
    reading,
    readingOf(readTemporalFacts({ taskQueue: config.taskQueue, register: fix, waiting, signal })),
  ])
  // Results of aborted requests say nothing about the servers.
  if (signal.aborted) return exitCodes.interrupted
  const now = Date.now()
  const findings = [
    ...diagnoseKubernetes(kubernetes, config.variables, now),
    ...diagnoseTemporal(temporal, now),
  ]
  const healthy = findings.every(({ level }) => level !== 'fault')
  const report: Report = { healthy, findings, fixed: fixedIn(temporal) }
  console.print(report, (style) => formatReport(report, style))
  if ('unread' in kubernetes) return exitCodes.failed
  return healthy ? exitCodes.fine : exitCodes.actionRequired
}

/** The Clusters that the allocator has to serve and that lack a VIP, oldest first. */
function waitingIn(
  kubernetes: Reading<KubernetesFacts>,
  { variables, watchFilter }: Pick<Config, 'variables' | 'watchFilter'>,
): Reading<readonly Cluster[]> {
  const snapshot = 'unread' in kubernetes ? kubernetes : kubernetes.read.snapshot
  if ('unread' in snapshot) return { unread: `Clusters that wait are not known: ${snapshot.unread}` }
  const queries = new SnapshotQueries(() => snapshot.read)
  const read = [...snapshot.read.clusters.values()]
    .filter(({ labels }) => watchFilter === undefined || labels[watchFilterLabel] === watchFilter)
    .filter((cluster) =>
      vipRoles(variables).some((vip) => queries.vipNeedsReconcile(cluster, vip, variables)),
    )
    .toSorted((a, b) => Date.parse(a.creationTimestamp) - Date.parse(b.creationTimestamp))
  return { read }
}

function fixedIn(temporal: Reading<TemporalFacts>): readonly string[] {
  if ('unread' in temporal || 'unread' in temporal.read.registered) return []
  const { registered, namespace } = temporal.read
  if (registered.read.length === 0) return []
  return [`search attributes ${registered.read.join(', ')} are registered in namespace ${namespace}`]
}
