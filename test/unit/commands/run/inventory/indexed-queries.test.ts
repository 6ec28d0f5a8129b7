import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createIndexedQueries } from '../../../../../src/commands/run/inventory/indexed-queries.ts'
import type { Cluster } from '../../../../../src/domain/model/cluster.ts'
import { SnapshotQueries } from '../../../../../src/domain/allocation/snapshot.ts'
import { vipStateOf } from '../../../../../src/domain/allocation/vip-state.ts'
import {
  aClaim,
  aCluster,
  aNamespace,
  anIPAddress,
  aPool,
  controlPlane,
  ingress,
  variables,
} from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'
import { holdsForAll } from '../../../../support/seeded-random.ts'

const prefix = 'vip.capi.gorizond.io'
const namespace = fc.constantFrom('clusters', 'staging')
const poolKind = fc.constantFrom('InClusterIPPool' as const, 'GlobalInClusterIPPool' as const)
const poolName = fc.constantFrom('one', 'two', 'three')

function maybe<T>(name: string, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return fc.option(value).map((chosen) => (chosen === null ? {} : { [`${prefix}/${name}`]: chosen }))
}

const somePool = fc
  .record({
    kind: poolKind,
    name: poolName,
    home: namespace,
    labels: fc
      .tuple(
        maybe('cluster-class', fc.constantFrom('a', 'b', 'true')),
        maybe('role', fc.constantFrom('ingress', 'control-plane', 'gateway')),
      )
      .map((parts) => Object.assign({}, ...parts)),
    annotations: fc
      .tuple(
        maybe('cluster-class', fc.constantFrom('a,b', 'classes/b', '*', '')),
        maybe('namespaces', fc.constantFrom('clusters', 'clusters,staging', 'elsewhere', '')),
        maybe('namespace-selector', fc.constantFrom('team=blue', '!team', '', 'team in blue')),
      )
      .map((parts) => Object.assign({}, ...parts)),
    deleting: fc.boolean(),
    free: fc.nat(1),
  })
  .map(({ home, free, ...pool }) =>
    aPool({
      ...pool,
      ...(pool.kind === 'InClusterIPPool' && { namespace: home }),
      capacity: { total: 1, used: 1 - free, free, outOfRange: 0 },
    }),
  )

const someCluster = fc
  .record({
    namespace,
    name: fc.constantFrom('demo', 'other'),
    paused: fc.boolean(),
    deleting: fc.boolean(),
    topology: fc.constantFrom(
      null,
      { classRef: { name: 'a' } },
      { classRef: { name: 'b', namespace: 'classes' } },
    ),
    endpoint: fc.constantFrom({}, { host: '10.0.0.10', port: 6443 }, { host: '10.0.0.10' }),
    annotations: fc
      .tuple(
        maybe('control-plane-pool', fc.constantFrom('one', 'GlobalInClusterIPPool/two')),
        maybe('ingress-pool', fc.constantFrom('two', 'InClusterIPPool/three')),
        maybe('ingress-enabled', fc.constantFrom('true', 'false', 'maybe')),
        maybe('control-plane-vip', fc.constant('10.0.0.10')),
      )
      .map((parts) => Object.assign({}, ...parts)),
  })
  .map(aCluster)

const someClaim = fc
  .record({
    namespace,
    name: fc.constantFrom('vip-cp-demo', 'vip-cp-other', 'vip-ingress-demo'),
    poolKind,
    poolName,
    bound: fc.boolean(),
    deleting: fc.boolean(),
    owner: fc.constantFrom('uid-of-demo', 'uid-of-former'),
  })
  .map(({ bound, owner, ...claim }) =>
    aClaim({
      ...claim,
      owners: [{ apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', name: 'demo', uid: owner }],
      ...(bound && { addressName: claim.name }),
    }),
  )

const someNamespace = fc
  .record({ name: namespace, labels: fc.constantFrom({}, { team: 'blue' }) })
  .map(aNamespace)

const someWorld = fc.record({
  namespaces: fc.array(someNamespace, { maxLength: 2 }),
  pools: fc.array(somePool, { maxLength: 5 }),
  clusters: fc.array(someCluster, { maxLength: 3 }),
  claims: fc.array(someClaim, { maxLength: 4 }),
  ipAddresses: fc.array(
    fc.record({ namespace, name: fc.constantFrom('vip-cp-demo', 'vip-ingress-demo') }).map(anIPAddress),
    { maxLength: 2 },
  ),
})

describe('the view that leaves out pools of other classes', () => {
  it('gives every VIP the phase and the reason that the whole view gives it', () => {
    holdsForAll(someWorld, (things) => {
      const known = aSnapshot(things)
      const [whole, quick] = [
        new SnapshotQueries(() => known, { variables }),
        createIndexedQueries(known, { variables }),
      ]
      for (const cluster of known.clusters.values()) {
        for (const vip of [controlPlane, ingress]) {
          const { phase, reason } = vipStateOf(cluster, vip, whole)
          expect(vipStateOf(cluster, vip, quick)).toMatchObject({ phase, reason })
        }
      }
    })
  })

  it('judges an unbound claim by its pool, though that is no longer for the class', () => {
    const cluster = aCluster()
    const pool = aPool({ labels: {}, capacity: { total: 1, used: 1, free: 0, outOfRange: 0 } })
    const known = aSnapshot({ clusters: [cluster], claims: [aClaim()], pools: [pool] })
    expect(vipStateOf(cluster, controlPlane, createIndexedQueries(known, { variables })).reason).toBe(
      'PoolExhausted',
    )
  })

  it('does not show a Cluster the global pools of another class', () => {
    const mine = aPool({ name: 'mine', labels: { [`${prefix}/cluster-class`]: 'a' } })
    const theirs = aPool({ name: 'theirs', labels: { [`${prefix}/cluster-class`]: 'b' } })
    const cluster = aCluster({ topology: { classRef: { name: 'a' } } })
    const view = createIndexedQueries(aSnapshot({ clusters: [cluster], pools: [mine, theirs] }), {
      variables,
    })
    expect(view.contextOf(cluster).pools).toEqual([mine])
  })

  it('keeps apart what Clusters of several classes see, and those that name their pool', () => {
    const [a, b] = ['a', 'b'].map((name) =>
      aPool({ name, uid: name, labels: { [`${prefix}/cluster-class`]: name } }),
    )
    const of = (name: string, annotations: Record<string, string> = {}): Cluster =>
      aCluster({ name, uid: name, annotations, topology: { classRef: { name: name.slice(0, 1) } } })
    const clusters = [
      of('a-first'),
      of('b-first'),
      of('a-named', { [`${prefix}/control-plane-pool`]: 'b' }),
      of('a-ingress', { [`${prefix}/ingress-pool`]: 'b', [`${prefix}/ingress-enabled`]: 'true' }),
      of('a-second'),
    ]
    const view = createIndexedQueries(
      aSnapshot({ clusters, pools: [a, b].filter((pool) => pool !== undefined) }),
      { variables },
    )
    const seen = clusters.map((cluster) =>
      view
        .contextOf(cluster)
        .pools.map(({ name }) => name)
        .join(' '),
    )
    expect(seen).toEqual(['a', 'b', 'b', 'a b', 'a'])
  })
})
