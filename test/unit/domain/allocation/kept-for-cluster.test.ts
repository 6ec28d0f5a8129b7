import { describe, expect, it } from '@jest/globals'
import type { Action, Observed } from '../../../../src/domain/allocation/action.ts'
import { afterAction } from '../../../../src/domain/allocation/after-action.ts'
import { nextAction } from '../../../../src/domain/allocation/next-action.ts'
import {
  claimAmong,
  claimsByLabelFor,
  clusterOwning,
  ownerClustersOf,
  ownershipOf,
  type IPAddressClaim,
} from '../../../../src/domain/model/claim.ts'
import type { IPPool } from '../../../../src/domain/model/pool.ts'
import {
  clusterUidAnnotation,
  keptSinceAnnotation,
  keptUntilAnnotation,
  retainAnnotation,
} from '../../../../src/domain/names.ts'
import {
  aClaim,
  aCluster,
  anIPAddress,
  anObservation,
  aPool,
  aRetainedClaim,
  ownerReference,
  type ClaimOptions,
  type ClusterOptions,
} from '../../../support/builders.ts'
import { queriesOf } from '../../../support/snapshot.ts'

const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'
const retaining = aPool({ annotations: { [retainAnnotation]: '24h' } })
const named = { 'cluster.x-k8s.io/cluster-name': 'demo', 'vip.capi.gorizond.io/role': 'control-plane' }

/** A claim that outlives the Cluster with this uid. */
const retained = (uid = 'uid-of-demo', options: ClaimOptions = {}) =>
  aRetainedClaim({ ...options, annotations: { [clusterUidAnnotation]: uid, ...options.annotations } })
const kept = retained('uid-of-before', { annotations: { [keptUntilAnnotation]: '2026-12-01T00:00:00Z' } })

function next(cluster: ClusterOptions, things: Partial<Observed> = {}): Action {
  return nextAction(
    anObservation({ pools: [retaining], ...things, cluster: aCluster(cluster) }),
    'control-plane',
  )
}

describe('a claim that outlives its Cluster', () => {
  it('belongs to the Cluster whose uid it has, and else to a previous one', () => {
    expect(ownershipOf(retained(), aCluster())).toEqual({ owner: 'this-cluster' })
    expect(ownershipOf(kept, aCluster())).toEqual({ owner: 'previous-cluster', uid: 'uid-of-before' })
    expect(clusterOwning(kept)).toEqual({ namespace: 'clusters', name: 'demo', uid: 'uid-of-before' })
    expect(ownerClustersOf(kept)).toEqual(['uid-of-before'])
  })

  it('is no claim of a Cluster of another name that looks like its longer name', () => {
    const claim = retained('uid', { name: 'vip-cp-demo-12345678' })
    expect(ownershipOf(claim, aCluster({ name: 'demo-12345678' }))).toMatchObject({ owner: 'other' })
  })

  it('belongs to its owner if it has one', () => {
    const claim = retained('uid-of-before', { owners: [ownerReference(aCluster())] })
    expect(ownershipOf(claim, aCluster())).toEqual({ owner: 'this-cluster' })
  })

  it('is the one that the annotation names, if a move has given the Cluster another uid', () => {
    const longer = retained('uid-of-before', { name: 'vip-cp-demo-uid-of-b' })
    const annotations = { 'vip.capi.gorizond.io/control-plane-claim': longer.name }
    expect(claimAmong(aCluster({ annotations }), [kept, longer])).toBe(longer)
    expect(claimAmong(aCluster(), [kept])).toBe(kept)
  })
})

describe('a claim that was kept under the longer name of another uid', () => {
  const longerKept = (uid: string, since: string, options: ClaimOptions = {}): IPAddressClaim =>
    retained(uid, {
      name: `vip-cp-demo-${uid.slice(0, 8)}`,
      addressName: `vip-cp-demo-${uid.slice(0, 8)}`,
      annotations: { [keptSinceAnnotation]: since, [keptUntilAnnotation]: '2026-12-01T00:00:00Z' },
      ...options,
    })
  const older = longerKept('aaaaaaaa-1', '2026-01-01T00:00:00Z')
  const newer = longerKept('bbbbbbbb-1', '2026-01-02T00:00:00Z')
  const ipAddress = anIPAddress({ name: newer.name, claimName: newer.name })
  const observedWith = (
    cluster: ClusterOptions,
    claims: readonly IPAddressClaim[],
    pools: readonly IPPool[] = [retaining],
  ): Observed => {
    const clusters = [aCluster(cluster)]
    return queriesOf({ clusters, claims, ipAddresses: [ipAddress], pools }).observed(
      clusters[0] ?? aCluster(),
      'control-plane',
    )
  }
  const actionWith = (...things: Parameters<typeof observedWith>): Action =>
    nextAction(observedWith(...things), 'control-plane')

  it('is found by its labels, the one that was kept last first', () => {
    const others = [
      kept,
      aClaim({ name: 'vip-cp-demo-cccccccc', labels: named }),
      longerKept('dddddddd-1', '2026-01-03T00:00:00Z', { name: 'vip-ingress-demo-dddddddd' }),
      longerKept('eeeeeeee-1', '2026-01-03T00:00:00Z', { deleting: true }),
      longerKept('ffffffff-1', '2026-01-03T00:00:00Z', {
        labels: { ...named, 'cluster.x-k8s.io/cluster-name': 'demo-ffffffff' },
      }),
    ]
    const found = claimsByLabelFor(aCluster(), 'control-plane', [...others, older, newer])
    expect(found.map(({ name }) => name)).toEqual([newer.name, older.name, kept.name])
  })

  it('is given back to a Cluster of this name that has no claim', () => {
    expect(actionWith({}, [older, newer])).toEqual({ action: 'adoptClaim', claim: newer })
    expect(actionWith({}, [newer], [aPool()])).toMatchObject({ action: 'selectPool' })
  })

  it('stays the claim of the Cluster before its annotation has the name', () => {
    const own = longerKept('aaaaaaaa-1', '', { annotations: { [clusterUidAnnotation]: 'uid-of-demo' } })
    expect(ownershipOf(own, aCluster())).toEqual({ owner: 'this-cluster' })
    expect(observedWith({}, [newer, own]).claim).toBe(own)
  })

  it('comes after one that has a name of the Cluster', () => {
    expect(observedWith({}, [newer, kept]).claim).toBe(kept)
  })

  it('is no obstacle to a Cluster that asks for another address, nor to one that has a VIP', () => {
    const asking = { annotations: { 'vip.capi.gorizond.io/control-plane-address': '10.0.0.17' } }
    const observed = observedWith(asking, [newer])
    const selected = nextAction(observed, 'control-plane')
    expect(selected).toMatchObject({ action: 'selectPool', choice: { restore: { address: '10.0.0.17' } } })
    const after = afterAction(observed, 'control-plane', selected)
    expect(nextAction(after, 'control-plane')).toMatchObject({
      action: 'restoreAddress',
      claimName: 'vip-cp-demo',
    })
    const served: ClusterOptions = {
      endpoint: { host: '10.0.0.18', port: 6443 },
      annotations: { [vipAnnotation]: '10.0.0.18' },
    }
    expect(actionWith(served, [newer])).not.toMatchObject({ action: 'wait' })
    const same: ClusterOptions = {
      endpoint: { host: ipAddress.address, port: 6443 },
      annotations: { [vipAnnotation]: ipAddress.address },
    }
    expect(actionWith(same, [newer])).toEqual({ action: 'adoptClaim', claim: newer })
  })
})

describe('the claim of a Cluster', () => {
  it('is created for what its pool says', () => {
    expect(next({})).toMatchObject({ action: 'selectPool', choice: { retain: '24h' } })
    const { poolRef } = aClaim()
    const choice = { poolRef, considered: [], retain: '24h' }
    expect(next({}, { choice, pools: [] })).toMatchObject({ action: 'createClaim', retain: '24h' })
    expect(next({}, { choice, pools: [aPool()] })).not.toHaveProperty('retain')
    expect(next({}, { pools: [aPool()] })).not.toHaveProperty('choice.retain')
  })

  it.each<[string, Readonly<Record<string, string>>, readonly IPPool[]]>([
    ['its pool says the same as before', { [retainAnnotation]: '24h' }, [retaining]],
    ['its pool is gone', { [retainAnnotation]: '2h' }, []],
    [
      'its pool is unreadable',
      { [retainAnnotation]: '2h' },
      [aPool({ annotations: { [retainAnnotation]: '1d' } })],
    ],
  ])('stays as it is if %s', (_, annotations, pools) => {
    const claim = retained('uid-of-demo', { annotations })
    expect(next({}, { pools, ipAddress: anIPAddress(), claim })).toMatchObject({ action: 'patchCluster' })
  })

  it.each<[string, IPAddressClaim, readonly IPPool[], string]>([
    [
      'outlive it, if its pool retains addresses now',
      aClaim({ addressName: 'vip-cp-demo' }),
      [retaining],
      '24h',
    ],
    [
      'outlive it for another time',
      retained('uid-of-demo', { annotations: { [retainAnnotation]: '2h' } }),
      [retaining],
      '24h',
    ],
    ['go with it, if its pool retains nothing now', retained(), [aPool()], 'none'],
  ])('is made to %s', (_, claim, pools, retain) => {
    const observed = anObservation({ pools, ipAddress: anIPAddress(), claim })
    const action = nextAction(observed, 'control-plane')
    expect(action).toEqual({ action: 'convertClaim', claim, retain })
    const after = afterAction(observed, 'control-plane', action)
    expect(nextAction(after, 'control-plane')).toMatchObject({ action: 'patchCluster' })
    expect(after.claim?.ownerReferences).toHaveLength(retain === 'none' ? 1 : 0)
    expect(after.claim && ownershipOf(after.claim, aCluster())).toEqual({ owner: 'this-cluster' })
  })

  it('stays as it is if others own it too, or the Cluster is paused', () => {
    const owners = [ownerReference(aCluster()), { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }]
    const claim = aClaim({ owners, labels: named, addressName: 'vip-cp-demo' })
    expect(next({}, { claim, ipAddress: anIPAddress() })).toMatchObject({ action: 'patchCluster' })
    expect(next({ paused: true }, { claim: aClaim() })).toMatchObject({ action: 'wait' })
  })
})

describe('a claim that was kept for a Cluster of this name', () => {
  it('is taken over by a new one that may use its pool, and is kept no more', () => {
    const observed = anObservation({ pools: [retaining], claim: kept, ipAddress: anIPAddress() })
    const action = nextAction(observed, 'control-plane')
    expect(action).toEqual({ action: 'adoptClaim', claim: kept })
    const { claim } = afterAction(observed, 'control-plane', action)
    expect(claim?.annotations).toEqual({ [clusterUidAnnotation]: 'uid-of-demo', [retainAnnotation]: '24h' })
    expect(claim?.ownerReferences).toEqual([])
  })

  it('is taken over although its pool is full', () => {
    const full = { ...retaining, capacity: { total: 1, used: 1, free: 0, outOfRange: 0 } }
    expect(next({}, { pools: [full], claim: kept })).toMatchObject({ action: 'adoptClaim' })
  })

  it.each<[string, ClusterOptions]>([
    ['is for another class now', { topology: { classRef: { name: 'other' }, version: 'v1.35.4' } }],
    [
      'is not the one that the Cluster names',
      { annotations: { 'vip.capi.gorizond.io/control-plane-pool': 'second' } },
    ],
  ])('stays where it is if its pool %s, and the Cluster has a claim beside it', (_, cluster) => {
    const labels = { 'vip.capi.gorizond.io/cluster-class': 'true' }
    const annotations = { 'vip.capi.gorizond.io/cluster-class': '*' }
    const second = aPool({ name: 'second', labels, annotations })
    const things = { pools: [retaining, second], claim: kept }
    expect(next(cluster, things)).toMatchObject({
      action: 'selectPool',
      choice: { poolRef: { name: 'second' } },
    })
    const { poolRef } = aClaim({ poolName: 'second' })
    expect(next(cluster, { ...things, choice: { poolRef, considered: [] } })).toMatchObject({
      action: 'createClaim',
      claimName: 'vip-cp-demo-uid-of-d',
    })
  })

  it.each<[string, ClusterOptions]>([
    [
      'endpoint and annotation',
      { endpoint: { host: '10.0.0.10', port: 6443 }, annotations: { [vipAnnotation]: '10.0.0.10' } },
    ],
    ['annotation', { annotations: { [vipAnnotation]: '10.0.0.10' } }],
    ['endpoint', { endpoint: { host: '10.0.0.10', port: 6443 } }],
  ])('is taken over by one that has its address already, by its %s', (_, cluster) => {
    const things = { claim: kept, ipAddress: anIPAddress(), pools: [] }
    expect(next(cluster, things)).toEqual({ action: 'adoptClaim', claim: kept })
  })

  it('is waited for by one that has another address from us, whose name for a claim it has', () => {
    const cluster = {
      endpoint: { host: '10.0.0.11', port: 6443 },
      annotations: { [vipAnnotation]: '10.0.0.11' },
    }
    expect(next(cluster, { claim: kept, ipAddress: anIPAddress() })).toMatchObject({
      action: 'wait',
      reason: 'WaitingForAddress',
      message: expect.stringContaining('kept for clusters/demo until 2026-12-01T00:00:00Z'),
    })
  })

  it('is left to its time by one whose endpoint is set by hand', () => {
    const cluster = { endpoint: { host: '10.9.9.9', port: 6443 } }
    expect(next(cluster, { claim: kept, ipAddress: anIPAddress() })).toMatchObject({
      action: 'patchCluster',
      writes: 'rest',
    })
  })
})
