import { describe, expect, it } from '@jest/globals'
import type { Cluster } from '../../../src/domain/model/cluster.ts'
import type { IPAddressClaim } from '../../../src/domain/model/claim.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import { createClusterChanges } from '../../../src/runtime-extension/cluster-changes.ts'
import {
  createVipReader,
  type ReaderLimits,
  type VipReader,
} from '../../../src/runtime-extension/vip-reader.ts'
import {
  aClaim,
  aCluster,
  aClusterClass,
  anIPAddress,
  aPool,
  variables,
  type ClusterOptions,
} from '../../support/builders.ts'
import { SnapshotQueries, type Snapshot } from '../../../src/domain/allocation/snapshot.ts'
import { aSnapshot, type SnapshotObjects } from '../../support/snapshot.ts'

const endpoint = { host: '10.0.0.10', port: 6443 }
const key = { namespace: 'clusters', name: 'demo', uid: 'uid-of-demo' }
const assigned = { state: 'assigned', endpoint, address: '10.0.0.10' }
const clusterClass = aClusterClass({ declared: [], accepted: [] })
const soon = {
  state: 'pending',
  comesSoon: true,
  message: 'Cluster clusters/demo has no control-plane VIP yet',
}

interface Scene {
  readonly reader: VipReader
  readonly requested: readonly string[]
  /** Objects that were read live. */
  readonly reads: readonly string[]
  /** Puts other objects into the cache, and reports a change of the Cluster. */
  change(objects: SnapshotObjects): void
  trouble: string | undefined
  readonly stop: AbortController
  readonly close: AbortController
}

interface SceneOptions {
  /** Undefined: no watcher has started. */
  readonly cached?: SnapshotObjects
  readonly live?: { readonly cluster?: Cluster; readonly claim?: IPAddressClaim }
  readonly liveFailure?: KubernetesError
  readonly claimFailure?: KubernetesError
  readonly namespaces?: readonly string[]
  readonly limits?: Partial<ReaderLimits>
}

function sceneOf({
  cached,
  live = {},
  liveFailure,
  claimFailure,
  namespaces = [],
  limits,
}: SceneOptions): Scene {
  let snapshot: Snapshot | undefined = cached && withBasics(cached)
  const changes = createClusterChanges()
  const requested: string[] = []
  const reads: string[] = []
  const stop = new AbortController()
  const close = new AbortController()
  const read = async <T>(name: string, object: T, failure?: KubernetesError): Promise<T> => {
    reads.push(name)
    await Promise.resolve()
    if (failure !== undefined) throw failure
    return object
  }
  const queries = new SnapshotQueries(() => snapshot ?? aSnapshot({}), { variables })
  const scene: Omit<Scene, 'reader'> = {
    requested,
    reads,
    stop,
    close,
    trouble: undefined,
    change(objects) {
      changes.publish(key)
      snapshot = withBasics(objects)
    },
  }
  const reader = createVipReader({
    watched: () => snapshot && { queries, requestRun: ({ name }) => void requested.push(name) },
    changes,
    api: {
      getClusterLive: () => read('Cluster', live.cluster, liveFailure),
      getIPAddressClaim: ({ name }) =>
        read(name, name === live.claim?.name ? live.claim : undefined, claimFailure),
      getIPAddressLive: ({ name }) => read(`address ${name}`, anIPAddress()),
    },
    settings: { variables },
    served: { namespaces, watchFilter: undefined },
    trouble: () => scene.trouble,
    signal: stop.signal,
    closed: close.signal,
    ...(limits !== undefined && { limits }),
  })
  return Object.assign(scene, { reader })
}

function withBasics(objects: SnapshotObjects): Snapshot {
  return aSnapshot({ clusterClasses: [clusterClass], pools: [aPool()], ...objects })
}

function cachedCluster(options: ClusterOptions = {}): SnapshotObjects {
  return { clusters: [aCluster(options)] }
}

function unavailable(): KubernetesError {
  return new KubernetesError('away', { kind: 'unavailable', status: 0 })
}

describe('the VIP of a served Cluster', () => {
  it('is answered from the cache, without any request', async () => {
    const { reader, reads, requested } = sceneOf({ cached: cachedCluster({ endpoint }) })
    expect(await reader.awaitVip(key)).toEqual(assigned)
    expect([reads, requested]).toEqual([[], []])
  })

  it('is answered while Temporal is away', async () => {
    const scene = sceneOf({ cached: cachedCluster({ endpoint }) })
    scene.trouble = 'Temporal cannot be reached'
    expect(await scene.reader.awaitVip(key)).toEqual(assigned)
  })

  it.each<[string, SceneOptions]>([
    ['no watcher has started', {}],
    ['claims are not listed yet', { cached: { ...cachedCluster({ endpoint }), isComplete: false } }],
    [
      'the cache has a previous Cluster of its name',
      { cached: cachedCluster({ uid: 'previous', endpoint: { host: '10.0.0.99', port: 1 } }) },
    ],
    ['the cache does not have it', { cached: {} }],
    ['it is in a namespace that is not served', { cached: {}, namespaces: ['other'] }],
  ])('is read live if %s', async (_, options) => {
    const { reader, reads } = sceneOf({ ...options, live: { cluster: aCluster({ endpoint }) } })
    expect(await reader.awaitVip(key)).toEqual(assigned)
    expect(reads).toEqual(['Cluster', 'vip-cp-demo', 'vip-cp-demo-uid-of-d'])
  })

  it('is compared with its claim also if it is read live', async () => {
    const live = {
      cluster: aCluster({ endpoint: { host: '10.0.0.11', port: 6443 } }),
      claim: aClaim({ addressName: 'vip-cp-demo' }),
    }
    const { reader, reads } = sceneOf({ live })
    expect(await reader.awaitVip(key)).toMatchObject({ state: 'pending', comesSoon: false })
    expect(reads).toContain('address vip-cp-demo')
  })

  it('is answered also where claims may not be read', async () => {
    const claimFailure = new KubernetesError('no', { kind: 'forbidden', status: 403 })
    const { reader } = sceneOf({ live: { cluster: aCluster({ endpoint }) }, claimFailure })
    expect(await reader.awaitVip(key)).toEqual(assigned)
  })

  it('is not guessed while the API server is away', async () => {
    const pending = {
      state: 'pending',
      comesSoon: false,
      message: 'Cluster clusters/demo cannot be read now',
    }
    const live = { cluster: aCluster({ endpoint }) }
    expect(await sceneOf({ liveFailure: unavailable() }).reader.awaitVip(key)).toEqual(pending)
    expect(await sceneOf({ live, claimFailure: unavailable() }).reader.awaitVip(key)).toEqual(pending)
  })
})

describe('the VIP of a new Cluster', () => {
  it('is waited for, and its run is requested', async () => {
    const scene = sceneOf({ cached: cachedCluster() })
    const answer = scene.reader.awaitVip(key)
    scene.change(cachedCluster({ labels: { other: 'change' } }))
    await Promise.resolve()
    scene.change(cachedCluster({ endpoint }))
    expect(await answer).toEqual(assigned)
    expect([scene.requested, scene.reads]).toEqual([['demo'], []])
  })

  it('is waited for if the API server has the Cluster before the cache does', async () => {
    const scene = sceneOf({ cached: {}, live: { cluster: aCluster() } })
    const answer = scene.reader.awaitVip(key)
    while (scene.reads.length === 0) await Promise.resolve()
    await Promise.resolve()
    scene.change(cachedCluster({ endpoint }))
    expect(await answer).toEqual(assigned)
  })

  it('is answered in a bounded time', async () => {
    const { reader } = sceneOf({ cached: cachedCluster(), limits: { waitMs: 20 } })
    expect(await reader.awaitVip(key)).toEqual(soon)
  })

  it.each<[string, SceneOptions, string]>([
    [
      'waits for a person',
      { cached: { ...cachedCluster(), pools: [] } },
      'has no control-plane VIP yet (NoMatchingPool); its condition vip.capi.gorizond.io/ControlPlaneVIPReady says more',
    ],
    ['does not exist', { cached: {} }, 'with uid uid-of-demo does not exist'],
    [
      'exists under another uid',
      { live: { cluster: aCluster({ uid: 'new' }) } },
      'with uid uid-of-demo does not exist',
    ],
    [
      'is not served',
      { cached: {}, live: { cluster: aCluster() }, namespaces: ['other'] },
      'is not served by this capi-vip-allocator (--namespace, --watch-filter)',
    ],
  ])('that %s is answered at once', async (_, options, what) => {
    const { reader, requested } = sceneOf({ ...options, limits: { waitMs: 60_000 } })
    expect(await reader.awaitVip(key)).toEqual({
      state: 'pending',
      comesSoon: false,
      message: `Cluster clusters/demo ${what}`,
    })
    expect(requested).toEqual([])
  })

  it('is not waited for while Temporal is away, which the answer says', async () => {
    const scene = sceneOf({ cached: cachedCluster(), limits: { waitMs: 60_000 } })
    scene.trouble = 'Temporal cannot be reached'
    expect(await scene.reader.awaitVip(key)).toEqual({
      ...soon,
      message: `${soon.message}; Temporal cannot be reached`,
    })
  })

  it.each<[string, SceneOptions]>([
    ['starts', {}],
    ['ends', { cached: cachedCluster() }],
  ])('is read live until another replica has assigned it by a process that %s', async (_, options) => {
    const live: { cluster: Cluster } = { cluster: aCluster() }
    const scene = sceneOf({ ...options, live, limits: { waitMs: 60_000 } })
    const answer = scene.reader.awaitVip(key)
    scene.stop.abort()
    live.cluster = aCluster({ endpoint })
    expect(await answer).toEqual(assigned)
  })

  it('is not waited for, nor read, once nobody can be answered', async () => {
    const scene = sceneOf({ live: { cluster: aCluster() }, limits: { waitMs: 60_000 } })
    const answer = scene.reader.awaitVip(key)
    scene.stop.abort()
    scene.close.abort()
    expect(await answer).toEqual(soon)
    expect(scene.reads).toEqual(['Cluster'])
  })

  it('is not waited for by more calls than the limit', async () => {
    const scene = sceneOf({ cached: cachedCluster(), limits: { waitMs: 60_000, waits: 1 } })
    const first = scene.reader.awaitVip(key)
    expect(await scene.reader.awaitVip(key)).toEqual(soon)
    scene.change(cachedCluster({ endpoint }))
    expect(await first).toEqual(assigned)
  })

  it('is not read live by more calls than the limit', async () => {
    const { reader, reads } = sceneOf({ limits: { liveReads: 1 }, live: { cluster: aCluster({ endpoint }) } })
    const first = reader.awaitVip(key)
    expect(await reader.awaitVip(key)).toEqual({
      state: 'pending',
      comesSoon: false,
      message: 'Cluster clusters/demo has not been read yet',
    })
    expect(await first).toEqual(assigned)
    expect(reads.filter((read) => read === 'Cluster')).toHaveLength(1)
    expect(await reader.awaitVip(key)).toEqual(assigned)
  })
})

describe('a look without a wait', () => {
  it('finds nothing about a Cluster that is not served', () => {
    expect(sceneOf({ namespaces: ['other'] }).reader.peek(aCluster())).toBeUndefined()
  })

  it('takes the Cluster from the cache, or else from the request', () => {
    const cached = sceneOf({ cached: cachedCluster({ endpoint }) })
    expect(cached.reader.peek(aCluster())).toEqual(assigned)
    const other = sceneOf({ cached: {} })
    expect(other.reader.peek(aCluster({ endpoint }))).toEqual(assigned)
    expect(other.reader.peek(aCluster())).toEqual(soon)
  })

  it('says that nothing is known before the watcher has started, and why', () => {
    const scene = sceneOf({})
    scene.trouble = 'Temporal cannot be reached'
    expect(scene.reader.peek(aCluster())).toEqual({
      state: 'pending',
      comesSoon: false,
      message: 'Cluster clusters/demo has no control-plane VIP yet; Temporal cannot be reached',
    })
  })
})
