import { afterEach, describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../../../src/domain/model/decode.ts'
import { ipAddressFrom, type IPAddress } from '../../../../src/domain/model/ip-address.ts'
import { clusterFrom, type Cluster } from '../../../../src/domain/model/cluster.ts'
import { ipAddressClaimFrom } from '../../../../src/domain/model/claim.ts'
import type { ObjectMeta } from '../../../../src/domain/model/object-meta.ts'
import type { ClusterApi } from '../../../../src/kubernetes/cluster-api.ts'
import { StaleCacheError } from '../../../../src/kubernetes/errors.ts'
import {
  createCachedClusterApi,
  type CachedClusterApi,
} from '../../../../src/kubernetes/cache/cached-cluster-api.ts'
import { inClusterPoolKinds } from '../../../../src/domain/model/pool-kinds.ts'
import type { WatchedKind, WatchedObjects } from '../../../../src/kubernetes/informer/informer.ts'
import type { Informer } from '../../../../src/kubernetes/informer/informer-types.ts'
import { aVipCondition, clusterObject, nobodyWaits } from '../../../support/builders.ts'
import { eventually } from '../../../support/eventually.ts'
import { fakeClusterApi } from '../../../support/fake-cluster-api.ts'
import { silentLog } from '../../../support/silent-log.ts'
import { scriptServer, type ScriptedServer } from './scripted-server.ts'

const kinds = ['clusters', 'clusterclasses', 'ipaddressclaims', 'ipaddresses'] as const
const all: readonly WatchedKind[] = [...kinds, ...inClusterPoolKinds]

const stopping: AbortController[] = []
afterEach(() => stopping.splice(0).forEach((controller) => controller.abort()))

interface Scene {
  readonly server: ScriptedServer
  readonly cache: CachedClusterApi
  readonly informers: { readonly [R in keyof WatchedObjects]?: Informer<WatchedObjects[R]> }
  /** Moves the clock on, in milliseconds. */
  pass(ms: number): void
}

/** Every kind is listed at 100 and watched. */
async function scene(
  options: {
    readonly calls?: Partial<ClusterApi>
    readonly objects?: Readonly<Record<string, readonly JsonObject[]>>
    readonly labelSelector?: string
    readonly namespaces?: readonly string[]
    /** Default: all but Namespaces. */
    readonly watches?: readonly WatchedKind[]
    readonly refused?: readonly string[]
    /** What the handler of every kind does with a change. */
    readonly onUpsert?: (object: ObjectMeta) => void
    /** What the handler of a kind does when that cannot be read. */
    readonly onUnreadable?: (plural: string) => void
  } = {},
): Promise<Scene> {
  const server = scriptServer()
  server.refuse(...(options.refused ?? []))
  const stop = new AbortController()
  stopping.push(stop)
  let now = Date.now()
  const cache = createCachedClusterApi({
    live: fakeClusterApi(options.calls ?? {}),
    now: () => now,
  })
  const pluralOf = (kind: WatchedKind): string => (typeof kind === 'string' ? kind : (kind.resource ?? ''))
  const watch = (resource: WatchedKind) => {
    const plural = pluralOf(resource)
    server.list(plural, 100, options.objects?.[plural] ?? [])
    return cache.startInformer({
      connection: server.connection,
      resource,
      handler: {
        onUpsert: options.onUpsert ?? (() => undefined),
        onDelete: () => undefined,
        onUnreadable: () => options.onUnreadable?.(plural),
      },
      signal: stop.signal,
      log: silentLog,
      ...(resource === 'clusters' && { labelSelector: options.labelSelector }),
      ...(options.namespaces !== undefined && { namespaces: options.namespaces }),
      tuning: { now: () => now },
    })
  }
  const watches = (options.watches ?? all).map((kind) => [pluralOf(kind), watch(kind)] as const)
  await eventually('all kinds to be watched', async () =>
    watches.every(([resource, { refusals }]) => server.opened(resource) > 0 || refusals.size > 0)
      ? true
      : undefined,
  )
  const informers = Object.fromEntries(watches) as Scene['informers']
  return { server, cache, informers, pass: (ms) => (now += ms) }
}

function at(resourceVersion: number, object: object): JsonObject {
  const { metadata, ...rest } = object as { readonly metadata?: object }
  return { ...rest, metadata: { ...metadata, resourceVersion: String(resourceVersion) } }
}

function cluster(name: string, version: number, host?: string): JsonObject {
  return at(version, clusterObject({ name, ...(host !== undefined && { endpoint: { host, port: 6443 } }) }))
}

function address(name: string, version: number, text = '10.0.0.10'): JsonObject {
  return at(version, {
    metadata: { namespace: 'clusters', name, uid: `uid-of-${name}` },
    spec: { address: text, claimRef: { name } },
  })
}

function claim(name: string, version: number, addressName?: string): JsonObject {
  const metadata = { namespace: 'clusters', name, uid: `uid-of-${name}` }
  return at(version, {
    metadata,
    ...(addressName !== undefined && { status: { addressRef: { name: addressName } } }),
  })
}

const demo = { namespace: 'clusters', name: 'demo' }
const own: IPAddress = ipAddressFrom(address('vip-cp-demo', 110))

async function namesBeside(cache: CachedClusterApi, ipAddress = own): Promise<readonly string[]> {
  const { clusters, ipAddresses } = await cache.listAddressUseOf(ipAddress)
  return [...clusters, ...ipAddresses].map(({ name }) => name).toSorted()
}

describe('a cached read', () => {
  it('returns the last received state of a Cluster', async () => {
    const { server, cache } = await scene({ objects: { clusters: [cluster('demo', 90)] } })
    await server.send('clusters', 'MODIFIED', cluster('demo', 105, '10.0.0.10'))
    const { resourceVersion } = (await cache.getCluster(demo)) as Cluster
    expect(resourceVersion).toBe('105')
  })

  it('knows who waits, and reads that live before it does', async () => {
    const waits = (name: string, version: number, reason = 'PoolExhausted'): JsonObject =>
      at(version, clusterObject({ name, conditions: [aVipCondition({ status: 'False', reason })] }))
    const { server, cache } = await scene({ objects: { clusters: [waits('b', 90), cluster('demo', 91)] } })
    const names = async (): Promise<readonly string[]> =>
      (await cache.readWaitingQueue()).waiters.map((waiter) => waiter.cluster.name)
    expect([cache.countWaiting(), await names()]).toEqual([1, ['b']])
    await server.send('clusters', 'ADDED', waits('a', 105))
    expect([cache.countWaiting(), await names()]).toEqual([2, ['a', 'b']])
    await server.send('clusters', 'MODIFIED', waits('b', 106, 'WaitingForAddress'))
    expect([cache.countWaiting(), await names()]).toEqual([1, ['a']])

    const live = fakeClusterApi({ readWaitingQueue: async () => ({ ...nobodyWaits, poolsOf: () => [] }) })
    const unlisted = createCachedClusterApi({ live, now: Date.now })
    expect([unlisted.countWaiting(), (await unlisted.readWaitingQueue()).waiters]).toEqual([undefined, []])
  })

  it('rejects before the kind has been listed', async () => {
    const cache = createCachedClusterApi({ live: fakeClusterApi({}), now: Date.now })
    await expect(cache.getCluster(demo)).rejects.toBeInstanceOf(StaleCacheError)
  })

  it('rejects while a change is undelivered because a handler failed', async () => {
    let fails = false
    const { server, cache } = await scene({
      objects: { clusters: [cluster('demo', 90)] },
      onUpsert: () => {
        if (fails) throw new Error('cannot handle it')
      },
    })
    fails = true
    await server.send('clusters', 'MODIFIED', cluster('demo', 105, '10.0.0.10'))
    await expect(cache.getCluster(demo)).rejects.toBeInstanceOf(StaleCacheError)
    fails = false
    await server.send('clusters', 'MODIFIED', cluster('demo', 106, '10.0.0.10'))
    expect((await cache.getCluster(demo))?.resourceVersion).toBe('106')
  })

  it('rejects if the watch has been silent for too long', async () => {
    const { cache, pass } = await scene({ objects: { clusters: [cluster('demo', 90)] } })
    pass(46_000)
    await expect(cache.getCluster(demo)).rejects.toThrow('does not work')
  })

  it('rejects for a namespace that is not watched', async () => {
    const { cache } = await scene({ namespaces: ['others'] })
    await expect(cache.getCluster(demo)).rejects.toThrow('clusters of clusters are not watched')
  })

  it('returns the class of a Cluster in another namespace once it is watched', async () => {
    const shared = { namespace: 'platform', name: 'shared' }
    const metadata = { ...shared, uid: 'uid-of-shared' }
    const { cache, informers } = await scene({
      namespaces: ['clusters'],
      objects: { clusterclasses: [at(90, { metadata })] },
    })
    await expect(cache.getClusterClass(shared)).rejects.toThrow('clusterclasses of platform are not watched')
    informers.clusterclasses?.alsoWatch([shared])
    await expect(cache.getClusterClass(shared)).rejects.toBeInstanceOf(StaleCacheError)
    await eventually('the class', () => cache.getClusterClass(shared).catch(() => undefined))
  })

  it('returns a class that may only be read by itself, for as long as its last read is fresh', async () => {
    const shared = { namespace: 'platform', name: 'shared' }
    const { cache, informers, pass } = await scene({
      namespaces: ['clusters'],
      objects: { clusterclasses: [at(90, { metadata: { ...shared, uid: 'uid-of-shared' } })] },
      refused: ['list clusterclasses in platform'],
    })
    informers.clusterclasses?.alsoWatch([shared])
    await eventually('the class', () => cache.getClusterClass(shared).catch(() => undefined))
    pass(46_000)
    await expect(cache.getClusterClass(shared)).rejects.toThrow('does not work')
  })

  it('returns the pools of the kinds that can be read, and rejects if none can', async () => {
    const pool = at(90, { metadata: { namespace: 'clusters', name: 'own', uid: 'uid-of-own' } })
    const { server, cache } = await scene({
      objects: { inclusterippools: [pool] },
      refused: ['list globalinclusterippools'],
    })
    expect((await cache.listIPPools('clusters')).map(({ name }) => name)).toEqual(['own'])
    server.refuse('list globalinclusterippools', 'list inclusterippools')
    server.expire('inclusterippools')
    await eventually('the refusal', () =>
      cache.listIPPools('clusters').then(
        () => undefined,
        (error: Error) => (error.message === 'no kind of pool can be read' ? true : undefined),
      ),
    )
  })

  it('hides from no handler that a kind cannot be read: the watcher counts it as listed then', async () => {
    const unreadable: string[] = []
    await scene({
      refused: ['list globalinclusterippools'],
      onUnreadable: (kind) => void unreadable.push(kind),
    })
    expect(unreadable).toEqual(['globalinclusterippools'])
  })

  describe('where a pool selects by the labels of Namespaces', () => {
    const annotations = { 'vip.capi.gorizond.io/namespace-selector': 'team=blue' }
    const pool = at(90, { metadata: { name: 'of-blue', uid: 'uid-of-blue', annotations } })
    const namespace = at(90, {
      metadata: { name: 'clusters', uid: 'uid-of-clusters', labels: { team: 'blue' } },
    })
    const isSelected = async (cache: CachedClusterApi): Promise<readonly unknown[]> =>
      (await cache.listIPPools('clusters')).map(({ selectsNamespace }) => selectsNamespace)

    it('tells whether it selects the Namespace', async () => {
      const objects = { globalinclusterippools: [pool], namespaces: [namespace] }
      const { server, cache } = await scene({ objects, watches: [...all, 'namespaces'] })
      expect(await isSelected(cache)).toEqual([true])
      await server.send(
        'namespaces',
        'MODIFIED',
        at(101, { metadata: { name: 'clusters', uid: 'uid-of-clusters' } }),
      )
      expect(await isSelected(cache)).toEqual([false])
    })

    it('rejects for a Namespace that is not in the cache, or if Namespaces are not watched yet', async () => {
      const objects = { globalinclusterippools: [pool], namespaces: [] }
      const { cache } = await scene({ objects, watches: [...all, 'namespaces'] })
      await expect(cache.listIPPools('clusters')).rejects.toThrow('Namespace clusters is not in the cache')
      const unwatched = await scene({ objects: { globalinclusterippools: [pool] } })
      await expect(unwatched.cache.listIPPools('clusters')).rejects.toBeInstanceOf(StaleCacheError)
    })

    it('knows nothing where Namespaces cannot be read, as a live read does not', async () => {
      const { cache } = await scene({
        objects: { globalinclusterippools: [pool] },
        watches: [...all, 'namespaces'],
        refused: ['list namespaces', 'get namespaces'],
      })
      expect(await isSelected(cache)).toEqual([undefined])
    })

    it('reads those of Clusters one by one where no list is permitted', async () => {
      const { cache, informers } = await scene({
        objects: { globalinclusterippools: [pool], namespaces: [namespace] },
        watches: [...all, 'namespaces'],
        refused: ['list namespaces'],
      })
      informers.namespaces?.alsoWatch([{ namespace: '', name: 'clusters' }])
      expect(await eventually('the Namespace', async () => (await isSelected(cache))[0])).toBe(true)
    })
  })

  it('returns the claims of a namespace that are labeled with the name of the Cluster', async () => {
    const claim = (namespace: string, name: string, of: string): JsonObject => ({
      metadata: {
        namespace,
        name,
        uid: `${namespace}-${name}`,
        resourceVersion: '90',
        labels: { 'cluster.x-k8s.io/cluster-name': of },
      },
    })
    const ipaddressclaims = [
      claim('clusters', 'vip-cp-demo-aaaaaaaa', 'demo'),
      claim('clusters', 'vip-cp-other', 'other'),
      claim('staging', 'vip-cp-demo', 'demo'),
    ]
    const { cache } = await scene({ objects: { ipaddressclaims } })
    const names = (await cache.listClaimsOf(demo)).map(({ name }) => name)
    expect(names).toEqual(['vip-cp-demo-aaaaaaaa'])
    const unwatched = await scene({ watches: ['clusters'] })
    await expect(unwatched.cache.listClaimsOf(demo)).rejects.toBeInstanceOf(StaleCacheError)
  })

  it('rejects for a namespace that cannot be read, and for no other', async () => {
    const { cache } = await scene({
      namespaces: ['clusters', 'staging'],
      objects: { clusters: [cluster('demo', 90)] },
      refused: ['list clusters in staging'],
    })
    await expect(cache.getCluster(demo)).resolves.toBeDefined()
    await expect(cache.getCluster({ ...demo, namespace: 'staging' })).rejects.toThrow('does not work')
  })

  it('rejects instead of reporting a Cluster as gone that its labels may hide', async () => {
    const { cache } = await scene({ labelSelector: 'a=b' })
    await expect(cache.getCluster(demo)).rejects.toThrow('some clusters are not watched')
  })

  it('rejects for a Cluster that has reservations', async () => {
    const annotations = { 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.12' }
    const { cache } = await scene({ objects: { clusters: [at(90, clusterObject({ annotations }))] } })
    await expect(cache.getCluster(demo)).rejects.toBeInstanceOf(StaleCacheError)
  })

  it('rejects for every request that undoes something', async () => {
    const { cache } = await scene()
    const stored = ipAddressClaimFrom(claim('vip-cp-demo', 90))
    await expect(cache.deleteIPAddressClaim(stored)).rejects.toBeInstanceOf(StaleCacheError)
    await expect(cache.deleteIPAddress(own)).rejects.toBeInstanceOf(StaleCacheError)
    await expect(cache.createIPAddress({})).rejects.toBeInstanceOf(StaleCacheError)
    await expect(cache.patchIPAddressClaim(stored, {})).rejects.toBeInstanceOf(StaleCacheError)
  })

  it('listens to a claim and its IPAddress', async () => {
    const { server, cache } = await scene()
    const listener = cache.listenToClaim({ namespace: 'clusters', name: 'vip-cp-demo' })
    const started = performance.now()
    await server.send('ipaddressclaims', 'ADDED', claim('vip-cp-demo', 101))
    await listener.untilChange()
    const change = listener.untilChange()
    await server.send('ipaddresses', 'ADDED', address('vip-cp-demo', 102))
    await change
    listener.close()
    // Without an event, each wait takes half a second.
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})

describe('our own writes', () => {
  const patching: Partial<ClusterApi> = {
    patchCluster: async () => clusterFrom(cluster('demo', 120, '10.0.0.10')),
    createIPAddressClaim: async () => ipAddressClaimFrom(claim('vip-cp-demo', 120)),
  }
  const before = { clusters: [cluster('demo', 90)] }

  it('are awaited before the object is read', async () => {
    const { server, cache } = await scene({ calls: patching, objects: before })
    await cache.patchCluster(clusterFrom(cluster('demo', 90)), [])
    const reading = cache.getCluster(demo)
    await server.send('clusters', 'MODIFIED', cluster('demo', 120, '10.0.0.10'))
    expect((await reading)?.controlPlaneEndpoint.host).toBe('10.0.0.10')
  })

  it('show that a watch lags if it does not deliver them in time', async () => {
    const { server, cache, pass } = await scene({ calls: patching, objects: before })
    await cache.patchCluster(clusterFrom(cluster('demo', 90)), [])
    pass(2_001)
    await expect(cache.getCluster(demo)).rejects.toThrow('lags, or has lost an event')
    await server.send('clusters', 'MODIFIED', cluster('demo', 120, '10.0.0.10'))
    await expect(cache.getCluster(demo)).resolves.toBeDefined()
  })

  it('show that a watch has lost events if it passes them without delivering them', async () => {
    const { server, cache } = await scene({ calls: patching, objects: before })
    await cache.createIPAddressClaim({})
    await server.send('ipaddressclaims', 'ADDED', claim('other', 121))
    const key = { namespace: 'clusters', name: 'other' }
    await expect(cache.getIPAddressClaim(key)).rejects.toThrow('lags, or has lost an event')
    server.list('ipaddressclaims', 130, [claim('vip-cp-demo', 120), claim('other', 121)])
    server.expire('ipaddressclaims')
    // The list found a lost change, so there may be more of them.
    await eventually('the list', () =>
      cache.getIPAddressClaim(key).then(
        () => undefined,
        (error: Error) => (error.message.includes('lost') ? true : undefined),
      ),
    )
    await eventually('the next watch', async () => server.opened('ipaddressclaims') > 1 || undefined)
    server.list('ipaddressclaims', 140, [claim('vip-cp-demo', 120), claim('other', 121)])
    server.expire('ipaddressclaims')
    await eventually('a list that finds nothing new', () =>
      cache.getIPAddressClaim(key).catch(() => undefined),
    )
  })

  it('are not expected in a namespace that cannot be read, and spoil no other', async () => {
    const elsewhere = { ...clusterFrom(cluster('other', 120)), namespace: 'staging' }
    const { cache, pass } = await scene({
      namespaces: ['clusters', 'staging'],
      objects: before,
      calls: { patchCluster: async () => elsewhere },
      refused: ['list clusters in staging'],
    })
    await cache.patchCluster(elsewhere, [])
    pass(2_001)
    await expect(cache.getCluster(demo)).resolves.toBeDefined()
  })

  it('are not awaited if their event arrived before their response', async () => {
    const { server, cache, pass } = await scene({ calls: patching, objects: before })
    await server.send('clusters', 'MODIFIED', cluster('demo', 120, '10.0.0.10'))
    await cache.patchCluster(clusterFrom(cluster('demo', 90)), [])
    pass(3_000)
    await expect(cache.getCluster(demo)).resolves.toBeDefined()
  })
})

describe('the users of an address', () => {
  const listed = { clusters: [cluster('demo', 90)], ipaddresses: [] }

  it('are only the IPAddress itself', async () => {
    const { server, cache } = await scene({ objects: listed })
    await server.send('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    expect(await namesBeside(cache)).toEqual(['vip-cp-demo'])
  })

  it('are Clusters and IPAddresses in whatever spelling', async () => {
    const { server, cache } = await scene({ objects: listed })
    await server.send('clusters', 'ADDED', cluster('typed', 101, '::ffff:10.0.0.10'))
    await server.send('ipaddresses', 'ADDED', address('vip-cp-other', 102))
    await server.send('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    expect(await namesBeside(cache)).toEqual(['typed', 'vip-cp-demo', 'vip-cp-other'])
  })

  it('include no object that has changed or is gone', async () => {
    const { server, cache } = await scene({ objects: { clusters: [cluster('typed', 90, '10.0.0.10')] } })
    await server.send('clusters', 'MODIFIED', cluster('typed', 101, '10.0.0.99'))
    await server.send('clusters', 'ADDED', cluster('brief', 102, '10.0.0.10'))
    await server.send('clusters', 'DELETED', cluster('brief', 103, '10.0.0.10'))
    await server.send('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    expect(await namesBeside(cache)).toEqual(['vip-cp-demo'])
  })

  it('are unknown while the IPAddress is not in the cache', async () => {
    const { cache } = await scene({ objects: listed })
    await expect(namesBeside(cache)).rejects.toThrow('is not in the cache yet')
  })

  it('are unknown while the cache has the IPAddress as it was created before its claim', async () => {
    const { server, cache } = await scene({ objects: listed })
    const owner = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', name: 'demo', uid: 'demo' }
    const adopted = {
      apiVersion: 'ipam.cluster.x-k8s.io/v1beta2',
      kind: 'IPAddressClaim',
      name: 'vip-cp-demo',
      uid: 'c',
    }
    const ownedBy = (version: number, ...ownerReferences: readonly object[]): JsonObject => {
      const { metadata, ...rest } = address('vip-cp-demo', version) as { metadata: object }
      return { ...rest, metadata: { ...metadata, ownerReferences } }
    }
    await server.send('ipaddresses', 'ADDED', ownedBy(110, owner))
    await expect(namesBeside(cache)).rejects.toThrow('is in the cache as it was before its claim')
    await server.send('ipaddresses', 'ADDED', address('vip-cp-other', 111))
    await server.send('ipaddresses', 'MODIFIED', ownedBy(112, owner, adopted))
    expect(await namesBeside(cache)).toEqual(['vip-cp-demo', 'vip-cp-other'])
  })

  it('are unknown if the cache has another IPAddress of the same name', async () => {
    const { server, cache } = await scene({ objects: listed })
    await server.send('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    await expect(namesBeside(cache, { ...own, uid: 'former' })).rejects.toThrow('is not in the cache yet')
  })

  it('include a Cluster, read live, whose IPAddress was deleted later than the cache of Clusters is synced', async () => {
    const read: string[] = []
    const { server, cache } = await scene({
      objects: { clusters: [cluster('demo', 90)], ipaddresses: [address('vip-cp-leaving', 80)] },
      calls: {
        getCluster: async ({ name }) => {
          read.push(name)
          return clusterFrom(cluster(name, 104, '10.0.0.10'))
        },
      },
    })
    await server.send('ipaddresses', 'DELETED', address('vip-cp-leaving', 105))
    await server.send('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    expect(await namesBeside(cache)).toEqual(['leaving', 'vip-cp-demo'])
    await server.send('clusters', 'ADDED', cluster('other', 106))
    expect(await namesBeside(cache)).toEqual(['vip-cp-demo'])
    expect(read).toEqual(['leaving'])
  })

  it('are unknown if the cache of Clusters is older than the list of IPAddresses', async () => {
    const { server, cache } = await scene({ objects: listed })
    server.list('ipaddresses', 120, [address('vip-cp-demo', 110)])
    server.expire('ipaddresses')
    await eventually('the list to be noticed', () =>
      namesBeside(cache).then(
        () => undefined,
        (error: Error) => (error.message.includes('older than the list of IPAddresses') ? true : undefined),
      ),
    )
    await server.send('clusters', 'ADDED', cluster('other', 121))
    expect(await namesBeside(cache)).toEqual(['vip-cp-demo'])
  })

  it('are unknown if a label selector hides Clusters', async () => {
    const { server, cache } = await scene({ labelSelector: 'a=b' })
    await server.send('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    await expect(namesBeside(cache)).rejects.toThrow('some Clusters are not watched')
  })
})
