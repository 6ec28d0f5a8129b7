import type { SnapshotQueries } from '../domain/allocation/snapshot.ts'
import { lacksCondition } from '../domain/allocation/vip-condition.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import { roles, vipRole, type VariableNames } from '../domain/role.ts'
import type { NeedsRun, RequestQueue } from './request-queue.ts'
import type { AllocationRequest, ReleaseRequest } from './workflow-request.ts'

/** Enqueues requests for Clusters. */
export interface ClusterRequests {
  /** @param needs what the Cluster has to lack for a start to be sent; `condition`: a missing condition is enough */
  enqueue(cluster: Cluster, request: AllocationRequest | undefined, needs?: 'vip' | 'condition'): void
  enqueueRelease(request: ReleaseRequest | undefined): void
  /** Has the Cluster's run retry, and starts one if there is none. */
  retry(cluster: Cluster, reason: string): void
  /** The same for the Clusters that reserve this address: it may be free now. */
  retryReserving(address: string): void
  /** Starts a run if a condition is missing; once a Cluster, since the API server may refuse the condition. */
  requestConditionUpdate(cluster: Cluster): void
  forgetConditionUpdate(cluster: Cluster): void
  /** Checks the runs of those Clusters that need one: they are on other task queues. */
  checkElsewhere(clusters: readonly NamespacedName[]): void
}

/** @param cached the Cluster as the cache has it */
export function createClusterRequests(
  cached: (key: NamespacedName) => Cluster | undefined,
  queries: SnapshotQueries,
  queue: Pick<RequestQueue, 'add' | 'checkLater'>,
  variables: VariableNames,
): ClusterRequests {
  /** By uid. */
  const conditionRequested = new Set<string>()

  const isConditionMissing = (cluster: Cluster): boolean =>
    roles.some((role) =>
      lacksCondition(cluster, vipRole(role, variables), queries.contextOf(cluster).clusterClass),
    )

  const needsRun: Record<'vip' | 'condition', NeedsRun> = {
    vip(key) {
      const cluster = cached(key)
      return cluster !== undefined && queries.needsReconcile(cluster, variables)
    },
    condition(key) {
      const cluster = cached(key)
      return (
        cluster !== undefined && (queries.needsReconcile(cluster, variables) || isConditionMissing(cluster))
      )
    },
  }

  const enqueue: ClusterRequests['enqueue'] = ({ namespace, name }, request, needs = 'vip') => {
    if (request !== undefined) queue.add({ namespace, name }, request, needsRun[needs])
  }

  const retry: ClusterRequests['retry'] = (cluster, reason) =>
    enqueue(cluster, { action: 'signal-with-start', reason })

  return {
    enqueue,
    enqueueRelease(request) {
      if (request !== undefined) queue.add(request.deleted, request, () => true)
    },
    retry,
    retryReserving(address) {
      if (address === '') return
      for (const cluster of queries.reserving(address)) retry(cluster, `${address} may be free`)
    },
    requestConditionUpdate(cluster) {
      if (!isConditionMissing(cluster) || conditionRequested.has(cluster.uid)) return
      conditionRequested.add(cluster.uid)
      enqueue(cluster, { action: 'start', reason: 'the Cluster does not say how it stands' }, 'condition')
    },
    forgetConditionUpdate: ({ uid }) => conditionRequested.delete(uid),
    checkElsewhere(clusters) {
      for (const key of clusters.filter(needsRun.vip)) queue.checkLater(key, needsRun.vip)
    },
  }
}
