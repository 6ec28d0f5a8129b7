import { describe, expect, it } from '@jest/globals'
import { takeInventory, type Inventory } from '../../../../../src/commands/run/inventory/inventory.ts'
import {
  aClaim,
  aClass,
  aCluster,
  aNamespace,
  anIPAddress,
  anUncountedPool,
  aPool,
  aRetainedClaim,
  aVipCondition,
  variables,
  type ClusterOptions,
} from '../../../../support/builders.ts'
import { aSnapshot, type SnapshotObjects } from '../../../../support/snapshot.ts'

const classKey = 'vip.capi.gorizond.io/cluster-class'
const roleKey = 'vip.capi.gorizond.io/role'
const ofControlPlane = { [roleKey]: 'control-plane' }
const full = { total: 2, used: 2, free: 0, outOfRange: 0 }
const served: ClusterOptions = {
  endpoint: { host: '10.0.0.10', port: 6443 },
  annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' },
}

function inventoryOf(things: SnapshotObjects, orphaned: readonly string[] = []): Inventory {
  return takeInventory(aSnapshot(things), { variables }, new Set(orphaned))
}

describe('pools available', () => {
  function available(things: SnapshotObjects): Readonly<Record<string, number>> {
    const entries = inventoryOf(things).poolsAvailable.map(({ clusterClass, role, pools }) => [
      `${clusterClass} ${role}`,
      pools,
    ])
    return Object.fromEntries(entries)
  }
  const clusters = [aCluster()]

  it('are those that match a class and have room, each role for itself', () => {
    const pools = [
      aPool({ name: 'one' }),
      aPool({ name: 'two', kind: 'InClusterIPPool', namespace: 'elsewhere' }),
      aPool({ name: 'for-ingress', labels: { [classKey]: aClass, [roleKey]: 'ingress' } }),
      aPool({ name: 'of-others', labels: { [classKey]: 'others' } }),
    ]
    expect(available({ clusters, pools })).toEqual({
      [`${aClass} control-plane`]: 2,
      [`${aClass} ingress`]: 1,
    })
  })

  it.each<[string, ReturnType<typeof aPool>, number]>([
    ['full', aPool({ capacity: full }), 0],
    ['being deleted', aPool({ deleting: true }), 0],
    ['paused', aPool({ annotations: { 'cluster.x-k8s.io/paused': 'true' } }), 0],
    ['open to nobody', aPool({ annotations: { 'vip.capi.gorizond.io/namespaces': '' } }), 0],
    ['open to some namespace', aPool({ annotations: { 'vip.capi.gorizond.io/namespaces': 'a,b' } }), 1],
    ['not counted yet', anUncountedPool(), 1],
  ])('count one that is %s as far as it can give an address', (_, pool, expected) => {
    expect(available({ clusters, pools: [pool] })[`${aClass} control-plane`]).toBe(expected)
  })

  it.each([
    ['team=blue', 1],
    ['team=red', 0],
    ['team in blue', 0],
  ])('count one that selects a Namespace: %s', (selector, expected) => {
    const pools = [aPool({ annotations: { 'vip.capi.gorizond.io/namespace-selector': selector } })]
    const namespaces = [aNamespace({ name: 'other' }), aNamespace({ labels: { team: 'blue' } })]
    expect(available({ clusters, pools, namespaces })[`${aClass} control-plane`]).toBe(expected)
  })

  it('name a class once, though it exists in two namespaces and a Cluster names a third', () => {
    const inNamespace = (namespace: string): ReturnType<typeof aCluster> =>
      aCluster({ name: namespace, topology: { classRef: { name: 'k3s', namespace } } })
    const pools = [aPool({ labels: { [classKey]: 'true' }, annotations: { [classKey]: 'b/k3s' } })]
    expect(available({ clusters: [inNamespace('a'), inNamespace('b')], pools })).toEqual({
      'k3s control-plane': 1,
      'k3s ingress': 0,
    })
  })
})

describe('the addresses of pools', () => {
  it('are counted without those that the pool no longer has', () => {
    const pools = [aPool({ capacity: { total: 4, used: 3, free: 1, outOfRange: 2 } })]
    expect(inventoryOf({ pools }).poolAddresses).toEqual([
      { kind: 'GlobalInClusterIPPool', namespace: '', name: 'vip-pool', total: 4, free: 3, used: 1 },
    ])
  })

  it('are never less than none', () => {
    const pools = [aPool({ capacity: { total: 1, used: 3, free: -2, outOfRange: 0 } })]
    expect(inventoryOf({ pools }).poolAddresses).toMatchObject([{ total: 1, free: 0, used: 1 }])
  })

  it('are counted for pools for VIPs only: with a class, or with a claim of ours', () => {
    const pools = [
      aPool({ name: 'labeled' }),
      aPool({ name: 'claimed', labels: {} }),
      aPool({ name: 'claimed', labels: {}, kind: 'InClusterIPPool', namespace: 'elsewhere' }),
      aPool({ name: 'of-machines', labels: {} }),
    ]
    const claims = [
      aClaim({ poolName: 'claimed', labels: ofControlPlane }),
      aClaim({ name: 'machine-1', poolName: 'of-machines' }),
    ]
    const counted = inventoryOf({ pools, claims }).poolAddresses.map(({ kind, name }) => `${kind} ${name}`)
    expect(counted).toEqual(['GlobalInClusterIPPool labeled', 'GlobalInClusterIPPool claimed'])
  })

  it('are left out before the provider has counted them', () => {
    expect(inventoryOf({ pools: [anUncountedPool()] }).poolAddresses).toEqual([])
  })
})

describe('claims', () => {
  it('are counted by role and namespace, with and without an address', () => {
    const claims = [
      aClaim({ name: 'vip-cp-a', labels: ofControlPlane, addressName: 'x' }),
      aClaim({ name: 'vip-cp-b', labels: ofControlPlane }),
      aClaim({ name: 'vip-cp-a', namespace: 'staging', labels: ofControlPlane }),
      aClaim({ name: 'vip-ingress-a', labels: { [roleKey]: 'ingress' }, addressName: 'y' }),
    ]
    expect(inventoryOf({ claims }).claims).toEqual([
      { role: 'control-plane', namespace: 'clusters', total: 2, ready: 1, pending: 1 },
      { role: 'control-plane', namespace: 'staging', total: 1, ready: 0, pending: 1 },
      { role: 'ingress', namespace: 'clusters', total: 1, ready: 1, pending: 0 },
    ])
  })

  it.each([
    ['no label and no owner', aClaim({ name: 'vip-cp-a', owners: [] })],
    ['the label of another role', aClaim({ name: 'vip-cp-a', labels: { [roleKey]: 'ingress' } })],
    ['another name', aClaim({ name: 'machine-1', labels: ofControlPlane })],
  ])('with %s are not ours', (_, claim) => {
    expect(inventoryOf({ claims: [claim] }).claims).toEqual([])
  })

  it('are leaked by role where their Cluster has been gone for long', () => {
    const claims = [
      aClaim({ name: 'vip-cp-a', uid: 'old', labels: ofControlPlane }),
      aClaim({ name: 'vip-cp-b', uid: 'new', labels: ofControlPlane }),
    ]
    expect(inventoryOf({ claims }, ['old']).leaked).toEqual([
      { role: 'control-plane', claims: 1 },
      { role: 'ingress', claims: 0 },
    ])
  })
})

describe('the queues', () => {
  it('have the VIPs that wait for each pool, and since when the first of them does', () => {
    const since = (second: number) => [
      aVipCondition({ status: 'False', reason: 'PoolExhausted', since: `2026-03-01T00:00:0${second}Z` }),
    ]
    const clusters = [
      aCluster({
        name: 'a',
        conditions: since(5),
        annotations: { 'vip.capi.gorizond.io/queue-priority': '3' },
      }),
      aCluster({ name: 'b', conditions: since(2) }),
      aCluster({ name: 'c' }),
    ]
    const pools = [aPool({ capacity: full }), aPool({ name: 'of-others', labels: { [classKey]: 'others' } })]
    expect(inventoryOf({ clusters, pools }).queues).toEqual([
      {
        kind: 'GlobalInClusterIPPool',
        namespace: '',
        name: 'vip-pool',
        vips: 2,
        since: '2026-03-01T00:00:02Z',
      },
    ])
  })
})

describe('waiting Clusters', () => {
  it('are counted by role and reason', () => {
    const clusters = [
      aCluster({ name: 'a' }),
      aCluster({ name: 'b' }),
      aCluster({ name: 'c', paused: true }),
      aCluster({ name: 'd', topology: { classRef: { name: 'unheard-of' } } }),
      aCluster({ name: 'e', annotations: { 'vip.capi.gorizond.io/ingress-enabled': 'true' } }),
    ]
    const pools = [aPool({ capacity: full })]
    expect(inventoryOf({ clusters, pools }).waiting).toEqual([
      { role: 'control-plane', reason: 'PoolExhausted', clusters: 3 },
      { role: 'control-plane', reason: 'ClusterPaused', clusters: 1 },
      { role: 'control-plane', reason: 'NoMatchingPool', clusters: 1 },
      { role: 'ingress', reason: 'NoMatchingPool', clusters: 1 },
    ])
  })

  it.each<[string, ClusterOptions]>([
    ['served', served],
    ['given an endpoint by hand', { endpoint: { host: '192.0.2.1', port: 6443 } }],
    ['being deleted', { deleting: true }],
    ['without a topology', { topology: null }],
  ])('are not those that are %s', (_, cluster) => {
    const claims = [aClaim({ addressName: 'vip-cp-demo' })]
    const things = { clusters: [aCluster(cluster)], claims, ipAddresses: [anIPAddress()] }
    expect(inventoryOf(things).waiting).toEqual([])
  })
})

describe('lost addresses', () => {
  it('are VIPs of ours that no claim holds, and nobody waits for them', () => {
    const inventory = inventoryOf({ clusters: [aCluster(served)], pools: [aPool()] })
    expect(inventory.lost).toEqual([
      { role: 'control-plane', addresses: 1 },
      { role: 'ingress', addresses: 0 },
    ])
    expect(inventory.waiting).toEqual([])
  })

  it('are none where the claims hold them', () => {
    const claims = [aClaim({ addressName: 'vip-cp-demo' })]
    const things = { clusters: [aCluster(served)], claims, ipAddresses: [anIPAddress()] }
    expect(inventoryOf(things).lost).toMatchObject([{ addresses: 0 }, { addresses: 0 }])
  })
})

describe('reserved addresses', () => {
  it('are the IPAddresses that only keep a duplicate out of circulation', () => {
    const labels = { 'vip.capi.gorizond.io/reserved-by': 'demo' }
    const ipAddresses = [anIPAddress(), anIPAddress({ name: 'vip-reserved-demo-10.0.0.11', labels })]
    expect(inventoryOf({ ipAddresses }).reserved).toBe(1)
  })
})

describe('addresses that are kept', () => {
  const retaining = aPool({ annotations: { 'vip.capi.gorizond.io/retain': '24h' } })
  const vipPool = { kind: 'GlobalInClusterIPPool', namespace: '', name: 'vip-pool' }

  it('are counted by pool, also by one that retains nothing any more or is gone', () => {
    const held = { claims: [aRetainedClaim()], ipAddresses: [anIPAddress()] }
    for (const pools of [[retaining], [aPool()]]) {
      expect(inventoryOf({ pools, ...held }).kept).toEqual([{ ...vipPool, addresses: 1 }])
    }
    expect(inventoryOf(held).kept).toEqual([{ ...vipPool, namespace: 'clusters', addresses: 1 }])
  })

  it('count from zero where a pool retains addresses, and nowhere else', () => {
    expect(inventoryOf({ pools: [retaining, aPool({ name: 'other' })] }).kept).toEqual([
      { ...vipPool, addresses: 0 },
    ])
  })

  it('are none of a Cluster that is there', () => {
    const objects = { clusters: [aCluster()], pools: [retaining], claims: [aRetainedClaim()] }
    expect(inventoryOf(objects).kept).toEqual([{ ...vipPool, addresses: 0 }])
  })
})
