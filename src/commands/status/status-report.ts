import type { EligibilitySettings } from '../../domain/allocation/action.ts'
import { SnapshotQueries, type Snapshot } from '../../domain/allocation/snapshot.ts'
import { isUnsettled, vipStateOf, type VipState } from '../../domain/allocation/vip-state.ts'
import { placeInQueue, type QueuePlace } from '../../domain/allocation/waiting-queue.ts'
import { isServed, type ServedClusters } from '../../domain/extension/rendered-vip.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { keptAddressesIn, type KeptAddress } from '../../domain/release/kept-addresses.ts'
import { roleSpecs } from '../../domain/role.ts'
import { concerns, type Problem } from './problems/problem.ts'
import { problemsIn } from './problems/problems.ts'
import type { WorkflowRun, WorkflowRuns } from './workflow-runs.ts'

/** One VIP of one Cluster. */
export interface VipReport extends VipState {
  readonly namespace: string
  readonly cluster: string
  /** RFC 3339: when the Cluster was created. */
  readonly created: string
  /** Present if the VIP waits for an address of a full pool. */
  readonly queue?: QueuePlace
  /** Present if the VIP waits or is lost. */
  readonly workflow?: WorkflowRun
}

/** The VIPs of all Clusters, and all problems. */
export interface StatusReport {
  /** Sorted by namespace, Cluster and role. */
  readonly vips: readonly VipReport[]
  readonly findings: readonly Problem[]
  /** The addresses that are kept for Clusters that are gone. */
  readonly kept: readonly KeptAddress[]
}

export interface StatusQuestion {
  /** With a filter, other Clusters are left out, unless one is named. */
  readonly settings: EligibilitySettings & Partial<Pick<ServedClusters, 'watchFilter'>>
  /** Only this Cluster; undefined: all. */
  readonly cluster: NamespacedName | undefined
  /** Only VIPs that wait or are lost. */
  readonly problemsOnly: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Makes the report from a snapshot of the management cluster, without Temporal. */
export function reportOn(snapshot: Snapshot, question: StatusQuestion): StatusReport {
  const { settings, problemsOnly, now } = question
  const isShown = problemFilter(snapshot, question)
  return {
    vips: vipsIn(snapshot, question).filter((vip) => !problemsOnly || isUnsettled(vip)),
    findings: problemsIn(snapshot, settings, now).filter(isShown),
    kept: problemsOnly ? [] : keptIn(snapshot, question.cluster),
  }
}

function keptIn(snapshot: Snapshot, cluster: NamespacedName | undefined): readonly KeptAddress[] {
  const kept = keptAddressesIn(snapshot)
  return cluster === undefined
    ? kept
    : kept.filter(({ keptFor }) => formatKey(keptFor) === formatKey(cluster))
}

/** A problem of nobody's is everybody's. */
function problemFilter(
  { clusters }: Snapshot,
  { cluster: wanted, settings }: StatusQuestion,
): (problem: Problem) => boolean {
  if (wanted !== undefined) return (problem) => concerns(problem, wanted)
  const others = [...clusters.values()].filter((cluster) => !isOfFilter(cluster, settings))
  return (problem) => !others.some((cluster) => concerns(problem, cluster))
}

function isOfFilter(cluster: Cluster, { watchFilter }: StatusQuestion['settings']): boolean {
  return isServed(cluster, { namespaces: [], watchFilter })
}

/** Leaves out ingress VIPs that are not wanted, since few Clusters want one. */
function vipsIn(snapshot: Snapshot, { settings, cluster: wanted }: StatusQuestion): readonly VipReport[] {
  const queries = new SnapshotQueries(() => snapshot, settings)
  return [...snapshot.clusters.values()]
    .filter((cluster) =>
      wanted === undefined ? isOfFilter(cluster, settings) : formatKey(cluster) === formatKey(wanted),
    )
    .toSorted((a, b) => a.namespace.localeCompare(b.namespace, 'en') || a.name.localeCompare(b.name, 'en'))
    .flatMap((cluster) =>
      queries
        .vipsOf(cluster)
        .map((vip) => ({
          namespace: cluster.namespace,
          cluster: cluster.name,
          created: cluster.creationTimestamp,
          ...vipStateOf(cluster, vip, queries),
        }))
        .map((report) => withPlace(report, cluster, queries))
        .filter(({ role, phase }) => roleSpecs[role].isDefault || phase !== 'NotWanted'),
    )
}

function withPlace(report: VipReport, cluster: Cluster, queries: SnapshotQueries): VipReport {
  const { phase, reason, role } = report
  if (phase !== 'Waiting' || reason !== 'PoolExhausted') return report
  const { pools } = queries.contextOf(cluster)
  return {
    ...report,
    queue: placeInQueue(cluster, role, pools, queries.waitingQueue(), queries.settings),
  }
}

/** Adds the runs, as Temporal has them, to the VIPs for which there should be one. */
export async function withRuns(report: StatusReport, runs: WorkflowRuns): Promise<StatusReport> {
  const asked = new Map(
    report.vips
      .filter(isUnsettled)
      .map(({ namespace, cluster }) => ({ namespace, name: cluster }))
      .map((cluster) => [formatKey(cluster), cluster]),
  )
  const found = await runs.of([...asked.values()])
  const vips = report.vips.map((vip) => {
    const workflow = isUnsettled(vip) && found.get(formatKey({ ...vip, name: vip.cluster }))
    return workflow ? { ...vip, workflow } : vip
  })
  return { ...report, vips }
}
