import { describe, expect, it } from '@jest/globals'
import type { ClusterClass } from '../../../../src/domain/model/cluster-class.ts'
import type { Cluster } from '../../../../src/domain/model/cluster.ts'
import { formatKey } from '../../../../src/domain/model/object-meta.ts'
import { forecastOf } from '../../../../src/commands/pools/forecast.ts'
import { poolsReport, type PoolOverview } from '../../../../src/commands/pools/pools-report.ts'
import {
  aVipCondition,
  aClaim,
  aCluster,
  aClusterClass,
  aNamespace,
  anIPAddress,
  anUncountedPool,
  aPool,
  ownerReference,
  variables,
  type ClusterOptions,
} from '../../../support/builders.ts'
import { aSnapshot, type SnapshotObjects } from '../../../support/snapshot.ts'

const left = (
  free: number,
): { capacity: { total: number; used: number; free: number; outOfRange: number } } => ({
  capacity: { total: 11, used: 11 - free, free, outOfRange: 0 },
})

/** Waits, and was created at this minute. */
function waiting(name: string, minute: number, options: ClusterOptions = {}): Cluster {
  return aCluster({
    name,
    uid: name,
    created: `2026-01-02T03:${String(minute).padStart(2, '0')}:00Z`,
    ...options,
  })
}

/** `name: what it gets of which pool`. */
function forecast(things: SnapshotObjects): readonly string[] {
  return forecastOf(aSnapshot(things), { variables }).expectations.map(
    ({ cluster, role, gets, pool, reason }) =>
      `${cluster.name} ${role}: ${gets} of ${pool?.name ?? 'none'}${reason === undefined ? '' : ` (${reason})`}`,
  )
}

describe('a forecast', () => {
  it('serves the oldest first, counting down what each pool has', () => {
    const clusters = [waiting('young', 30), waiting('old', 10), waiting('middle', 20)]
    expect(forecast({ clusters, pools: [aPool({ ...left(2) })] })).toEqual([
      'old control-plane: address of vip-pool',
      'middle control-plane: address of vip-pool',
      'young control-plane: nothing of vip-pool (PoolExhausted)',
    ])
  })

  it('serves both addresses of a pair, each from a pool of its family', () => {
    const annotations = { 'vip.capi.gorizond.io/ip-families': 'IPv4,IPv6' }
    const six = aPool({ name: 'six', addresses: ['fd00::10-fd00::20'], ...left(1) })
    const clusters = [waiting('one', 1, { annotations }), waiting('two', 2, { annotations })]
    expect(forecast({ clusters, pools: [aPool({ ...left(9) }), six] })).toEqual([
      'one control-plane: address of vip-pool',
      'one control-plane: address of six',
      'two control-plane: address of vip-pool',
      'two control-plane: nothing of six (PoolExhausted)',
    ])
  })

  it('takes no address for a pair whose first one is held, but shows what the second one waits for', () => {
    const annotations = { 'vip.capi.gorizond.io/ip-families': 'IPv4,IPv6' }
    const one = waiting('demo', 1, { annotations })
    const claim = aClaim({ owners: [ownerReference(one)], addressName: 'vip-cp-demo' })
    const things = { clusters: [one], claims: [claim], ipAddresses: [anIPAddress()], pools: [aPool()] }
    expect(forecast(things)).toEqual(['demo control-plane: nothing of none (NoMatchingPool)'])
  })

  it('goes on to the next pool where one is used up', () => {
    const pools = [aPool({ name: 'a', ...left(1) }), aPool({ name: 'b', ...left(1) })]
    expect(
      forecast({ clusters: [waiting('one', 1), waiting('two', 2), waiting('three', 3)], pools }),
    ).toEqual([
      'one control-plane: address of a',
      'two control-plane: address of b',
      'three control-plane: nothing of a (PoolExhausted)',
    ])
  })

  it('opens a pool to the Namespaces that it selects, and to no other', () => {
    const clusters = [
      waiting('first', 1, { namespace: 'blue' }),
      waiting('second', 2, { namespace: 'red' }),
      waiting('third', 3, { namespace: 'unread' }),
      waiting('fourth', 4, { namespace: 'blue' }),
    ]
    const namespaces = ['blue', 'red'].map((name) => aNamespace({ name, labels: { team: name } }))
    const pools = [
      aPool({ annotations: { 'vip.capi.gorizond.io/namespace-selector': 'team=blue' }, ...left(2) }),
    ]
    expect(forecast({ clusters, namespaces, pools })).toEqual([
      'first control-plane: address of vip-pool',
      'second control-plane: nothing of none (NoMatchingPool)',
      'third control-plane: nothing of none (NoMatchingPool)',
      'fourth control-plane: address of vip-pool',
    ])
  })

  it('gives nothing while no kind of pool is served, as the condition says', () => {
    const snapshot = { ...aSnapshot({ clusters: [waiting('one', 1)] }), unservedPools: 'install x' }
    expect(forecastOf(snapshot, { variables }).expectations).toMatchObject([
      {
        gets: 'nothing',
        reason: 'PoolNotReady',
        message: expect.stringMatching(/^install x, or name a pool/),
      },
    ])
  })

  it('gives nothing to a Cluster whose class may not be read, as a run would', () => {
    const cluster = waiting('one', 1)
    const key = formatKey(cluster.topology?.clusterClass ?? { namespace: '', name: '' })
    const unread = new Map([[key, 'may not get it']])
    const withClass = (classes: readonly ClusterClass[]) =>
      forecastOf(
        {
          ...aSnapshot({ clusters: [cluster], clusterClasses: classes, pools: [aPool()] }),
          unreadClasses: unread,
        },
        { variables },
      ).expectations
    expect(withClass([])).toMatchObject([
      { gets: 'nothing', reason: 'AllocationFailed', message: 'may not get it' },
    ])
    expect(withClass([aClusterClass({ declared: [], accepted: [] })])).toMatchObject([{ gets: 'address' }])
  })

  it('counts each role', () => {
    const annotations = { 'vip.capi.gorizond.io/ingress-enabled': 'true' }
    const both = { 'vip.capi.gorizond.io/role': 'control-plane,ingress' }
    expect(
      forecast({
        clusters: [waiting('one', 1, { annotations })],
        pools: [aPool({ annotations: both, ...left(1) })],
      }),
    ).toEqual(['one control-plane: address of vip-pool', 'one ingress: nothing of vip-pool (PoolExhausted)'])
  })

  it('keeps a claim on its pool, and moves it where that has no room', () => {
    const claims = ['one', 'two'].map((name) =>
      aClaim({ name: `vip-cp-${name}`, poolName: 'b', owners: [ownerReference({ name, uid: name })] }),
    )
    const pools = [aPool({ name: 'a', ...left(1) }), aPool({ name: 'b', ...left(1) })]
    expect(forecast({ clusters: [waiting('one', 1), waiting('two', 2)], claims, pools })).toEqual([
      'one control-plane: address of b',
      'two control-plane: address of a',
    ])
    const paused = aPool({ name: 'b', annotations: { 'cluster.x-k8s.io/paused': '' } })
    expect(forecast({ clusters: [waiting('one', 1)], claims, pools: [paused] })).toEqual([
      'one control-plane: nothing of b (PoolNotReady)',
    ])
  })

  it('does not know what a pool has that was not counted yet', () => {
    expect(forecast({ clusters: [waiting('one', 1)], pools: [anUncountedPool()] })).toEqual([
      'one control-plane: unknown of vip-pool',
    ])
  })

  it('keeps a claim on a pool that was not counted yet', () => {
    const claims = [
      aClaim({ name: 'vip-cp-one', poolName: 'b', owners: [ownerReference({ name: 'one', uid: 'one' })] }),
    ]
    const pools = [aPool({ name: 'a' }), anUncountedPool({ name: 'b' })]
    expect(forecast({ clusters: [waiting('one', 1)], claims, pools })).toEqual([
      'one control-plane: unknown of b',
    ])
  })

  it('does not go by a claim that the Cluster cannot use', () => {
    const claim = {
      name: 'vip-cp-one',
      poolName: 'b',
      owners: [ownerReference({ name: 'one', uid: 'one' })],
    }
    const pools = [aPool({ name: 'a' }), aPool({ name: 'b' })]
    const clusters = [waiting('one', 1)]
    expect(forecast({ clusters, claims: [aClaim({ ...claim, deleting: true })], pools })).toEqual([
      'one control-plane: address of a',
    ])
    expect(forecast({ clusters, claims: [aClaim(claim)], pools })).toEqual([
      'one control-plane: address of b',
    ])
  })

  it('tells whether the claim is there already', () => {
    const claims = [aClaim({ name: 'vip-cp-one', owners: [ownerReference({ name: 'one', uid: 'one' })] })]
    const known = aSnapshot({ clusters: [waiting('one', 1), waiting('two', 2)], claims, pools: [aPool()] })
    const { expectations } = forecastOf(known, { variables })
    expect(expectations.map(({ cluster, hasClaim }) => [cluster.name, hasClaim])).toEqual([
      ['one', true],
      ['two', false],
    ])
  })

  it('says who has no pool at all', () => {
    expect(forecast({ clusters: [waiting('one', 1)] })).toEqual([
      'one control-plane: nothing of none (NoMatchingPool)',
    ])
  })

  it.each<[string, Cluster, SnapshotObjects]>([
    ['has its VIP', waiting('one', 1, { endpoint: { host: '10.0.0.10', port: 6443 } }), {}],
    ['is paused', waiting('one', 1, { paused: true }), {}],
    [
      'is to have the address again that it had',
      waiting('one', 1, { annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' } }),
      {},
    ],
    [
      'has an address that is not assigned yet',
      waiting('one', 1),
      {
        claims: [
          aClaim({
            name: 'vip-cp-one',
            addressName: 'x',
            owners: [ownerReference({ name: 'one', uid: 'one' })],
          }),
        ],
      },
    ],
  ])('leaves out a Cluster that %s', (_, cluster, things) => {
    expect(forecast({ clusters: [cluster], pools: [aPool()], ...things })).toEqual([])
  })

  it.each<[string, SnapshotObjects, string]>([
    [
      'whose pool is closed to it',
      {
        pools: [aPool({ name: 'a', labels: {} }), aPool({ name: 'b', addresses: ['10.1.0.10'] })],
      },
      'address of b',
    ],
    [
      'that somebody else has',
      {
        clusters: [aCluster({ name: 'other', endpoint: { host: '10.0.0.10', port: 6443 } })],
        pools: [aPool()],
      },
      'address of vip-pool',
    ],
    ['for which there is no pool', {}, 'nothing of none (NoMatchingPool)'],
  ])('counts a Cluster whose annotation names an address %s', (_, things, gets) => {
    const one = waiting('one', 1, { annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' } })
    expect(forecast({ ...things, clusters: [one, ...(things.clusters ?? [])] })).toEqual([
      `one control-plane: ${gets}`,
    ])
  })

  it('leaves out such a Cluster where its claim is on the way', () => {
    const one = waiting('one', 1, { annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.9.9.9' } })
    const claims = [aClaim({ name: 'vip-cp-one', owners: [ownerReference({ name: 'one', uid: 'one' })] })]
    expect(forecast({ clusters: [one], claims, pools: [aPool()] })).toEqual([])
  })

  it('names the ClusterClasses without a pool by namespace and name', () => {
    const own = aClusterClass({ declared: [], accepted: [] })
    const clusterClasses = [
      { ...own, name: 'c' },
      { ...own, name: 'a' },
      { ...own, name: 'b' },
    ]
    const { classesWithoutPool } = forecastOf(aSnapshot({ clusterClasses }), { variables })
    expect(classesWithoutPool.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  it('names the ClusterClasses without a pool', () => {
    const clusterClasses = [aClusterClass({ declared: [], accepted: [] })]
    const classes = (things: SnapshotObjects): readonly object[] =>
      forecastOf(aSnapshot({ clusterClasses, ...things }), { variables }).classesWithoutPool
    expect(classes({})).toEqual([{ namespace: 'clusters', name: 'rke2-cluster-class' }])
    expect(classes({ pools: [aPool({ ...left(0) })] })).toEqual([])
    expect(classes({ pools: [aPool({ kind: 'InClusterIPPool', namespace: 'elsewhere' })] })).toHaveLength(1)
    const there = aCluster({
      namespace: 'elsewhere',
      topology: { classRef: { name: 'rke2-cluster-class', namespace: 'clusters' } },
    })
    expect(
      classes({ clusters: [there], pools: [aPool({ kind: 'InClusterIPPool', namespace: 'elsewhere' })] }),
    ).toEqual([])
  })
})

describe('the overview of a pool', () => {
  function overview(things: SnapshotObjects): readonly PoolOverview[] {
    return poolsReport(aSnapshot(things), { variables }).pools
  }

  it('has the queue of those who wait, in the order of their turns', () => {
    const since = (second: number) => [
      aVipCondition({ status: 'False', reason: 'PoolExhausted', since: `2026-03-01T00:00:0${second}Z` }),
    ]
    const clusters = [
      aCluster({ name: 'late', conditions: since(9) }),
      aCluster({ name: 'early', conditions: since(1) }),
      aCluster({ name: 'new' }),
      aCluster({ name: 'other', conditions: since(0), topology: { classRef: { name: 'other' } } }),
    ]
    const pools = [aPool({ capacity: { total: 1, used: 1, free: 0, outOfRange: 0 } })]
    const [pool] = overview({ clusters, pools })
    expect(pool?.queue.map(({ cluster }) => cluster.name)).toEqual(['early', 'late'])
    expect(pool?.queue[0]).toEqual({
      cluster: { namespace: 'clusters', name: 'early' },
      role: 'control-plane',
      since: '2026-03-01T00:00:01Z',
      priority: 0,
    })
  })

  it('says what it has and for whom', () => {
    const pool = aPool({
      capacity: { total: 11, used: 4, free: 6, outOfRange: 1 },
      labels: { 'vip.capi.gorizond.io/cluster-class': 'true' },
      annotations: {
        'vip.capi.gorizond.io/cluster-class': 'a, clusters/b',
        'vip.capi.gorizond.io/role': 'control-plane, ingress',
        'vip.capi.gorizond.io/priority': '7',
        'vip.capi.gorizond.io/namespaces': 'x, y',
      },
    })
    expect(overview({ pools: [pool] })).toEqual([
      {
        kind: 'GlobalInClusterIPPool',
        namespace: '',
        name: 'vip-pool',
        state: 'Ready',
        addresses: ['10.0.0.10-10.0.0.20'],
        capacity: { total: 11, used: 4, free: 6, outOfRange: 1 },
        available: 7,
        claimsWaiting: 0,
        clustersWaiting: 0,
        queue: [],
        classes: ['a', 'clusters/b'],
        roles: ['control-plane', 'ingress'],
        priority: 7,
        namespaces: ['x', 'y'],
        namespaceSelector: undefined,
        kept: [],
        retain: undefined,
        network: '',
      },
    ])
  })

  it('has the defaults where the pool says nothing', () => {
    expect(overview({ pools: [aPool({ labels: {} })] })).toMatchObject([
      { classes: [], roles: ['control-plane'], priority: 0, namespaces: undefined },
    ])
  })

  it.each([
    ['Ready', aPool()],
    ['Exhausted', aPool({ ...left(0) })],
    ['Paused', aPool({ annotations: { 'cluster.x-k8s.io/paused': '' } })],
    ['Deleting', aPool({ deleting: true })],
    ['NotCounted', anUncountedPool()],
  ])('is %s', (state, pool) => {
    expect(overview({ pools: [pool] })).toMatchObject([{ state }])
  })

  it('counts claims without an address, and Clusters that would choose it', () => {
    const claims = [
      aClaim({ owners: [ownerReference({ name: 'demo', uid: 'demo' })] }),
      aClaim({ name: 'theirs', owners: [] }),
      aClaim({ name: 'bound', owners: [], addressName: 'x' }),
      aClaim({ name: 'elsewhere', owners: [], poolName: 'other' }),
      aClaim({ name: 'going', owners: [], deleting: true }),
    ]
    const clusters = [waiting('demo', 1), waiting('second', 2), waiting('third', 3)]
    expect(overview({ pools: [aPool({ ...left(0) })], claims, clusters })).toMatchObject([
      { claimsWaiting: 2, clustersWaiting: 2 },
    ])
  })

  it('counts no Cluster that would choose another pool, or none', () => {
    const pools = [aPool({ uid: 'chosen', ...left(0) }), aPool({ name: 'z', uid: 'other', ...left(0) })]
    const homeless = waiting('homeless', 2, { topology: { classRef: { name: 'of-nobody' } } })
    expect(overview({ pools, clusters: [waiting('one', 1), homeless] })).toMatchObject([
      { name: 'vip-pool', clustersWaiting: 1 },
      { name: 'z', clustersWaiting: 0 },
    ])
  })

  it('counts the claims of its own namespace', () => {
    const pools = ['clusters', 'elsewhere'].map((namespace) =>
      aPool({ kind: 'InClusterIPPool', namespace, uid: namespace }),
    )
    expect(overview({ pools, claims: [aClaim({ poolKind: 'InClusterIPPool', owners: [] })] })).toMatchObject([
      { namespace: 'clusters', claimsWaiting: 1 },
      { namespace: 'elsewhere', claimsWaiting: 0 },
    ])
  })

  it('comes by kind, namespace and name', () => {
    const pools = [
      aPool({ kind: 'InClusterIPPool', name: 'b', uid: '1' }),
      aPool({ kind: 'InClusterIPPool', name: 'a', uid: '2' }),
      aPool({ name: 'c', uid: '3' }),
    ]
    expect(overview({ pools }).map(({ name }) => name)).toEqual(['c', 'a', 'b'])
  })
})
