import { describe, expect, it } from '@jest/globals'
import { holdersOf } from '../../../../src/domain/allocation/duplicate-addresses.ts'
import type { Cluster } from '../../../../src/domain/model/cluster.ts'
import type { IPPool } from '../../../../src/domain/model/pool.ts'
import { decideRestoration, lossOf } from '../../../../src/domain/allocation/restoration.ts'
import type { VipRole } from '../../../../src/domain/allocation/vip-role.ts'
import {
  aClaim,
  aClass,
  aCluster,
  anIPAddress,
  aVipCondition,
  aPool,
  controlPlane,
  ingress,
  ownerReference,
  variables,
  type ClusterOptions,
  type PoolOptions,
} from '../../../support/builders.ts'

const address = '10.0.0.10'
const annotations = { 'vip.capi.gorizond.io/control-plane-vip': address }
const endpoint = { host: address, port: 6443 }
const inUse = aCluster({ endpoint, annotations, rendered: true })
const typed = aCluster({ endpoint, annotations })
const dropped = aCluster({ annotations })
const elsewhere = aPool({ name: 'elsewhere', addresses: ['10.1.0.0/24'] })

const inAnnotation = '10.0.0.10 in the annotation vip.capi.gorizond.io/control-plane-vip is not taken:'

function decide(cluster: Cluster, pools: readonly IPPool[], taken = false, recorded = address) {
  return decideFor(cluster, controlPlane, pools, taken, recorded)
}

function decideFor(
  cluster: Cluster,
  vip: VipRole,
  pools: readonly IPPool[],
  taken = false,
  recorded = address,
) {
  const holder = aCluster({ name: 'other', endpoint })
  const use = { clusters: taken ? [holder] : [], ipAddresses: [] }
  const holders = holdersOf(recorded, { cluster, part: vip.part }, use, variables)
  return decideRestoration({ cluster, vip, address: recorded, holders, pools })
}

const from = 'from GlobalInClusterIPPool/vip-pool by IPAddressClaim vip-cp-demo'
const said = (message: string, more: Parameters<typeof aVipCondition>[0] = {}): ClusterOptions => ({
  conditions: [aVipCondition({ message, ...more })],
})

describe('decideRestoration', () => {
  it.each([
    ['that is in use', inUse],
    ['that was dropped', dropped],
  ])('finds the pool of an address %s', (_, cluster) => {
    expect(decide(cluster, [elsewhere, aPool()])).toMatchObject({
      decision: 'restore',
      pool: { name: 'vip-pool' },
    })
  })

  it('takes a pool that is meant for the Cluster before one that is not', () => {
    const foreign = aPool({ name: 'a-foreign', labels: {} })
    expect(decide(inUse, [foreign, aPool()])).toMatchObject({ pool: { name: 'vip-pool' } })
    expect(decide(inUse, [foreign])).toMatchObject({ pool: { name: 'a-foreign' } })
  })

  it('finds it in an exhausted or paused pool too: the address is one of it', () => {
    const full = aPool({
      capacity: { total: 11, used: 11, free: 0, outOfRange: 0 },
      annotations: { 'cluster.x-k8s.io/paused': '' },
    })
    expect(decide(inUse, [full])).toMatchObject({ decision: 'restore' })
  })

  it('gives up an address in use that somebody else has, and says who', () => {
    expect(decide(inUse, [aPool()], true)).toEqual({
      decision: 'lost',
      message:
        'Cluster clusters/demo keeps endpoint 10.0.0.10:6443, but its claim is lost and 10.0.0.10 is the endpoint of Cluster clusters/other; give one of them another address',
    })
  })

  it.each<[string, ReturnType<typeof aPool>[], string]>([
    ['no pool has', [elsewhere], 'not in GlobalInClusterIPPool/elsewhere'],
    ['there is no pool for', [], 'there is no pool'],
  ])('gives up an address in use that %s', (_, pools, looked) => {
    expect(decide(inUse, pools)).toEqual({
      decision: 'lost',
      message: `Cluster clusters/demo keeps endpoint 10.0.0.10:6443, but its claim is lost and no pool has 10.0.0.10 (${looked}); add it to a pool to have it reserved again`,
    })
  })

  it('takes a new address where the Cluster has none at present and somebody else has the old one', () => {
    expect(decide(dropped, [aPool()], true)).toEqual({
      decision: 'allocate-new',
      because: `${inAnnotation} it is the endpoint of Cluster clusters/other`,
    })
  })
})

/** Pools that have the address and do not give it to a Cluster that only says by its annotation that it had it. */
const refusing: readonly (readonly [string, PoolOptions, string])[] = [
  [
    'for another ClusterClass',
    { labels: { 'vip.capi.gorizond.io/cluster-class': 'gold-class' } },
    'is for ClusterClass gold-class, not clusters/rke2-cluster-class',
  ],
  ['for no ClusterClass', { labels: {} }, 'has no label vip.capi.gorizond.io/cluster-class'],
  [
    'closed to the namespace',
    { annotations: { 'vip.capi.gorizond.io/namespaces': 'gold-tenant' } },
    'is closed to namespace clusters (vip.capi.gorizond.io/namespaces: "gold-tenant")',
  ],
  [
    'of a priority that cannot be read',
    { annotations: { 'vip.capi.gorizond.io/priority': 'high' } },
    'vip.capi.gorizond.io/priority is "high", expected an integer',
  ],
  ['that excludes it', { excludedAddresses: [address] }, 'excludes it'],
  ['that has it as its gateway', { gateway: address }, 'has it as its gateway'],
  [
    'whose subnet begins with it',
    { addresses: ['10.0.0.10-10.0.0.11'], prefix: 31 },
    'keeps it as the address of its subnet',
  ],
]
const unready: readonly (readonly [string, PoolOptions, string])[] = [
  ['that is paused', { annotations: { 'cluster.x-k8s.io/paused': '' } }, 'is paused'],
  ['that is being deleted', { deleting: true }, 'is being deleted'],
]
const withIngressVariable = {
  topology: { classRef: { name: aClass }, variables: [{ name: 'ingressVip', value: address }] },
}
const recordedIngress = { 'vip.capi.gorizond.io/ingress-vip': address }
const ingressPool = (options: PoolOptions = {}): IPPool =>
  aPool({
    ...options,
    annotations: { 'vip.capi.gorizond.io/role': 'control-plane,ingress', ...options.annotations },
  })

describe('an annotation without a host', () => {
  it.each([...refusing, ...unready])('has no address of a pool %s', (_, options, why) => {
    expect(decide(dropped, [aPool(options), elsewhere])).toEqual({
      decision: 'allocate-new',
      because: `${inAnnotation} GlobalInClusterIPPool/vip-pool ${why}`,
    })
  })

  it.each([...refusing, ...unready])('has its address of another pool beside one %s', (_, options) => {
    const pools = [aPool({ ...options, name: 'a-closed' }), aPool({ name: 'b-open' })]
    expect(decide(dropped, pools)).toMatchObject({ decision: 'restore', pool: { name: 'b-open' } })
  })

  it.each<[string, PoolOptions]>([
    ['exhausted', { capacity: { total: 11, used: 11, free: 0, outOfRange: 0 } }],
    ['of its namespace', { kind: 'InClusterIPPool' }],
    ['that is open to its namespace', { annotations: { 'vip.capi.gorizond.io/namespaces': 'clusters' } }],
  ])('has its address of a pool %s, since that is free', (_, options) => {
    expect(decide(dropped, [aPool(options)])).toMatchObject({ decision: 'restore', address })
  })

  it('opens no pool that the Cluster does not name, and none that it names and is closed to it', () => {
    const naming = (pool: string): Cluster =>
      aCluster({ annotations: { ...annotations, 'vip.capi.gorizond.io/control-plane-pool': pool } })
    const closed = aPool({ annotations: { 'vip.capi.gorizond.io/namespaces': 'gold-tenant' } })
    expect(decide(naming('vip-pool'), [aPool({ labels: {} })])).toMatchObject({ decision: 'restore' })
    expect(decide(naming('elsewhere'), [aPool(), elsewhere])).toMatchObject({ decision: 'allocate-new' })
    expect(decide(naming('vip-pool'), [closed])).toMatchObject({ decision: 'allocate-new' })
  })

  it('says that no pool has it, and names no more than a few that have', () => {
    expect(decide(dropped, [elsewhere])).toEqual({
      decision: 'allocate-new',
      because: `${inAnnotation} no pool has it`,
    })
    const closed = ['a', 'b', 'c', 'd'].map((name) => aPool({ name, labels: {} }))
    const decision = decide(dropped, closed)
    expect(decision).toMatchObject({
      because: expect.stringContaining('GlobalInClusterIPPool/c has no label'),
    })
    expect(decision).not.toMatchObject({ because: expect.stringContaining('GlobalInClusterIPPool/d') })
  })

  it.each([
    'api.example.org',
    '10.0.0.10 ',
    '10.0.0.10/32',
    '10.0.0.10-10.0.0.20',
    '10.0.0.010',
    'fd00::10%eth0',
    'x'.repeat(10_000),
  ])('that is no address (%#) has a new one', (typed) => {
    const pools = [aPool(), aPool({ name: 'six', addresses: ['fd00::/64'], prefix: 64 })]
    const decision = decide(dropped, pools, false, typed)
    expect(decision).toMatchObject({ because: expect.stringMatching(/ is not taken: no pool has it$/) })
    expect(JSON.stringify(decision).length).toBeLessThan(500)
  })

  it.each([
    ['FD00:0::0010', 'fd00::10'],
    ['::ffff:10.0.0.10', '10.0.0.10'],
  ])('that spells an address as %s has it as %s', (typed, spelled) => {
    const pools = [aPool(), aPool({ name: 'six', addresses: ['fd00::/64'], prefix: 64 })]
    expect(decide(dropped, pools, false, typed)).toMatchObject({ decision: 'restore', address: spelled })
  })
})

describe('a VIP that our condition confirms', () => {
  it.each([...refusing, ...unready])(
    'and whose host was dropped is had again from a pool %s',
    (_, options) => {
      const cluster = aCluster({ annotations, ...said(`${address}:6443 ${from}`) })
      expect(decide(cluster, [aPool(options)])).toMatchObject({ decision: 'restore', address })
    },
  )

  it('keeps its spelling', () => {
    const cluster = aCluster({ annotations, ...said(`[FD00:0::0010]:6443 ${from}`) })
    const pools = [aPool({ addresses: ['fd00::/64'], prefix: 64, labels: {} })]
    const address = 'FD00:0::0010'
    expect(decide(cluster, pools, false, address)).toMatchObject({ decision: 'restore', address })
  })

  it.each(refusing)(
    'and that only the annotation for ingress names is had again from a pool %s',
    (_, options) => {
      const cluster = aCluster({
        annotations: recordedIngress,
        ...said(`${address} ${from}`, { role: 'ingress' }),
      })
      expect(decideFor(cluster, ingress, [ingressPool(options)])).toMatchObject({ decision: 'restore' })
    },
  )

  it.each<[string, ClusterOptions]>([
    ['of another address', said(`10.0.0.11:6443 ${from}`)],
    ['of an address that begins the same', said(`${address}0:6443 ${from}`)],
    ['of another role', said(`${address} ${from}`, { role: 'ingress' })],
    ['that is not so', said(`${address}:6443 ${from}`, { status: 'False' })],
    ['for another reason', said(`${address}:6443 ${from}`, { reason: 'EndpointAlreadySet' })],
  ])('opens no pool by a condition %s', (_, options) => {
    const closed = aPool({ labels: {} })
    expect(decide(aCluster({ annotations, ...options }), [closed])).toMatchObject({
      decision: 'allocate-new',
    })
  })
})

describe('a VIP that one manifest may have brought as host and as annotation', () => {
  const way =
    'correct that, or remove the annotation vip.capi.gorizond.io/control-plane-vip if it is not from a pool'

  it('is had from a pool that the Cluster may use, also an exhausted one', () => {
    const full = aPool({ capacity: { total: 1, used: 1, free: 0, outOfRange: 0 } })
    for (const pool of [aPool(), full]) expect(decide(typed, [pool])).toMatchObject({ decision: 'restore' })
  })

  it.each(refusing)('is had from no pool %s', (_, options) => {
    expect(decide(typed, [aPool(options)])).toMatchObject({
      decision: 'lost',
      message: expect.stringContaining(way),
    })
  })

  it('is had from no pool that has it as its gateway', () => {
    const decision = decide(typed, [aPool({ gateway: address })])
    expect(decision).toEqual({
      decision: 'lost',
      message: `Cluster clusters/demo keeps endpoint 10.0.0.10:6443, but its claim is lost and 10.0.0.10 is not to be had: GlobalInClusterIPPool/vip-pool has it as its gateway; ${way}`,
    })
  })

  it('is had from any pool if the condition confirms it, or if the Cluster has no topology, which does not tell', () => {
    const closed = [aPool({ labels: {} })]
    const confirmed = aCluster({ endpoint, annotations, ...said(`${address}:6443 ${from}`) })
    expect(decide(confirmed, closed)).toMatchObject({ decision: 'restore' })
    const plain = aCluster({ endpoint, annotations, topology: null })
    expect(decide(plain, closed)).toMatchObject({ decision: 'restore' })
  })
})

describe('a VIP in use', () => {
  const servedIngress = aCluster({
    ...withIngressVariable,
    annotations: recordedIngress,
    rendered: true,
  })

  it.each([...refusing, ...unready])('is had again from a pool %s', (_, options) => {
    const pool = { name: 'vip-pool' }
    expect(decide(inUse, [aPool(options)])).toMatchObject({ decision: 'restore', pool })
    expect(decideFor(servedIngress, ingress, [aPool(options)])).toMatchObject({ decision: 'restore', pool })
  })

  it('keeps its spelling', () => {
    const spelled = 'FD00:0::0010'
    const cluster = aCluster({
      endpoint: { host: spelled, port: 6443 },
      annotations: { 'vip.capi.gorizond.io/control-plane-vip': spelled },
    })
    const pools = [aPool({ addresses: ['fd00::/64'], prefix: 64 })]
    expect(decide(cluster, pools, false, spelled)).toMatchObject({ decision: 'restore', address: spelled })
  })
})

describe('an ingress VIP that only its annotation names', () => {
  const recorded = aCluster({ annotations: recordedIngress })
  const lost = 'Cluster clusters/demo keeps ingress VIP 10.0.0.10, but its claim is lost and'
  const orOther = 'or remove the annotation vip.capi.gorizond.io/ingress-vip to have another one'

  it.each(refusing)('is not taken from a pool %s, and not changed', (_, options, why) => {
    expect(decideFor(recorded, ingress, [ingressPool(options)])).toEqual({
      decision: 'lost',
      message: `${lost} 10.0.0.10 is not to be had: GlobalInClusterIPPool/vip-pool ${why}; correct that, ${orOther}`,
    })
  })

  it('is not taken from a pool of another role', () => {
    expect(decideFor(recorded, ingress, [aPool()])).toMatchObject({
      decision: 'lost',
      message: expect.stringContaining('is for role control-plane, not ingress; correct that'),
    })
  })

  it.each<readonly [string, PoolOptions, string]>([['that is open', {}, ''], ...unready])(
    'is had again from a pool %s',
    (_, options) => {
      expect(decideFor(recorded, ingress, [ingressPool(options)])).toMatchObject({ decision: 'restore' })
    },
  )

  it('is lost where no pool has it, or somebody else', () => {
    expect(decideFor(recorded, ingress, [elsewhere])).toEqual({
      decision: 'lost',
      message: `${lost} no pool has 10.0.0.10 (not in GlobalInClusterIPPool/elsewhere); add it to a pool to have it reserved again, ${orOther}`,
    })
    expect(decideFor(recorded, ingress, [ingressPool()], true)).toEqual({
      decision: 'lost',
      message: `${lost} 10.0.0.10 is the endpoint of Cluster clusters/other; give one of them another address`,
    })
  })
})

describe('lossOf', () => {
  const claim = aClaim({ addressName: 'vip-cp-demo' })

  it.each<[string, ClusterOptions]>([
    ['is ours', { endpoint, annotations }],
    ['was dropped', { annotations }],
  ])('finds nothing where a VIP that %s is held by its claim', (_, options) => {
    expect(lossOf(aCluster(options), controlPlane, claim, anIPAddress())).toBeUndefined()
  })

  it.each<[string, ClusterOptions]>([
    ['not ours', { endpoint }],
    ['not there', {}],
    ['of a paused Cluster', { endpoint, annotations, paused: true }],
    ['of a Cluster that is being deleted', { endpoint, annotations, deleting: true }],
  ])('finds nothing where the VIP is %s', (_, options) => {
    expect(lossOf(aCluster(options), controlPlane, undefined, undefined)).toBeUndefined()
  })

  it.each<[string, ReturnType<typeof aClaim> | undefined, ReturnType<typeof anIPAddress> | undefined]>([
    ['claim is gone', undefined, undefined],
    ['claim is being deleted', aClaim({ addressName: 'vip-cp-demo', deleting: true }), anIPAddress()],
    [
      'claim belongs to somebody else',
      aClaim({ addressName: 'vip-cp-demo', owners: [ownerReference({ name: 'x', uid: 'x' })] }),
      anIPAddress(),
    ],
    ['claim is not bound', aClaim(), undefined],
    ['IPAddress is gone', claim, undefined],
    ['claim holds another address', claim, anIPAddress({ address: '10.0.0.11' })],
  ])('finds that the %s', (loss, held, ipAddress) => {
    expect(lossOf(inUse, controlPlane, held, ipAddress)).toBe(loss)
  })
})
