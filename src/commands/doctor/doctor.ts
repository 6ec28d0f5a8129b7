import { exitCodes } from '../../console/exit-code.ts'
import type { Config } from '../../config.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import type { Reading } from './checks/check-result.ts'
import { watchFilterLabel } from '../../domain/names.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import { roles, vipRole } from '../../domain/role.ts'
import { createSnapshotQueries } from '../../domain/allocation/snapshot.ts'
import type { CommandSetup } from '../setup.ts'
import { diagnoseKubernetes, diagnoseTemporal } from './diagnose.ts'
import { readKubernetesFacts, type KubernetesFacts } from './kubernetes-facts.ts'
import { readingOf } from './reading.ts'
import { formatReport, type Report } from './report.ts'
import { readTemporalFacts, type TemporalFacts } from './temporal-facts.ts'

export interface DoctorOptions {
  /** Do what is safe. */
  readonly fix: boolean
  /** Whose permissions are checked; undefined: the allocator's, else one's own. */
  readonly serviceAccount: NamespacedName | undefined
}

/**
 * Checks all that the allocator needs, on the management cluster and in Temporal, and says what to do. Writes nothing,
 * but with `fix` the search attributes that are missing.
 *
 * @returns exit code: fine also with warnings; actionRequired with faults; failed where the API server cannot be reached
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
  // What was broken off says nothing about the servers.
  if (signal.aborted) return exitCodes.interrupted
  const now = Date.now()
  const findings = [...diagnoseKubernetes(kubernetes, now), ...diagnoseTemporal(temporal, now)]
  const healthy = findings.every(({ level }) => level !== 'fault')
  const report: Report = { healthy, findings, fixed: fixedIn(temporal) }
  console.print(report, (style) => formatReport(report, style))
  if ('unread' in kubernetes) return exitCodes.failed
  return healthy ? exitCodes.fine : exitCodes.actionRequired
}

/** Those that the allocator has to see served, the oldest first. */
function waitingIn(
  kubernetes: Reading<KubernetesFacts>,
  { variables, watchFilter }: Pick<Config, 'variables' | 'watchFilter'>,
): Reading<readonly Cluster[]> {
  const unread = 'Clusters that wait are not known: '
  if ('unread' in kubernetes) return { unread: unread + kubernetes.unread }
  const { known } = kubernetes.read
  if ('unread' in known) return { unread: unread + known.unread }
  const view = createSnapshotQueries(() => known.read)
  const clusters = [...known.read.clusters.values()]
    .filter(({ labels }) => watchFilter === undefined || labels[watchFilterLabel] === watchFilter)
    .filter((cluster) => roles.some((role) => view.vipNeedsReconcile(cluster, vipRole(role, variables))))
  return {
    read: clusters.toSorted((a, b) => Date.parse(a.creationTimestamp) - Date.parse(b.creationTimestamp)),
  }
}

function fixedIn(temporal: Reading<TemporalFacts>): readonly string[] {
  if ('unread' in temporal || 'unread' in temporal.read.registered) return []
  const { registered, namespaceName } = temporal.read
  if (registered.read.length === 0) return []
  return [`search attributes ${registered.read.join(', ')} are registered in namespace ${namespaceName}`]
}
