import type { StepObserver } from '../../activities/reporting.ts'
import { allocationEvent } from '../../domain/allocation/cluster-event.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import { roles, vipRole, type VariableNames, type VipRole } from '../../domain/role.ts'
import {
  decideCondition,
  vipConditionOf,
  type ConditionUpdate,
} from '../../domain/allocation/vip-condition.ts'
import { createSnapshotQueries, type Snapshot } from '../../domain/allocation/snapshot.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import type { Log } from '../../observability/log.ts'
import type { RunNews } from '../../watcher/run-check.ts'

const reason = 'AllocationFailed'

export interface RunReporting {
  readonly api: Pick<ClusterApi, 'applyCondition' | 'recordEvent'>
  readonly observer: Pick<StepObserver, 'countReport'>
  readonly known: () => Snapshot
  readonly variables: VariableNames
  readonly log: Pick<Log, 'warn'>
}

/**
 * Says on a Cluster what is the matter with the run that should serve it: no step of ours can, since that run is not ours
 * to run. Never rejects: nobody's VIP may depend on it.
 */
export async function tellRunNews(reporting: RunReporting, told: RunNews): Promise<void> {
  const { known, variables, log } = reporting
  const cluster = known().clusters.get(formatKey(told.cluster))
  if (cluster === undefined) return
  const view = createSnapshotQueries(known)
  const outstanding = roles
    .map((role) => vipRole(role, variables))
    .filter((vip) => view.vipNeedsReconcile(cluster, vip))
  try {
    for (const vip of outstanding) await tellFor(reporting, cluster, vip, told)
  } catch (error) {
    log.warn('cannot say on a Cluster what is the matter with its run', {
      cluster: formatKey(cluster),
      error: error instanceof Error ? error.message : String(error),
    })
  }
}

async function tellFor(
  { api, observer }: RunReporting,
  cluster: Cluster,
  { role }: VipRole,
  { news, message }: RunNews,
): Promise<void> {
  const saying: ConditionUpdate = { about: 'vip', isReady: false, reason, message }
  // The run that takes its place says for itself how it stands.
  if (news === 'stray' && isUnsaid(cluster, role)) {
    const decision = decideCondition(cluster, role, saying, new Date())
    if (decision.decision === 'write') {
      await api.applyCondition(cluster, role, decision.condition)
      observer.countReport('condition', 'written')
    }
  }
  await api.recordEvent(allocationEvent(cluster, role, reason, message))
  observer.countReport('event', 'written')
}

/** Whoever has the run may say for itself what it waits for. */
function isUnsaid(cluster: Cluster, role: VipRole['role']): boolean {
  const present = vipConditionOf(cluster, role)
  return present === undefined || present.reason === reason
}
