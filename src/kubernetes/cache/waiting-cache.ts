import type { IdlePools } from '../../domain/allocation/idle-pools.ts'
import { waitingQueueIn } from '../../domain/allocation/snapshot.ts'
import { createWaiterList } from '../../domain/allocation/waiter.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import type { PoolKind } from '../../domain/model/pool-kind.ts'
import type { ClusterApi } from '../cluster-api.ts'
import { StaleCacheError } from '../errors.ts'
import type { Watched, WatchedKind } from '../informer/informer.ts'
import type { ResourceEventHandler } from '../informer/informer-types.ts'
import type { InformerSet } from './informer-set.ts'

/** Who waits for addresses, as the informers have it: to know that costs a plain allocation nothing. */
interface WaitingCache extends Pick<ClusterApi, 'readWaitingQueue' | 'countWaiting'> {
  readonly onCluster: ResourceEventHandler<Cluster>
}

/** While the cache is stale, the queue is read from the API server: it decides who is first, and breaks no rule. */
export function createWaitingCache(
  informers: InformerSet,
  live: Pick<ClusterApi, 'readWaitingQueue'>,
  idle: IdlePools,
  poolKinds: readonly PoolKind[],
): WaitingCache {
  const list = createWaiterList()
  const isFresh = (): boolean => {
    try {
      informers.fresh('clusters')
      return true
    } catch (error) {
      if (error instanceof StaleCacheError) return false
      throw error
    }
  }
  const objectsOf = <K extends WatchedKind>(kind: K): ReadonlyMap<string, Watched<K>> =>
    informers.find(kind)?.objects ?? new Map<string, Watched<K>>()

  return {
    onCluster: { onUpsert: (cluster) => list.put(cluster), onDelete: (cluster) => list.remove(cluster) },
    countWaiting: () => (isFresh() ? list.waiters.length : undefined),
    async readWaitingQueue() {
      if (!isFresh()) return live.readWaitingQueue()
      const { poolsOf, claimOf, classOf } = waitingQueueIn({
        clusters: new Map(),
        clusterClasses: objectsOf('clusterclasses'),
        claims: objectsOf('ipaddressclaims'),
        pools: poolKinds.map(objectsOf),
        namespaces: objectsOf('namespaces'),
      })
      return { waiters: list.waiters, poolsOf, claimOf, classOf, offersOf: (pool) => idle.offersOf(pool) }
    },
  }
}
