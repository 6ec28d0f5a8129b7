import { describe, expect, it } from '@jest/globals'
import type { Cluster } from '../../../src/domain/model/cluster.ts'
import type { IPPool } from '../../../src/domain/model/pool.ts'
import type { Role } from '../../../src/domain/role.ts'
import { fastPathPollTimeoutMs, beginsWithinMs } from '../../../src/domain/timings.ts'
import { poolsUsableBy, type ClaimBinding } from '../../../src/domain/allocation/snapshot.ts'
import {
  requestForCluster,
  requestForBinding,
  requestForHeldVip,
  clustersToServe,
  clustersToRestore,
  type PoolChange,
} from '../../../src/watcher/allocation-triggers.ts'
import {
  aClaim,
  aCluster,
  aClusterClass,
  anIPAddress,
  aPool,
  aVipCondition,
  controlPlane,
  ingress,
  type ClusterOptions,
  type PoolOptions,
} from '../../support/builders.ts'

const endpoint = { host: '10.0.0.10', port: 6443 }
const annotations = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
const asks = { 'vip.capi.gorizond.io/control-plane-enabled': 'true' }
const full = { total: 2, used: 2, free: 0, outOfRange: 0 }
const context = { clusterClass: undefined, pools: [] }

/** @param labels of every Namespace */
function changeOf(
  pool: IPPool,
  previous: IPPool | undefined,
  labels?: Readonly<Record<string, string>>,
): PoolChange {
  return {
    pool,
    previous,
    usableBy: (namespace, pools) => poolsUsableBy(namespace, pools, labels),
    classOf: () => undefined,
  }
}

describe('a Cluster', () => {
  it.each<[string, ClusterOptions, ClusterOptions | undefined, string | undefined]>([
    ['is new and has no endpoint', {}, undefined, 'start'],
    ['is new and served', { endpoint, annotations }, undefined, undefined],
    ['is new and has an endpoint by hand', { endpoint }, undefined, undefined],
    ['is new and paused', { paused: true }, undefined, undefined],
    ['is new and has no topology', { topology: null }, undefined, undefined],
    ['changed in nothing that matters', { labels: { a: 'b' }, generation: 1 }, {}, undefined],
    ['has another spec', {}, {}, 'signal-with-start'],
    ['was unpaused', {}, { paused: true }, 'signal-with-start'],
    ['lost its endpoint', {}, { endpoint }, 'signal-with-start'],
    ['lost the endpoint we assigned', { annotations }, { endpoint, annotations }, 'signal-with-start'],
    [
      'names a pool now',
      { annotations: { 'vip.capi.gorizond.io/control-plane-pool': 'p' } },
      {},
      'signal-with-start',
    ],
    ['got the VIP we assigned', { endpoint, annotations }, {}, undefined],
    ['got an endpoint from elsewhere', { endpoint }, {}, 'signal'],
    ['is being deleted', { deleting: true }, {}, 'signal'],
    ['is being deleted after it was served', { deleting: true, endpoint }, { endpoint }, undefined],
    ['was paused', { paused: true }, {}, undefined],
  ])('that %s', (_, now, before, action) => {
    const previous = before === undefined ? undefined : aCluster(before)
    expect(
      requestForCluster(aCluster({ generation: 2, ...now }), previous, controlPlane, context)?.action,
    ).toBe(action)
  })

  it('that lost its variable is retried if the class has it', () => {
    const classRef = { name: 'rke2-cluster-class' }
    const variables = [{ name: 'clusterVip', value: '10.0.0.10' }]
    const now = aCluster({ endpoint, annotations, generation: 2 })
    const before = aCluster({ endpoint, annotations, topology: { classRef, variables } })
    const clusterClass = aClusterClass({ declared: [], accepted: ['clusterVip'] })
    expect(requestForCluster(now, before, controlPlane, { ...context, clusterClass })?.action).toBe(
      'signal-with-start',
    )
    expect(requestForCluster(now, before, controlPlane, context)).toBeUndefined()
  })

  it('that was rendered without its endpoint is retried once Cluster API says that it has no machines', () => {
    const variables = [{ name: 'clusterVip', value: '' }]
    const topology = { classRef: { name: 'rke2-cluster-class' }, variables }
    const rendered: ClusterOptions = { endpoint, topology, rendered: true }
    const clusterClass = aClusterClass({ declared: [], accepted: ['clusterVip'] })
    const request = (now: ClusterOptions) =>
      requestForCluster(aCluster(now), aCluster(rendered), controlPlane, { ...context, clusterClass })
    expect(request({ ...rendered, phase: 'Provisioning' })?.action).toBe('signal-with-start')
    expect(request({ ...rendered, phase: 'Provisioned' })).toBeUndefined()
  })

  it('is not retried at its first status while it has no endpoint', () => {
    const now = aCluster({ phase: 'Pending' })
    expect(requestForCluster(now, aCluster(), controlPlane, context)).toBeUndefined()
  })

  it('is decided about for each of its VIPs', () => {
    const pools = [
      aPool({
        labels: {
          'vip.capi.gorizond.io/cluster-class': 'rke2-cluster-class',
          'vip.capi.gorizond.io/role': 'ingress',
        },
      }),
    ]
    const served = aCluster({ endpoint, annotations })
    expect(requestForCluster(served, undefined, ingress, { ...context, pools })).toEqual({
      action: 'start',
      reason: 'Cluster without ingress VIP',
    })
  })

  it('that wants ingress now is retried', () => {
    const now = aCluster({ annotations: { 'vip.capi.gorizond.io/ingress-enabled': 'true' } })
    expect(requestForCluster(now, aCluster(), ingress, context)?.action).toBe('signal-with-start')
  })
})

describe('a claim', () => {
  const unbound = { claim: aClaim(), ipAddress: undefined }
  const bound = { claim: aClaim({ addressName: 'vip-cp-demo' }), ipAddress: anIPAddress() }
  const none: ClaimBinding = { claim: undefined, ipAddress: undefined }
  const late = Date.parse(unbound.claim.creationTimestamp) + fastPathPollTimeoutMs + 1
  const served = aCluster({ endpoint, annotations })
  const at = (now: number) => ({ cluster: context, now, isComplete: true })

  it('that is not in the cache counts as gone only once everything is listed', () => {
    const context = { ...at(late), isComplete: false }
    expect(requestForBinding(none, bound, served, controlPlane, context)).toBeUndefined()
  })

  it('that is bound late has its run retry', () => {
    expect(requestForBinding(bound, unbound, aCluster(), controlPlane, at(late))).toEqual({
      action: 'signal-with-start',
      reason: 'claim bound',
    })
  })

  it('that nobody owns has a run adopt it as soon as it holds the VIP that somebody else has set', () => {
    const claim = aClaim({ addressName: 'vip-cp-demo', owners: [] })
    const held = { claim, ipAddress: anIPAddress({ address: endpoint.host }) }
    const manual = aCluster({ endpoint })
    const request = { action: 'signal-with-start', reason: 'claim without owner holds the VIP' }
    const on = (is: ClaimBinding, was: ClaimBinding, cluster = manual) =>
      requestForBinding(is, was, cluster, controlPlane, at(late))
    expect(on(held, none)).toEqual(request)
    expect(on(held, { ...held, ipAddress: undefined })).toEqual(request)
    expect(on(held, held)).toBeUndefined()
    expect(on({ ...held, ipAddress: anIPAddress({ address: '10.0.0.99' }) }, none)).toBeUndefined()
    expect(on(held, none, aCluster({ endpoint, paused: true }))).toBeUndefined()
  })

  it.each<[string, ClusterOptions, ClusterOptions | undefined, boolean]>([
    ['is new', { endpoint }, undefined, true],
    ['was unpaused', { endpoint }, { endpoint, paused: true }, true],
    ['got the endpoint that it holds', { endpoint }, { endpoint: { host: '10.0.0.9', port: 6443 } }, true],
    [
      'asks for the VIP now',
      { endpoint, topology: null, annotations: asks },
      { endpoint, topology: null },
      true,
    ],
    ['is paused', { endpoint, paused: true }, undefined, false],
    ['has another endpoint', { endpoint: { host: '10.0.0.9', port: 6443 } }, undefined, false],
    ['wants no VIP', { endpoint, topology: null }, undefined, false],
    ['could adopt it before', { endpoint, labels: { a: 'b' } }, { endpoint }, false],
    ['has no endpoint', {}, undefined, false],
  ])('that nobody owns and that was there before its Cluster %s', (_, now, before, isAdopted) => {
    const held = { claim: aClaim({ addressName: 'vip-cp-demo', owners: [] }), ipAddress: anIPAddress() }
    const previous = before === undefined ? undefined : aCluster(before)
    const request = requestForHeldVip(aCluster(now), previous, controlPlane, held, context)
    const adoption = { action: 'signal-with-start', reason: 'claim without owner holds the VIP' }
    expect(request).toEqual(isAdopted ? adoption : undefined)
    expect(requestForHeldVip(aCluster(now), previous, controlPlane, bound, context)).toBeUndefined()
    expect(requestForHeldVip(aCluster(now), previous, controlPlane, none, context)).toBeUndefined()
  })

  it('that is gone has the run retry that waits for that, or has to create another', () => {
    expect(requestForBinding(none, bound, aCluster(), controlPlane, at(late))).toEqual({
      action: 'signal-with-start',
      reason: 'claim deleted',
    })
  })

  it.each<[string, ClaimBinding]>([
    ['is bound', unbound],
    ['has its IPAddress', { ...bound, ipAddress: undefined }],
  ])('of a lost VIP that %s again has the run retry that waits for this, if there is one', (_, was) => {
    expect(requestForBinding(bound, was, served, controlPlane, at(late))).toEqual({
      action: 'signal',
      reason: 'claim bound',
    })
  })

  it.each<[string, ClaimBinding, ClaimBinding, ReturnType<typeof aCluster>, number]>([
    ['is bound while the run polls it', bound, unbound, aCluster(), late - fastPathPollTimeoutMs],
    ['was bound before', bound, bound, aCluster(), late],
    ['is unbound', unbound, none, aCluster(), late],
    ['is bound for a served Cluster', bound, bound, served, late],
    [
      'belongs to somebody else',
      { claim: aClaim({ addressName: 'x', owners: [] }), ipAddress: undefined },
      unbound,
      aCluster(),
      late,
    ],
    ['is gone with a Cluster by hand', none, bound, aCluster({ endpoint }), late],
    [
      'is gone with a Cluster that is being deleted',
      none,
      bound,
      aCluster({ endpoint, annotations, deleting: true }),
      late,
    ],
    ['was gone before', none, none, served, late],
  ])('that %s requests nothing', (_, is, was, cluster, now) => {
    expect(requestForBinding(is, was, cluster, controlPlane, at(now))).toBeUndefined()
  })

  it.each<[string, ClaimBinding, string]>([
    ['is gone', none, 'claim is gone'],
    ['is being deleted', { ...bound, claim: aClaim({ deleting: true }) }, 'claim is being deleted'],
    ['belongs to nobody now', { ...bound, claim: aClaim({ owners: [] }) }, 'claim belongs to somebody else'],
    ['is unbound', unbound, 'claim is not bound'],
    ['has no IPAddress', { ...bound, ipAddress: undefined }, 'IPAddress is gone'],
    [
      'holds another address',
      { ...bound, ipAddress: anIPAddress({ address: '10.0.0.11' }) },
      'claim holds another address',
    ],
  ])('of a VIP that %s has the run retry', (_, is, reason) => {
    expect(requestForBinding(is, bound, served, controlPlane, at(late))).toEqual({
      action: 'signal-with-start',
      reason,
    })
  })
})

/** Roles of a pool. */
const both = { 'vip.capi.gorizond.io/role': 'control-plane,ingress' }

describe('a pool', () => {
  const old = aCluster({ name: 'old', created: '2026-01-01T00:00:00Z' })
  const middle = aCluster({ name: 'middle', created: '2026-01-01T00:00:01Z' })
  const young = aCluster({ name: 'young', created: '2026-01-01T00:00:02Z' })
  const waiting = () => [young, old, middle]
  const later = Date.parse(young.creationTimestamp) + beginsWithinMs
  const names = (
    pool: IPPool,
    previous: IPPool | undefined,
    waiting: () => readonly Cluster[],
    role: Role,
    now = later,
  ): readonly string[] =>
    clustersToServe(changeOf(pool, previous), waiting, role, now).map(({ name }) => name)

  it('that is new serves the Clusters that would choose it, oldest first', () => {
    expect(names(aPool(), undefined, waiting, 'control-plane')).toEqual(['old', 'middle', 'young'])
  })

  it('that is new serves no Cluster whose run has just begun, unless its condition says that it waits', () => {
    const now = Date.parse(young.creationTimestamp) + beginsWithinMs - 1
    expect(names(aPool(), undefined, waiting, 'control-plane', now)).toEqual(['old', 'middle'])
    const said = aCluster({
      name: 'young',
      created: young.creationTimestamp,
      conditions: [aVipCondition({ status: 'False', reason: 'PoolExhausted' })],
    })
    expect(names(aPool(), undefined, () => [said], 'control-plane', now)).toEqual(['young'])
  })

  it('serves no more than it has addresses', () => {
    const two = aPool({ capacity: { total: 2, used: 0, free: 2, outOfRange: 0 } })
    expect(names(two, aPool({ capacity: full }), waiting, 'control-plane')).toEqual(['old', 'middle'])
  })

  it.each<[string, ReturnType<typeof aPool>, ReturnType<typeof aPool> | undefined]>([
    [
      'has merely one address less',
      aPool({ capacity: { total: 11, used: 1, free: 10, outOfRange: 0 } }),
      aPool(),
    ],
    ['is exhausted', aPool({ capacity: full }), undefined],
    ['is of another class', aPool({ labels: {} }), undefined],
    ['lies in another namespace', aPool({ kind: 'InClusterIPPool', namespace: 'other' }), undefined],
  ])('that %s serves nobody', (_, pool, previous) => {
    expect(names(pool, previous, () => [old], 'control-plane')).toEqual([])
  })

  it('that has less room does not search those who wait', () => {
    const less = aPool({ capacity: { total: 11, used: 1, free: 10, outOfRange: 0 } })
    const waiting = () => {
      throw new Error('those who wait are searched')
    }
    expect(clustersToServe(changeOf(less, aPool()), waiting, 'control-plane', later)).toEqual([])
  })

  it('that gets more room serves as many as it has room for', () => {
    const with1 = aPool({ capacity: { total: 4, used: 3, free: 1, outOfRange: 0 } })
    const with2 = aPool({ capacity: { total: 4, used: 2, free: 2, outOfRange: 0 } })
    expect(names(with2, with1, waiting, 'control-plane')).toEqual(['old', 'middle'])
  })

  it('that is labeled now serves the Clusters that would choose it now', () => {
    expect(names(aPool(), aPool({ labels: {} }), () => [old], 'control-plane')).toEqual(['old'])
  })

  it('that has other addresses restores those whose lost address is among them', () => {
    const lost = aCluster({ endpoint, annotations })
    const elsewhere = aPool({ addresses: ['10.1.0.0/24'] })
    expect(
      clustersToRestore(
        changeOf(aPool(), elsewhere),
        () => [lost],
        () => controlPlane,
      ),
    ).toEqual([lost])
    expect(
      clustersToRestore(
        changeOf(aPool(), undefined),
        () => [lost],
        () => controlPlane,
      ),
    ).toEqual([lost])
    expect(
      clustersToRestore(
        changeOf(aPool(), aPool()),
        () => [lost],
        () => controlPlane,
      ),
    ).toEqual([])
    expect(
      clustersToRestore(
        changeOf(elsewhere, aPool()),
        () => [lost],
        () => controlPlane,
      ),
    ).toEqual([])
  })

  it.each<[string, PoolOptions]>([
    ['is labeled for it', { labels: {} }],
    [
      'is opened to its namespace',
      { annotations: { ...both, 'vip.capi.gorizond.io/namespaces': 'gold-tenant' } },
    ],
    ['excludes it no longer', { annotations: both, excludedAddresses: ['10.0.0.10'] }],
    ['has another gateway', { annotations: both, gateway: '10.0.0.10' }],
    ['has another subnet', { annotations: both, prefix: 31 }],
  ])('that %s restores those whose lost address only the annotation names', (_, before) => {
    const lost = aCluster({ annotations: { 'vip.capi.gorizond.io/ingress-vip': '10.0.0.10' } })
    const open = aPool({ annotations: both })
    expect(
      clustersToRestore(
        changeOf(open, aPool(before)),
        () => [lost],
        () => ingress,
      ),
    ).toEqual([lost])
    expect(
      clustersToRestore(
        changeOf(aPool(before), open),
        () => [lost],
        () => ingress,
      ),
    ).toEqual([])
  })
})
