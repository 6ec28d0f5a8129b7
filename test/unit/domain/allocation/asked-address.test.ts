import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Action, Observed } from '../../../../src/domain/allocation/action.ts'
import { askedAddressOf, askedBeside } from '../../../../src/domain/allocation/asked-address.ts'
import { disagreementIn, disagreementOf } from '../../../../src/domain/allocation/given-values.ts'
import { nextAction } from '../../../../src/domain/allocation/next-action.ts'
import { whyNeverGivenBy } from '../../../../src/domain/allocation/pool-addresses.ts'
import { selectIPPool } from '../../../../src/domain/allocation/pool-selection.ts'
import { poolRequestFor } from '../../../../src/domain/allocation/eligibility.ts'
import { isAddressIn } from '../../../../src/domain/model/address-text.ts'
import { ipAddressClaimFrom } from '../../../../src/domain/model/claim.ts'
import type { IPAddress } from '../../../../src/domain/model/ip-address.ts'
import {
  aClaim,
  aCluster,
  anIPAddress,
  anObservation,
  aPool,
  controlPlane,
  ownerReference,
  type ClusterOptions,
} from '../../../support/builders.ts'
import { holdsForAll } from '../../../support/seeded-random.ts'

const annotation = 'vip.capi.gorizond.io/control-plane-address'
const poolAnnotation = 'vip.capi.gorizond.io/control-plane-pool'
const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'
const asks = (address: string, more: object = {}) => ({ [annotation]: address, ...more })
const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'vip-pool' }
const restore = { address: '10.0.0.12', prefix: 24, poolRef }
const madeBefore = (address: string, poolName = 'vip-pool'): IPAddress =>
  anIPAddress({ address, poolName, owners: [ownerReference(aCluster())] })
const uses = (ipAddresses: readonly IPAddress[], host?: string) => ({
  clusters: host === undefined ? [] : [aCluster({ name: 'blue', endpoint: { host, port: 6443 } })],
  ipAddresses,
})

function next(annotations: Readonly<Record<string, string>>, things: Partial<Observed> = {}): Action {
  return nextFor({ annotations }, things)
}

function nextFor(cluster: ClusterOptions, things: Partial<Observed> = {}): Action {
  return nextAction(anObservation({ ...things, cluster: aCluster(cluster) }), 'control-plane')
}

describe('the annotation that asks for an address', () => {
  const read = (text: string) => askedAddressOf(aCluster({ annotations: asks(text) }), 'control-plane')

  it.each([
    ['10.0.0.7', '10.0.0.7'],
    [' 10.0.0.7\n', '10.0.0.7'],
    ['FD00:0::0007', 'fd00::7'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
  ])('%j is %s', (text, address) => {
    expect(read(text)).toEqual({ asks: 'for-address', address })
  })

  it.each([[''], ['  ']])('%j asks for none', (text) => {
    expect(read(text)).toBeUndefined()
  })

  it.each([
    ['10.0.0.7,10.0.0.8', 'expected one IP address, not 2'],
    ['10.0.0.7/24', 'expected one IP address without a prefix length'],
    ['10.0.0.7-10.0.0.9', 'expected one IP address, not a range'],
    ['10.0.0.7:6443', 'expected one IP address without a port'],
    ['[fd00::7]', 'expected one IP address without brackets'],
    ['[fd00::7]:6443', 'expected one IP address without a port'],
    ['fe80::7%eth0', 'expected one IP address without a zone'],
    ['api.example.org', 'expected one IP address'],
    ['10.7', 'expected one IP address'],
    ['10.0.0.256', 'expected one IP address'],
  ])('%j is refused by name, value and expectation', (text, expected) => {
    const message = `annotation ${annotation} of Cluster clusters/demo is ${JSON.stringify(text)}, ${expected}`
    expect(read(text)).toEqual({ asks: 'unreadably', message })
    expect(next(asks(text))).toEqual({ action: 'refuse', reason: 'AllocationFailed', message })
  })
})

describe('the next action for a Cluster that asks for an address', () => {
  it('is to select the pool that has it, with the address', () => {
    const others = [aPool({ name: 'a-first', addresses: ['10.1.0.10-10.1.0.20'] }), aPool()]
    expect(next(asks('10.0.0.12'), { pools: others })).toEqual({
      action: 'selectPool',
      choice: {
        poolRef,
        restore,
        considered: [
          {
            kind: 'GlobalInClusterIPPool',
            name: 'a-first',
            verdict: 'rejected',
            because: 'does not have the address asked for (10.0.0.12)',
          },
          {
            kind: 'GlobalInClusterIPPool',
            name: 'vip-pool',
            verdict: 'selected',
            because: 'has 10.0.0.12, which the Cluster asks for',
          },
        ],
      },
    })
  })

  it('is to select it though the pool counts as exhausted: whether it is free depends on who holds it', () => {
    const full = aPool({ capacity: { total: 11, used: 11, free: 0, outOfRange: 0 } })
    expect(next(asks('10.0.0.12'), { pools: [full] })).toMatchObject({ action: 'selectPool' })
  })

  it.each([
    ['outside of it', {}, '10.7.7.7', 'does not have the address asked for (10.7.7.7)'],
    [
      'of another family',
      {},
      'fd00::7',
      'has IPv4 addresses only, and the address asked for (fd00::7) is IPv6',
    ],
    [
      'excluded',
      { excludedAddresses: ['10.0.0.12/31'] },
      '10.0.0.13',
      'excludes the address asked for (10.0.0.13)',
    ],
    [
      'its gateway',
      { gateway: '10.0.0.10' },
      '10.0.0.10',
      'has the address asked for (10.0.0.10) as its gateway',
    ],
    [
      'of its subnet',
      { addresses: ['10.0.0.0/24'] },
      '10.0.0.0',
      'keeps the address asked for (10.0.0.0) as the address of its subnet',
    ],
    [
      'the broadcast address',
      { addresses: ['10.0.0.0/24'] },
      '10.0.0.255',
      'keeps the address asked for (10.0.0.255) as the broadcast address of its subnet',
    ],
  ])('is to wait if the pool has the address %s', (_, pool, address, because) => {
    expect(next(asks(address), { pools: [aPool(pool)] })).toMatchObject({
      action: 'wait',
      reason: 'NoMatchingPool',
      message: `GlobalInClusterIPPool/vip-pool: ${because}; add ${address} to such a pool, or correct the annotation ${annotation}`,
    })
  })

  it('is to wait if only a closed pool has it, also if the Cluster names that pool', () => {
    const closed = aPool({ annotations: { 'vip.capi.gorizond.io/namespaces': 'gold' } })
    for (const more of [{}, { [poolAnnotation]: 'vip-pool' }]) {
      expect(next(asks('10.0.0.12', more), { pools: [closed] })).toMatchObject({
        action: 'wait',
        reason: 'NoMatchingPool',
        message: expect.stringContaining('is closed to namespace clusters'),
      })
    }
  })

  it('is to take it from the pool that the Cluster names, and from no other', () => {
    const named = aPool({ name: 'named', labels: {}, addresses: ['10.1.0.10-10.1.0.20'] })
    const more = { [poolAnnotation]: 'named' }
    expect(next(asks('10.1.0.12', more), { pools: [aPool(), named] })).toMatchObject({
      choice: { poolRef: { name: 'named' }, restore: { address: '10.1.0.12' } },
    })
    expect(next(asks('10.0.0.12', more), { pools: [aPool(), named] })).toMatchObject({
      action: 'wait',
      message: `GlobalInClusterIPPool/named: does not have the address asked for (10.0.0.12); add 10.0.0.12 to such a pool, or correct the annotation ${annotation}`,
    })
  })

  it.each([
    ['a Cluster', uses([], '10.0.0.12'), 'is the endpoint of Cluster clusters/blue'],
    [
      'a claim of somebody else',
      uses([anIPAddress({ name: 'w', claimName: 'w', address: '10.0.0.12' })]),
      'is IPAddress clusters/w of GlobalInClusterIPPool/vip-pool for claim w',
    ],
  ])('is to wait if %s has it, and to name the holder', (_, addressUse, holder) => {
    expect(next(asks('10.0.0.12'), { addressUse })).toEqual({
      action: 'wait',
      reason: 'DuplicateAddress',
      message: `Cluster clusters/demo asks for 10.0.0.12 by its annotation ${annotation}, which ${holder}; it gets the address when nobody has it any more, or correct the annotation`,
      considered: [
        {
          kind: 'GlobalInClusterIPPool',
          name: 'vip-pool',
          verdict: 'rejected',
          because: `10.0.0.12 ${holder}`,
        },
      ],
    })
  })

  it('is to take it from the pool on whose network nobody has it', () => {
    const other = aPool({ name: 'z-other', annotations: { 'vip.capi.gorizond.io/network': 'rack-2' } })
    const addressUse = uses([], '10.0.0.12')
    expect(next(asks('10.0.0.12'), { pools: [aPool(), other], addressUse })).toMatchObject({
      choice: { poolRef: { name: 'z-other' } },
    })
  })

  it('is to read who has the address first', () => {
    const { addressUse: _use, ...observed } = anObservation({
      cluster: aCluster({ annotations: asks('10.0.0.12') }),
    })
    expect(nextAction(observed, 'control-plane')).toEqual({ action: 'observe', fact: 'addressUse' })
  })

  it.each<[string, ClusterOptions]>([
    ['without a topology', { topology: null }],
    ['with a DNS name as endpoint', { endpoint: { host: 'api.example.org', port: 6443 } }],
  ])('%s is the same: the annotation asks for a VIP, too', (_, cluster) => {
    const forEvery = { 'vip.capi.gorizond.io/cluster-class': '*' }
    const pools = [aPool({ labels: { 'vip.capi.gorizond.io/cluster-class': 'true' }, annotations: forEvery })]
    expect(nextFor({ ...cluster, annotations: asks('10.0.0.12') }, { pools })).toMatchObject({
      action: 'selectPool',
      choice: { restore },
    })
  })

  it('is nothing if the Cluster refuses the VIP', () => {
    const refuses = { 'vip.capi.gorizond.io/control-plane-enabled': 'false' }
    expect(next(asks('10.0.0.12', refuses))).toMatchObject({ action: 'done', reason: 'NoMatchingPool' })
  })

  it('is to discard the IPAddress of an address that it asked for before, rather than to wait with it', () => {
    const made = madeBefore('10.0.0.11')
    const holder = anIPAddress({ name: 'w', uid: 'w', claimName: 'w', address: '10.0.0.12' })
    const things = { addressUse: uses([made, holder]) }
    expect(next(asks('10.0.0.12'), things)).toMatchObject({ action: 'discardAddress', ipAddress: made })
  })

  it('takes a claim that was kept for it only if that has the address', () => {
    const annotations = {
      'vip.capi.gorizond.io/cluster-uid': 'before',
      'vip.capi.gorizond.io/retain': '24h',
    }
    const kept = aClaim({
      owners: [],
      annotations,
      addressName: 'vip-cp-demo',
      labels: { 'cluster.x-k8s.io/cluster-name': 'demo' },
    })
    const things = { claim: kept, ipAddress: anIPAddress(), addressUse: uses([anIPAddress()]) }
    expect(next(asks('10.0.0.10'), things)).toMatchObject({ action: 'adoptClaim' })
    expect(next(asks('10.0.0.12'), things)).toMatchObject({
      action: 'selectPool',
      choice: { restore: { address: '10.0.0.12' } },
    })
  })

  describe('after the selection', () => {
    const choice = { poolRef, considered: [], restore }

    it('is to create the IPAddress, then the claim', () => {
      expect(next(asks('10.0.0.12'), { choice })).toEqual({
        action: 'restoreAddress',
        address: restore,
        claimName: 'vip-cp-demo',
      })
      expect(next(asks('10.0.0.12'), { choice, namedAddress: madeBefore('10.0.0.12') })).toEqual({
        action: 'createClaim',
        poolRef,
        claimName: 'vip-cp-demo',
      })
    })

    it('is to select again if the annotation has changed since', () => {
      expect(next(asks('10.0.0.13'), { choice })).toMatchObject({
        action: 'selectPool',
        choice: { restore: { address: '10.0.0.13' } },
      })
      expect(next(asks('10.0.0'), { choice })).toMatchObject({ action: 'refuse' })
      const any = { poolRef, considered: [] }
      expect(next(asks('10.0.0.13'), { choice: any })).toMatchObject({
        choice: { restore: { address: '10.0.0.13' } },
      })
    })

    it('is to discard an IPAddress of another address or pool that no claim has adopted', () => {
      for (const namedAddress of [madeBefore('10.0.0.11'), madeBefore('10.0.0.12', 'other')]) {
        expect(next(asks('10.0.0.12'), { choice, namedAddress })).toMatchObject({
          action: 'discardAddress',
          ipAddress: namedAddress,
        })
      }
      const adopted = anIPAddress({ address: '10.0.0.11', owners: [{ kind: 'IPAddressClaim' }] })
      expect(next(asks('10.0.0.12'), { choice, namedAddress: adopted })).toMatchObject({ action: 'wait' })
    })

    it('has the longer name where something keeps the claim of a former Cluster, whose address is not free', () => {
      const kept = aClaim({
        owners: [ownerReference({ name: 'demo', uid: 'former' })],
        deleting: true,
        finalizers: ['x/y'],
      })
      expect(next(asks('10.0.0.12'), { claim: kept, choice })).toMatchObject({
        action: 'restoreAddress',
        claimName: 'vip-cp-demo-uid-of-d',
      })
      const addressUse = uses([anIPAddress({ address: '10.0.0.12' })])
      expect(next(asks('10.0.0.12'), { claim: kept, addressUse })).toMatchObject({
        action: 'wait',
        reason: 'DuplicateAddress',
        message: expect.stringContaining('for claim vip-cp-demo'),
      })
    })
  })

  describe('and has a claim', () => {
    const bound = aClaim({ addressName: 'vip-cp-demo' })

    it('is to write the address that it asks for', () => {
      expect(next(asks('10.0.0.10'), { claim: bound, ipAddress: anIPAddress() })).toMatchObject({
        action: 'patchCluster',
        assigned: { host: '10.0.0.10' },
      })
    })

    it('is to replace the claim if it is for another address, or for any', () => {
      const because = expect.stringContaining(
        `Cluster clusters/demo asks for 10.0.0.12 by its annotation ${annotation}`,
      )
      const replaced = { action: 'deleteClaim', outcome: 'restart', because }
      expect(next(asks('10.0.0.12'), { claim: bound, ipAddress: anIPAddress() })).toMatchObject(replaced)
      expect(next(asks('10.0.0.12'), { claim: aClaim() })).toMatchObject(replaced)
    })

    it('is to wait for the provider if it has created the IPAddress before the claim', () => {
      const namedAddress = madeBefore('10.0.0.12')
      expect(next(asks('10.0.0.12'), { claim: aClaim(), namedAddress })).toMatchObject({
        action: 'wait',
        reason: 'WaitingForAddress',
      })
      expect(next(asks('10.0.0.13'), { claim: aClaim(), namedAddress })).toMatchObject({
        action: 'discardAddress',
      })
    })

    it('is to be told what it asks for wrongly, and to write nothing', () => {
      for (const things of [{ claim: aClaim() }, { claim: bound, ipAddress: anIPAddress() }]) {
        expect(next(asks('10.0'), things)).toMatchObject({ action: 'refuse', reason: 'AllocationFailed' })
      }
    })
  })

  describe('and has a VIP', () => {
    const served = { endpoint: { host: '10.0.0.10', port: 6443 } }
    const claim = aClaim({ addressName: 'vip-cp-demo' })
    const things = { claim, ipAddress: anIPAddress() }

    it('is to keep it, and to say so', () => {
      const annotations = asks('10.0.0.12', { [vipAnnotation]: '10.0.0.10' })
      const topology = {
        classRef: { name: 'rke2-cluster-class' },
        variables: [{ name: 'clusterVip', value: '10.0.0.10' }],
      }
      expect(nextFor({ ...served, topology, annotations }, things)).toMatchObject({
        action: 'done',
        reason: 'Allocated',
        message: `Cluster clusters/demo has 10.0.0.10:6443 as it should; but it asks for 10.0.0.12 by its annotation ${annotation}: a VIP that is set never changes; correct the annotation, or create the Cluster anew`,
      })
    })

    it('is to have that one again if its claim is lost', () => {
      const annotations = asks('10.0.0.12', { [vipAnnotation]: '10.0.0.10' })
      for (const endpoint of [served.endpoint, undefined]) {
        const cluster = { annotations, rendered: true, ...(endpoint && { endpoint }) }
        expect(nextFor(cluster)).toMatchObject({
          action: 'selectPool',
          choice: { restore: { address: '10.0.0.10' } },
        })
      }
    })

    it('says nothing if that is the one, in whatever spelling', () => {
      const cluster = aCluster({ annotations: asks('FD00::0A') })
      expect(askedBeside(cluster, 'control-plane', 'fd00::a')).toBeUndefined()
      expect(askedBeside(cluster, 'control-plane', '')).toBeUndefined()
    })

    it('is found in a message beside what variables have', () => {
      const topology = { classRef: { name: 'c' }, variables: [{ name: 'clusterVip', value: '10.0.0.9' }] }
      const cluster = aCluster({ ...served, topology, annotations: asks('10.0.0.12') })
      const found = disagreementOf(cluster, controlPlane, { host: '10.0.0.10', port: 6443 }) ?? ''
      expect(found).toContain('clusterVip has 10.0.0.9; but it asks for 10.0.0.12')
      expect(disagreementIn(`as it should; ${found}`)).toBe(found)
    })
  })
})

describe('a pool of another IPAM provider', () => {
  const asked = (pool: string) => asks('10.0.0.12', { [poolAnnotation]: pool })
  const metal3 = 'IPPool.ipam.metal3.io/rack'
  const metal3Ref = { apiGroup: 'ipam.metal3.io', kind: 'IPPool', name: 'rack' }
  const claimOf = (annotations: object) =>
    ipAddressClaimFrom({
      metadata: { ...aClaim(), annotations },
      spec: { poolRef: metal3Ref },
    })

  it('that cannot be asked for an address says so', () => {
    expect(next(asked('CorpIPPool.ipam.example.com/corp'))).toEqual({
      action: 'refuse',
      reason: 'AllocationFailed',
      message: `Cluster clusters/demo asks for 10.0.0.12 by its annotation ${annotation}, and the IPAM provider of CorpIPPool.ipam.example.com cannot be asked for a certain address; remove ${annotation}, or name another pool in ${poolAnnotation}`,
    })
  })

  it('that reads the address from the claim is asked so', () => {
    expect(next(asked(metal3))).toEqual({
      action: 'selectPool',
      choice: { poolRef: metal3Ref, considered: [] },
    })
    expect(next(asked(metal3), { choice: { poolRef: metal3Ref, considered: [] } })).toEqual({
      action: 'createClaim',
      poolRef: metal3Ref,
      claimName: 'vip-cp-demo',
      annotations: { ipAddress: '10.0.0.12' },
    })
  })

  it('whose address somebody has is waited for', () => {
    expect(next(asked(metal3), { addressUse: uses([], '10.0.0.12') })).toMatchObject({
      action: 'wait',
      reason: 'DuplicateAddress',
    })
  })

  it('has its claim replaced if that does not ask for the address', () => {
    expect(next(asked(metal3), { claim: claimOf({}) })).toMatchObject({
      action: 'deleteClaim',
      outcome: 'restart',
    })
    expect(next(asked(metal3), { claim: claimOf({ ipAddress: '10.0.0.12' }) })).toMatchObject({
      action: 'wait',
      reason: 'WaitingForAddress',
    })
  })

  it('that gives another address all the same is reported, and the address is not assigned', () => {
    const claim = { ...claimOf({ ipAddress: '10.0.0.12' }), addressName: 'vip-cp-demo' }
    expect(next(asked(metal3), { claim, ipAddress: anIPAddress() })).toMatchObject({
      action: 'refuse',
      reason: 'AllocationFailed',
      message: expect.stringContaining('its IPAM provider gives another one'),
    })
  })
})

describe('the selection for a certain address', () => {
  const octet = fc.integer({ min: 0, max: 40 })
  const entry = fc.oneof(
    octet.map((last) => `10.0.0.${last}`),
    fc.tuple(octet, octet).map(([a, b]) => `10.0.0.${Math.min(a, b)}-10.0.0.${Math.max(a, b)}`),
    fc.tuple(octet, fc.integer({ min: 28, max: 31 })).map(([last, bits]) => `10.0.0.${last}/${bits}`),
  )
  const pools = fc.array(
    fc
      .record({
        addresses: fc.array(entry, { minLength: 1, maxLength: 3 }),
        excludedAddresses: fc.array(entry, { maxLength: 2 }),
        gateway: fc.option(octet, { nil: undefined }),
        givesReserved: fc.boolean(),
        prefix: fc.integer({ min: 24, max: 31 }),
        labels: fc.constantFrom({ 'vip.capi.gorizond.io/cluster-class': 'rke2-cluster-class' }, {}),
      })
      .map(({ gateway, ...pool }) =>
        aPool({ ...pool, ...(gateway !== undefined && { gateway: `10.0.0.${gateway}` }) }),
      ),
    { maxLength: 4 },
  )

  it('finds only pools that would be found without it and that give the address, and all of these', () => {
    holdsForAll(fc.tuple(pools, octet), ([of, last]) => {
      const address = `10.0.0.${last}`
      const named = of.map((pool, index) => ({ ...pool, name: `pool-${index}` }))
      const request = poolRequestFor(aCluster({ annotations: asks(address) }), 'control-plane', {})
      const found = selectIPPool(request, named)
      const others = named.filter(
        (pool) =>
          whyNeverGivenBy(pool, address) === undefined &&
          selectIPPool({ ...request, address: undefined }, [pool]).outcome === 'selected',
      )
      const pool = found.outcome === 'selected' ? found.pool : undefined
      expect(pool === undefined).toBe(others.length === 0)
      expect(pool === undefined || others.includes(pool)).toBe(true)
      // By the fields of the pool alone.
      const { addresses = [address], excludedAddresses = [], gateway } = pool ?? {}
      expect(isAddressIn(addresses, address)).toBe(true)
      expect(isAddressIn(excludedAddresses, address)).toBe(false)
      expect(gateway).not.toBe(address)
    })
  })
})
