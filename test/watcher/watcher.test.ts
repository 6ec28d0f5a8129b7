import { describe, expect, it } from '@jest/globals'
import type { IPAddressClaim } from '../../src/domain/claim.ts'
import type { Cluster } from '../../src/domain/cluster.ts'
import { formatKey, type ObjectMeta } from '../../src/domain/object-meta.ts'
import type { IPPool, IPPoolKind } from '../../src/domain/pool.ts'
import type { Watch, WatchHandler } from '../../src/kubernetes/watch-types.ts'
import { startWatcher } from '../../src/watcher/watcher.ts'
import { aClaim, aCluster, aPool } from '../support/builders.ts'

/** A list+watch loop that a test speaks for. */
function scriptedWatch<T extends ObjectMeta>(): {
  readonly open: (handler: WatchHandler<T>) => Watch<T>
  listed(...objects: T[]): void
  upsert(object: T): void
  remove(object: T): void
} {
  const objects = new Map<string, T>()
  let handler: WatchHandler<T> | undefined
  const upsert = (object: T): void => {
    handler?.onUpsert(object, objects.get(formatKey(object)))
    objects.set(formatKey(object), object)
  }
  return {
    open: (given) => {
      handler = given
      return { objects, health: () => ({}) as never, done: Promise.resolve() }
    },
    listed: (...all) => {
      all.forEach(upsert)
      handler?.onListed?.(all)
    },
    upsert,
    remove: (object) => {
      handler?.onDelete(object)
      objects.delete(formatKey(object))
    },
  }
}

function world() {
  const clusters = scriptedWatch<Cluster>()
  const claims = scriptedWatch<IPAddressClaim>()
  const pools = { InClusterIPPool: scriptedWatch<IPPool>(), GlobalInClusterIPPool: scriptedWatch<IPPool>() }
  const dispatched: { request: string; isNeeded: () => boolean }[] = []
  startWatcher({
    sources: {
      clusters: clusters.open,
      ipAddressClaims: claims.open,
      ipPools: (kind: IPPoolKind, handler) => pools[kind].open(handler),
    },
    dispatcher: {
      dispatch: ({ name }, { act, because }, isNeeded) =>
        dispatched.push({ request: `${act} ${name}: ${because}`, isNeeded }),
    },
    now: () => Date.parse('2026-01-02T05:00:00Z'),
  })
  const requests = (): string[] => dispatched.splice(0).map(({ request }) => request)
  return { clusters, claims, pools, dispatched, requests }
}

describe('the watcher', () => {
  it('starts what needs a run at the first list and again at every list', () => {
    const { clusters, requests } = world()
    clusters.listed(aCluster(), aCluster({ name: 'served', endpoint: { host: '10.0.0.1', port: 6443 } }))
    expect(new Set(requests())).toEqual(new Set(['start demo: Cluster without endpoint']))
    clusters.listed(aCluster())
    expect(requests()).toEqual(['start demo: Cluster without endpoint'])
  })

  it('asks for nothing where all Clusters are served', () => {
    const { clusters, pools, requests } = world()
    clusters.listed(aCluster({ endpoint: { host: '10.0.0.1', port: 6443 } }))
    pools.GlobalInClusterIPPool.listed()
    pools.GlobalInClusterIPPool.upsert(aPool())
    expect(requests()).toEqual([])
  })

  it('wakes rather than starts for a Cluster that was re-created, since the run of the former one may still wait', () => {
    const { clusters, requests } = world()
    clusters.listed(aCluster())
    requests()
    clusters.remove(aCluster())
    clusters.upsert(aCluster({ uid: 'new' }))
    expect(requests()).toEqual(['nudge demo: Cluster is gone', 'wake demo: Cluster without endpoint'])
  })

  it('tells when its turn comes whether a start is still needed', () => {
    const { clusters, dispatched } = world()
    clusters.upsert(aCluster())
    expect(dispatched[0]?.isNeeded()).toBe(true)
    clusters.upsert(aCluster({ endpoint: { host: '10.0.0.1', port: 6443 } }))
    expect(dispatched[0]?.isNeeded()).toBe(false)
  })

  it('wakes the Cluster of a claim that is bound late, or deleted', () => {
    const { clusters, claims, requests } = world()
    const labels = { 'cluster.x-k8s.io/cluster-name': 'demo' }
    clusters.listed(aCluster())
    claims.listed(aClaim({ labels }))
    requests()
    claims.upsert(aClaim({ labels, addressName: 'vip-cp-demo' }))
    claims.remove(aClaim({ labels, addressName: 'vip-cp-demo' }))
    expect(requests()).toEqual(['wake demo: claim bound', 'wake demo: claim deleted'])
  })

  it('wakes Clusters without claim when a pool appears, and not those whose claim waits', () => {
    const { clusters, claims, pools, requests } = world()
    clusters.listed(aCluster(), aCluster({ name: 'claimed' }))
    claims.listed(aClaim({ name: 'vip-cp-claimed' }))
    pools.GlobalInClusterIPPool.listed()
    requests()
    pools.GlobalInClusterIPPool.upsert(aPool())
    expect(requests()).toEqual(['wake demo: GlobalInClusterIPPool/vip-pool changed'])
  })

  it('wakes a Cluster whose claim waits on another pool, since it may move', () => {
    const { clusters, claims, pools, requests } = world()
    clusters.listed(aCluster())
    claims.listed(aClaim({ poolName: 'full-pool' }))
    pools.GlobalInClusterIPPool.listed()
    requests()
    pools.GlobalInClusterIPPool.upsert(aPool())
    expect(requests()).toEqual(['wake demo: GlobalInClusterIPPool/vip-pool changed'])
  })

  it('takes the pools of the first list for no news', () => {
    const { clusters, pools, requests } = world()
    clusters.listed(aCluster())
    requests()
    pools.GlobalInClusterIPPool.listed(aPool())
    expect(requests()).toEqual([])
  })
})
