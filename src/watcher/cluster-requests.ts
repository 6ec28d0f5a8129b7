import type { SnapshotQueries } from '../domain/allocation/snapshot.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { NeedsRun, RequestQueue } from './request-queue.ts'
import type { AllocationRequest, ReleaseRequest } from './workflow-request.ts'

export interface ClusterRequests {
  /** @param need what the Cluster still has to lack when a start is sent: `condition` if a condition is enough */
  enqueue(cluster: Cluster, request: AllocationRequest | undefined, need?: 'vip' | 'condition'): void
  enqueueRelease(request: ReleaseRequest | undefined): void
  /** Has the Cluster's run retry, and starts one if there is none. */
  retry(cluster: Cluster, reason: string): void
  /** The same for the Clusters that reserve this address, or ask for it: it may be free now. */
  retryWaitingFor(address: string): void
  /** Starts a run if a condition is missing; once a Cluster, since the API server may refuse the condition. */
  requestConditionUpdate(cluster: Cluster): void
  forgetConditionUpdate(cluster: Cluster): void
  /** Checks the runs of those Clusters that need one: they are on other task queues. */
  checkElsewhere(clusters: readonly NamespacedName[]): void
}

export function createClusterRequests(
  queries: SnapshotQueries,
  queue: Pick<RequestQueue, 'add' | 'checkLater'>,
): ClusterRequests {
  /** The generation of the Cluster for which it was requested, by uid. */
  const conditionRequested = new Map<string, number | undefined>()
  const needs =
    (query: 'needsReconcile' | 'lacksCondition'): NeedsRun =>
    (key) => {
      const cluster = queries.snapshot().clusters.get(formatKey(key))
      return cluster !== undefined && queries[query](cluster)
    }
  const needsVip = needs('needsReconcile')
  const lacksCondition = needs('lacksCondition')
  const needsVipOrCondition: NeedsRun = (key) => needsVip(key) || lacksCondition(key)

  const enqueue: ClusterRequests['enqueue'] = ({ namespace, name }, request, need = 'vip') => {
    if (request === undefined) return
    queue.add({ namespace, name }, request, need === 'vip' ? needsVip : needsVipOrCondition)
  }
  const retry: ClusterRequests['retry'] = (cluster, reason) =>
    enqueue(cluster, { action: 'signal-with-start', reason })

  return {
    enqueue,
    enqueueRelease(request) {
      if (request !== undefined) queue.add(request.deleted, request, () => true)
    },
    retry,
    retryWaitingFor(address) {
      if (address === '') return
      for (const cluster of queries.waitingFor(address)) retry(cluster, `${address} may be free`)
    },
    requestConditionUpdate(cluster) {
      const { uid, generation } = cluster
      if (!queries.lacksCondition(cluster) || conditionRequested.get(uid) === generation) return
      conditionRequested.set(uid, generation)
      // Such a Cluster has this VIP, and its run may be waiting for another one.
      enqueue(cluster, { action: 'signal-with-start', reason: 'a condition is missing' }, 'condition')
    },
    forgetConditionUpdate: ({ uid }) => conditionRequested.delete(uid),
    checkElsewhere(clusters) {
      for (const key of clusters.filter(needsVip)) queue.checkLater(key, needsVip)
    },
  }
}
