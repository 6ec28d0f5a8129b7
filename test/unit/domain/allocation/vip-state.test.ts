import { describe, expect, it } from '@jest/globals'
import { isUnsettled, vipStateOf, type VipState } from '../../../../src/domain/allocation/vip-state.ts'
import {
  aClaim,
  aCluster,
  aClusterClass,
  anIPAddress,
  aPool,
  controlPlane,
  ingress,
  ownerReference,
  type ClusterOptions,
} from '../../../support/builders.ts'
import { queriesOf, type SnapshotObjects } from '../../../support/snapshot.ts'

const recorded = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
const endpoint = { host: '10.0.0.10', port: 6443 }
const served: ClusterOptions = { endpoint, annotations: recorded }
const bound = aClaim({ addressName: 'vip-cp-demo' })
const held: SnapshotObjects = { claims: [bound], ipAddresses: [anIPAddress()], pools: [aPool()] }
const full = aPool({ capacity: { total: 2, used: 2, free: 0, outOfRange: 0 } })

function stateOf(cluster: ClusterOptions, things: SnapshotObjects = {}, vip = controlPlane): VipState {
  const made = aCluster(cluster)
  return vipStateOf(made, vip, queriesOf({ clusters: [made], ...things }))
}

function condition(reason: string, status = 'False', message = `because of ${reason}`): object {
  const type = 'vip.capi.gorizond.io/ControlPlaneVIPReady'
  return { type, status, reason, message, lastTransitionTime: '2026-01-02T03:30:00Z' }
}

describe('how a VIP stands', () => {
  it.each<[string, ClusterOptions, SnapshotObjects, string, string]>([
    ['in place and held', served, held, 'Served', 'Allocated'],
    ['paused and in place', { ...served, paused: true }, held, 'Served', 'Allocated'],
    ['wanted, with a pool', {}, { pools: [aPool()] }, 'Waiting', 'WaitingForAddress'],
    ['wanted, without any pool', {}, {}, 'Waiting', 'NoMatchingPool'],
    ['wanted, with a full pool', {}, { pools: [full] }, 'Waiting', 'PoolExhausted'],
    ['claimed on a full pool', {}, { pools: [full], claims: [aClaim()] }, 'Waiting', 'PoolExhausted'],
    ['claimed on a pool that is gone', {}, { claims: [aClaim()] }, 'Waiting', 'PoolNotReady'],
    [
      'claimed on a full pool beside one with room',
      {},
      { pools: [full, aPool({ name: 'second' })], claims: [aClaim()] },
      'Waiting',
      'WaitingForAddress',
    ],
    ['bound and not assigned yet', {}, held, 'Waiting', 'WaitingForAddress'],
    [
      'behind a claim of somebody else',
      {},
      {
        pools: [aPool()],
        claims: [aClaim({ owners: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'theirs', uid: 'u' }] })],
      },
      'Waiting',
      'ClaimConflict',
    ],
    [
      'behind a claim that is going',
      {},
      { pools: [aPool()], claims: [aClaim({ deleting: true })] },
      'Waiting',
      'WaitingForAddress',
    ],
    ['wanted by a paused Cluster', { paused: true }, { pools: [aPool()] }, 'Paused', 'ClusterPaused'],
    ['lost by a paused Cluster', { ...served, paused: true }, {}, 'Paused', 'ClusterPaused'],
    ['of a Cluster being deleted', { ...served, deleting: true }, held, 'Deleting', 'ClusterDeleted'],
    ['typed by hand', { endpoint }, {}, 'Manual', 'EndpointAlreadySet'],
    [
      'typed by hand over ours',
      { endpoint: { host: '10.9.9.9', port: 6443 }, annotations: recorded },
      held,
      'Manual',
      'EndpointAlreadySet',
    ],
    [
      'typed by hand without its port',
      { endpoint: { host: '10.9.9.9' } },
      {},
      'Waiting',
      'WaitingForAddress',
    ],
    ['in place without a claim', served, {}, 'Lost', 'AddressLost'],
    ['in place beside an unbound claim', served, { claims: [aClaim()] }, 'Lost', 'PoolNotReady'],
    [
      'in place beside a claim without its IPAddress',
      served,
      { claims: [bound] },
      'Lost',
      'WaitingForAddress',
    ],
    [
      'in place beside a claim for another address',
      served,
      { claims: [bound], ipAddresses: [anIPAddress({ address: '10.0.0.11' })] },
      'Lost',
      'AddressLost',
    ],
    ['dropped from the Cluster', { annotations: recorded }, held, 'Waiting', 'WaitingForAddress'],
    [
      'dropped, and its claim is gone',
      { annotations: recorded },
      { pools: [aPool()] },
      'Waiting',
      'AddressLost',
    ],
    ['dropped, and without any pool', { annotations: recorded }, {}, 'Waiting', 'NoMatchingPool'],
    [
      'dropped, and in a closed pool beside one with room',
      { annotations: recorded },
      { pools: [aPool({ labels: {} }), aPool({ name: 'second', addresses: ['10.1.0.10'] })] },
      'Waiting',
      'WaitingForAddress',
    ],
    ['in place, and its claim and all pools are gone', served, {}, 'Lost', 'AddressLost'],
    ['of a Cluster without topology', { topology: null }, {}, 'NotWanted', 'NoMatchingPool'],
  ])('%s', (_, cluster, things, phase, reason) => {
    expect(stateOf(cluster, things)).toMatchObject({ phase, reason })
  })

  it('is waited for while the class has a variable that the Cluster lacks', () => {
    const clusterClasses = [aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] })]
    expect(stateOf(served, { ...held, clusterClasses })).toMatchObject({
      phase: 'Waiting',
      message: 'IPAddressClaim clusters/vip-cp-demo holds 10.0.0.10; it is not assigned in full yet',
    })
  })

  it.each<[string, ClusterOptions, SnapshotObjects, string, string]>([
    [
      'beside a pool with room',
      {},
      { pools: [aPool()] },
      'WaitingForAddress',
      'GlobalInClusterIPPool/vip-pool has room; no run has taken an address yet',
    ],
    [
      'whose claim is gone',
      { annotations: recorded },
      { pools: [aPool()] },
      'AddressLost',
      'the claim of Cluster clusters/demo is gone; 10.0.0.10 has to be reserved again',
    ],
    [
      'with a claim that nobody owns',
      {},
      { pools: [aPool()], claims: [aClaim({ owners: [] })] },
      'WaitingForAddress',
      'IPAddressClaim clusters/vip-cp-demo has no owner; no run has adopted it yet',
    ],
    [
      'behind the claim of a former Cluster',
      {},
      { pools: [aPool()], claims: [aClaim({ owners: [{ ...ownerReference(aCluster()), uid: 'old' }] })] },
      'WaitingForAddress',
      'IPAddressClaim clusters/vip-cp-demo belongs to the former Cluster clusters/demo (uid old); a new one follows when it is gone',
    ],
    [
      'with an address that another Cluster has',
      {},
      { ...held, clusters: [aCluster({ name: 'x', uid: 'x', endpoint })] },
      'DuplicateAddress',
      '10.0.0.10 is the endpoint of Cluster clusters/x',
    ],
    [
      'by hand, without its port',
      { endpoint: { host: '10.9.9.9' } },
      {},
      'WaitingForAddress',
      'endpoint 10.9.9.9:0 of Cluster clusters/demo has no port or variable yet',
    ],
  ])('is explained before a run says more: one %s', (_, cluster, things, reason, message) => {
    const made = aCluster(cluster)
    const clusters = [made, ...(things.clusters ?? [])]
    expect(vipStateOf(made, controlPlane, queriesOf({ ...things, clusters }))).toMatchObject({
      reason,
      message,
    })
  })

  it('is not lost as long as not everything is known', () => {
    expect(stateOf(served, { isComplete: false })).toMatchObject({ phase: 'Served' })
  })

  it('is told for each role on its own', () => {
    expect(stateOf(served, held, ingress)).toMatchObject({ role: 'ingress', phase: 'NotWanted' })
    const annotations = { ...recorded, 'vip.capi.gorizond.io/ingress-enabled': 'true' }
    expect(stateOf({ endpoint, annotations }, held, ingress)).toMatchObject({
      phase: 'Waiting',
      reason: 'NoMatchingPool',
    })
    const unreadable = { 'vip.capi.gorizond.io/ingress-enabled': 'maybe' }
    expect(stateOf({ annotations: unreadable }, held, ingress)).toMatchObject({ reason: 'AllocationFailed' })
  })

  it('names address, pool, claim and IPAddress as far as they are there', () => {
    const names = { pool: 'GlobalInClusterIPPool/vip-pool', claim: 'vip-cp-demo', ipAddress: 'vip-cp-demo' }
    expect(stateOf(served, held)).toMatchObject({ address: '10.0.0.10', ...names })
    expect(stateOf({}, held)).toMatchObject({ phase: 'Waiting', address: '10.0.0.10', ...names })
    const nothing = { address: undefined, pool: undefined, claim: undefined, ipAddress: undefined }
    expect(stateOf({})).toMatchObject(nothing)
  })
})

describe('our condition on the Cluster', () => {
  it('says why it waits, and since when', () => {
    expect(stateOf({ conditions: [condition('ClusterRejected')] }, held)).toMatchObject({
      phase: 'Waiting',
      reason: 'ClusterRejected',
      message: 'because of ClusterRejected',
      since: '2026-01-02T03:30:00Z',
    })
  })

  it('says since when the VIP is in place', () => {
    expect(stateOf({ ...served, conditions: [condition('Allocated', 'True')] }, held)).toMatchObject({
      phase: 'Served',
      since: '2026-01-02T03:30:00Z',
    })
  })

  it.each<[string, ClusterOptions, SnapshotObjects, string, string]>([
    ['was written before the pause', { paused: true }, { pools: [full] }, 'PoolExhausted', 'ClusterPaused'],
    ['was written while it was paused', {}, { pools: [full] }, 'ClusterPaused', 'PoolExhausted'],
    ['was written before the VIP came', served, held, 'PoolExhausted', 'Allocated'],
    ['was written before the VIP was lost', served, {}, 'Allocated', 'AddressLost'],
    ['has a reason that is none of ours', {}, { pools: [full] }, 'Whatever', 'PoolExhausted'],
  ])('does not count where it %s', (_, cluster, things, told, reason) => {
    expect(stateOf({ ...cluster, conditions: [condition(told)] }, things)).toMatchObject({
      reason,
      since: '2026-01-02T03:04:05Z',
    })
  })

  it('of another type does not count', () => {
    const other = { ...condition('ClusterRejected'), type: 'vip.capi.gorizond.io/IngressVIPReady' }
    expect(stateOf({ conditions: [other] }, { pools: [full] })).toMatchObject({ reason: 'PoolExhausted' })
  })
})

describe('isUnsettled', () => {
  it.each([
    ['Waiting', true],
    ['Paused', true],
    ['Lost', true],
    ['Served', false],
    ['Manual', false],
    ['Deleting', false],
    ['NotWanted', false],
  ] as const)('%s: %p', (phase, expected) => {
    expect(isUnsettled({ phase })).toBe(expected)
  })
})

describe('the address of a VIP', () => {
  it('is not that of the claim of a previous Cluster', () => {
    const owners = [ownerReference({ name: 'demo', uid: 'old' })]
    const things = { ...held, claims: [aClaim({ addressName: 'vip-cp-demo', owners })] }
    expect(stateOf({}, things)).toMatchObject({ phase: 'Waiting', address: undefined, claim: 'vip-cp-demo' })
    expect(stateOf({}, held).address).toBe('10.0.0.10')
  })
})
