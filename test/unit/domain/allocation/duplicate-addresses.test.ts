import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  addressesNamedIn,
  describeHolders,
  duplicateAction,
  duplicatesWithout,
  holdersOf,
  isFree,
  isFreeBeside,
  networkOfAddress,
  type AddressHolders,
} from '../../../../src/domain/allocation/duplicate-addresses.ts'
import type { AddressUse } from '../../../../src/domain/allocation/action.ts'
import type { IPAddress } from '../../../../src/domain/model/ip-address.ts'
import { aClaim, aCluster, anIPAddress, aPool, variables } from '../../../support/builders.ts'

const address = '10.0.0.10'
const demo = { cluster: aCluster(), part: 'control-plane' } as const
const own = anIPAddress()
const other = (name: string, options: object = {}) =>
  aCluster({ name, endpoint: { host: address, port: 6443 }, ...options })
const others = (options: Parameters<typeof anIPAddress>[0] = {}) =>
  anIPAddress({ name: 'vip-cp-other', claimName: 'vip-cp-other', ...options })

function holders(use: Partial<AddressUse>, of = address) {
  return holdersOf(of, demo, { clusters: [], ipAddresses: [], ...use }, variables)
}

describe('an address', () => {
  it.each<[string, Partial<AddressUse>]>([
    ['nobody has', {}],
    ['only the Cluster itself has', { clusters: [other('demo')], ipAddresses: [own] }],
    ['is near another', { clusters: [other('x', { endpoint: { host: '10.0.0.1', port: 6443 } })] }],
    [
      'is merely reserved',
      { ipAddresses: [others({ labels: { 'vip.capi.gorizond.io/reserved-by': 'other' } })] },
    ],
  ])('that %s is free', (_, use) => {
    expect(isFree(holders(use))).toBe(true)
  })

  it.each<[string, Partial<AddressUse>, string]>([
    ['the endpoint of another', { clusters: [other('x')] }, 'the endpoint of Cluster clusters/x'],
    [
      'the endpoint of one that is being deleted',
      { clusters: [other('x', { deleting: true })] },
      'the endpoint of Cluster clusters/x',
    ],
    [
      'the endpoint of a former Cluster of the same name',
      { clusters: [other('demo', { uid: 'old' })] },
      'the endpoint of Cluster clusters/demo',
    ],
    [
      'an ingress VIP',
      { clusters: [aCluster({ name: 'x', annotations: { 'vip.capi.gorizond.io/ingress-vip': address } })] },
      'the ingress VIP of Cluster clusters/x',
    ],
    [
      'the ingress VIP of the Cluster itself',
      { clusters: [aCluster({ annotations: { 'vip.capi.gorizond.io/ingress-vip': address } })] },
      'the ingress VIP of Cluster clusters/demo',
    ],
    [
      'given to another claim',
      { ipAddresses: [own, others()] },
      'IPAddress clusters/vip-cp-other of GlobalInClusterIPPool/vip-pool for claim vip-cp-other',
    ],
    [
      'given to a claim of the same name elsewhere',
      { ipAddresses: [anIPAddress({ namespace: 'elsewhere' })] },
      'IPAddress elsewhere/vip-cp-demo of GlobalInClusterIPPool/vip-pool for claim vip-cp-demo',
    ],
  ])('that is %s is not', (_, use, words) => {
    expect(isFree(holders(use))).toBe(false)
    expect(describeHolders(holders(use))).toBe(words)
  })

  it('is the same in every spelling', () => {
    const clusters = [other('x', { endpoint: { host: 'FD00:0::0010', port: 6443 } })]
    expect(isFree(holders({ clusters }, 'fd00::10'))).toBe(false)
  })

  it('names at most the first few who have it', () => {
    const clusters = ['a', 'b', 'c', 'd'].map((name) => other(name))
    expect(describeHolders(holders({ clusters }))).toBe(
      'the endpoint of Cluster clusters/a and the endpoint of Cluster clusters/b and the endpoint of Cluster clusters/c',
    )
  })

  it('of a control plane is no VIP of its own for ingress', () => {
    const clusters = [other('demo')]
    const found = holdersOf(address, { ...demo, part: 'ingress' }, { clusters, ipAddresses: [] }, variables)
    expect(describeHolders(found)).toBe('the endpoint of Cluster clusters/demo')
  })
})

describe('an address on a named network', () => {
  const annotation = 'vip.capi.gorizond.io/control-plane-network'
  const blue = other('blue', { annotations: { [annotation]: 'blue' } })
  const poolOf = ({ poolRef: { name } }: IPAddress) =>
    aPool({ name, ...(name === 'blue' && { annotations: { 'vip.capi.gorizond.io/network': 'blue' } }) })
  const ofBlue = others({ poolName: 'blue' })
  const holdersOn = (network: string | undefined, use: Partial<AddressUse>) =>
    holdersOf(
      address,
      { ...demo, ...(network !== undefined && { network }) },
      { clusters: [], ipAddresses: [], poolOf, ...use },
      variables,
    )

  it('is no duplicate of the same address on another network', () => {
    expect(
      isFree(holdersOn('red', { clusters: [blue, other('plain')], ipAddresses: [ofBlue, others()] })),
    ).toBe(true)
    expect(isFree(holdersOn(undefined, { clusters: [blue], ipAddresses: [ofBlue] }))).toBe(true)
  })

  it('is a duplicate of the same address on the same network', () => {
    expect(isFree(holdersOn('blue', { clusters: [blue] }))).toBe(false)
    expect(isFree(holdersOn('blue', { ipAddresses: [ofBlue] }))).toBe(false)
    expect(isFree(holdersOn('', { ipAddresses: [others()] }))).toBe(false)
  })

  it('counts as on the network without a name if its pool cannot be read, and holds up nobody on a named one', () => {
    const unread = { ipAddresses: [others()], poolOf: () => undefined }
    expect(isFree(holdersOn('', unread))).toBe(false)
    expect(isFree(holdersOn(undefined, unread))).toBe(false)
    expect(isFree(holdersOn('blue', unread))).toBe(true)
    expect(networkOfAddress(others(), unread)).toBeUndefined()
  })

  it('of a Cluster is on the network of the pool that its claim has it from, whatever somebody typed', () => {
    const typed = other('x', { annotations: { [annotation]: 'red' } })
    const held = anIPAddress({ name: 'vip-cp-x', claimName: 'vip-cp-x', poolName: 'blue' })
    const clustersOn = (network: string, ipAddress: IPAddress) =>
      holdersOn(network, { clusters: [typed], ipAddresses: [ipAddress] }).clusters.length
    expect(clustersOn('blue', held)).toBe(1)
    expect(clustersOn('red', held)).toBe(0)
    expect(clustersOn('red', { ...held, address: '10.0.0.99' })).toBe(1)
    expect(clustersOn('red', { ...held, namespace: 'elsewhere' })).toBe(1)
  })

  it('is on the network that the Cluster records, or else on that of its reservation', () => {
    const recorded = { cluster: aCluster({ annotations: { [annotation]: 'blue' } }), part: demo.part }
    expect(isFree(holdersOf(address, recorded, { clusters: [blue], ipAddresses: [] }, variables))).toBe(false)
    const reservation = anIPAddress({
      name: 'vip-reserved-demo-10.0.0.10',
      poolName: 'blue',
      labels: { 'vip.capi.gorizond.io/reserved-by': 'demo' },
    })
    const use = { ipAddresses: [reservation], poolOf }
    expect(isFreeBeside(demo.cluster, address, { ...use, clusters: [other('x')] }, variables)).toBe(true)
    expect(isFreeBeside(demo.cluster, address, { ...use, clusters: [blue] }, variables)).toBe(false)
  })
})

describe('the action about a new address', () => {
  const earlier = { created: '2026-01-02T03:04:04Z' }
  const later = { created: '2026-01-02T03:04:06Z' }
  const decide = (ipAddress: IPAddress, found: AddressHolders) =>
    duplicateAction(aCluster(), 'control-plane', { claim: aClaim(), ipAddress }, found)

  it.each<[string, Partial<AddressUse>, string]>([
    ['another Cluster has', { clusters: [other('x')], ipAddresses: [others(later)] }, 'stepBack'],
    ['another allocation of ours was given earlier', { ipAddresses: [others(earlier)] }, 'stepBack'],
    ['another allocation of ours was given later', { ipAddresses: [others(later)] }, 'wait'],
    [
      'two were given, one earlier and one later',
      { ipAddresses: [others(earlier), others({ ...later, name: 'third' })] },
      'stepBack',
    ],
    [
      'a claim that is not ours has',
      { ipAddresses: [others({ ...later, claimName: 'machine' })] },
      'stepBack',
    ],
  ])('that %s', (_, use, action) => {
    expect(decide(own, holders(use))).toMatchObject({ action })
  })

  it('that nobody else has is none', () => {
    expect(decide(own, holders({}))).toBeUndefined()
  })

  it('says who has it', () => {
    expect(decide(own, holders({ clusters: [other('x')] }))).toEqual({
      action: 'stepBack',
      claim: aClaim(),
      ipAddress: own,
      because: '10.0.0.10 is the endpoint of Cluster clusters/x',
    })
  })

  it('lets exactly one of two that see each other wait, and never lets one assign', () => {
    const time = fc.constantFrom('2026-01-02T03:04:05Z', '2026-01-02T03:04:06Z')
    fc.assert(
      fc.property(time, time, fc.uuid(), fc.uuid(), (createdA, createdB, uidA, uidB) => {
        fc.pre(uidA !== uidB)
        const a = anIPAddress({ created: createdA, uid: uidA })
        const b = others({ created: createdB, uid: uidB })
        const use = { clusters: [], ipAddresses: [a, b] }
        const otherOwn = { ...demo, cluster: aCluster({ name: 'other' }) }
        const actions = [
          decide(a, holdersOf(address, demo, use, variables))?.action,
          decide(b, holdersOf(address, otherOwn, use, variables))?.action,
        ]
        expect(new Set(actions)).toEqual(new Set(['stepBack', 'wait']))
      }),
    )
  })
})

describe('who has an address', () => {
  it('is nobody whose IPAddress has another one', () => {
    const other = anIPAddress({ name: 'other', claimName: 'other', address: '10.0.0.99' })
    expect(holders({ ipAddresses: [other] })).toEqual({ clusters: [], ipAddresses: [] })
  })
})

describe('the addresses that a Cluster names', () => {
  it('are those of its endpoint, its annotations, and any of its variables, each once', () => {
    const cluster = aCluster({
      endpoint: { host: 'FD00:0::1', port: 6443 },
      annotations: {
        'vip.capi.gorizond.io/control-plane-vip': 'fd00::1',
        'vip.capi.gorizond.io/ingress-vip': '10.0.0.20',
      },
      topology: {
        classRef: { name: 'rke2-cluster-class' },
        variables: [
          { name: 'a', value: '10.0.0.30' },
          { name: 'b', value: { host: '10.0.0.31', port: 6443, more: [null, { ip: '10.0.0.20' }] } },
          { name: 'c', value: 'eth0' },
          { name: 'd', value: null },
        ],
      },
    })
    expect(addressesNamedIn(cluster)).toEqual(['fd00::1', '10.0.0.20', '10.0.0.30', '10.0.0.31'])
  })

  it('are none if it has no topology and no VIP', () => {
    expect(addressesNamedIn(aCluster({ topology: null }))).toEqual([])
  })
})

describe('a duplicate that a Cluster has recorded', () => {
  const reservedBy = { 'vip.capi.gorizond.io/reserved-by': 'demo' }
  const blue = aPool({ name: 'blue', annotations: { 'vip.capi.gorizond.io/network': 'blue' } })
  const isFreeWith = (reservations: readonly IPAddress[]): boolean => {
    const annotations = { 'vip.capi.gorizond.io/control-plane-network': 'blue' }
    const clusters = [other('x', { annotations })]
    const poolOf = ({ poolRef }: IPAddress) => (poolRef.name === 'blue' ? blue : aPool())
    return isFreeBeside(aCluster(), address, { clusters, ipAddresses: reservations, poolOf }, variables)
  }
  const reservation = (options: object = {}) =>
    anIPAddress({ name: 'r', claimName: 'r', labels: reservedBy, poolName: 'blue', ...options })

  it('is looked for on the network that its reservation is on', () => {
    expect(isFreeWith([reservation()])).toBe(false)
    expect(isFreeWith([])).toBe(true)
  })

  it.each([
    ['of another address', { address: '10.0.0.11' }],
    ['in another namespace', { namespace: 'elsewhere' }],
  ])('has no network from a reservation %s', (_, options) => {
    expect(isFreeWith([reservation(options)])).toBe(true)
  })

  it('goes from the list alone', () => {
    const cluster = aCluster({
      annotations: { 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.1,10.0.0.2' },
    })
    expect(duplicatesWithout(cluster, ['10.0.0.1'])).toEqual(['10.0.0.2'])
  })
})
