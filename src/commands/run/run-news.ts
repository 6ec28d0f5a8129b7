import type { EligibilitySettings } from '../../domain/allocation/action.ts'
import { emitEvent, writeCondition, type EventPorts } from '../../activities/publish-condition.ts'
import { allocationEvent } from '../../domain/allocation/cluster-event.ts'
import { SnapshotQueries, type Snapshot } from '../../domain/allocation/snapshot.ts'
import { vipConditionOf } from '../../domain/allocation/vip-condition.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import { roles, type Role } from '../../domain/role.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import type { Log } from '../../observability/log.ts'
import type { RunNews } from '../../watcher/run-check.ts'
import { messageOf } from '../../domain/quote.ts'

const reason = 'AllocationFailed'

interface RunReporting extends EventPorts {
  readonly api: Pick<ClusterApi, 'applyCondition' | 'recordEvent'>
  readonly snapshot: () => Snapshot
  readonly settings: EligibilitySettings
  readonly log: Pick<Log, 'warn'>
}

/**
 * Publishes on a Cluster what is wrong with its run, or that the run was replaced: no step of ours can, since another
 * installation's run is not ours to execute. Never rejects, since no VIP may depend on it.
 */
export async function publishRunNews(reporting: RunReporting, news: RunNews): Promise<void> {
  const { snapshot, settings, log } = reporting
  const cluster = snapshot().clusters.get(formatKey(news.cluster))
  if (cluster === undefined) return
  const queries = new SnapshotQueries(snapshot, settings)
  const outstanding = roles.filter((role) => queries.vipNeedsReconcile(cluster, role))
  try {
    for (const role of outstanding) await publishFor(reporting, cluster, role, news)
  } catch (error) {
    log.warn('cannot say on a Cluster what is the matter with its run', {
      cluster: formatKey(cluster),
      error: messageOf(error),
    })
  }
}

async function publishFor(
  reporting: RunReporting,
  cluster: Cluster,
  role: Role,
  { news, message }: RunNews,
): Promise<void> {
  // A condition with another reason stays: the other installation may publish what its run waits for.
  const isOurs = (vipConditionOf(cluster, role)?.reason ?? reason) === reason
  // A run that replaces another one publishes its own state.
  const update = { isReady: false, reason, message } as const
  if (news === 'stray' && isOurs) await writeCondition(reporting, cluster, role, update)
  await emitEvent(reporting, allocationEvent(cluster, role, reason, message))
}
