import { describe, expect, it } from '@jest/globals'
import { fullNameOf } from '../../../../src/domain/model/pool-kind.ts'
import {
  fixedAddressOf,
  poolKindFrom,
  poolNamespaceFor,
  repeatedIn,
} from '../../../../src/domain/model/pool-kinds.ts'
import { ipPoolFrom, type IPPool } from '../../../../src/domain/model/pool.ts'

function pool(kind: string, spec: object, status?: object): IPPool {
  const poolKind = poolKindFrom(kind)
  if (poolKind === undefined) throw new Error(`${kind} is no kind`)
  return ipPoolFrom(poolKind, { metadata: { name: 'vips', namespace: 'clusters' }, spec, status })
}

describe('a kind of pools, as a person writes it', () => {
  it.each([
    ['CorpIPPool.ipam.example.com', 'CorpIPPool.ipam.example.com', []],
    ['CorpIPPool.ipam.example.com/v1beta1', 'CorpIPPool.ipam.example.com', ['v1beta1']],
    ['IPPool.ipam.metal3.io/v1alpha1', 'IPPool.ipam.metal3.io', ['v1alpha1']],
    [
      'InClusterIPPool.ipam.cluster.x-k8s.io',
      'InClusterIPPool.ipam.cluster.x-k8s.io',
      ['v1alpha2', 'v1alpha1'],
    ],
  ])('%s is %s', (text, name, versions) => {
    const kind = poolKindFrom(text)
    expect(kind && fullNameOf(kind)).toBe(name)
    expect(kind?.versions).toEqual(versions)
  })

  it.each([
    [''],
    ['IPPool'],
    ['IPPool.metal3'],
    ['ippool.ipam.metal3.io'],
    ['IPPool.ipam.metal3.io/'],
    ['IPPool.ipam.metal3.io/latest'],
    ['ipam.metal3.io/v1alpha1'],
    ['IPPool.ipam.metal3.io/v1alpha1/vips'],
    ['InClusterPrefixPool.ipam.cluster.x-k8s.io'],
  ])('"%s" is none', (text) => {
    expect(poolKindFrom(text)).toBeUndefined()
  })

  it('is the same in two versions', () => {
    const kinds = ['A.b.c', 'A.b.c/v1', 'A.b.d', 'B.b.c'].flatMap((text) => poolKindFrom(text) ?? [])
    expect(repeatedIn(kinds)).toEqual(['A.b.c'])
  })
})

describe('a pool of Metal3', () => {
  const spec = {
    pools: [
      { start: '10.0.0.10', end: '10.0.0.19', gateway: '10.0.0.1', prefix: 25 },
      { subnet: '10.0.1.0/30' },
      { start: '10.0.2.250', subnet: '10.0.2.0/24' },
      { start: '10.0.3.1' },
    ],
    prefix: 24,
    preAllocations: { somebody: '10.0.0.10' },
  }

  it('has the ranges that its provider allocates', () => {
    expect(pool('IPPool.ipam.metal3.io', spec)).toMatchObject({
      addresses: ['10.0.0.10-10.0.0.19', '10.0.1.1-10.0.1.3', '10.0.2.250-10.0.2.255'],
      prefix: 25,
      gateway: '10.0.0.1',
    })
  })

  it.each([
    ['nothing', undefined, undefined],
    [
      'no allocation',
      { lastUpdated: '2026-01-02T03:04:05Z' },
      { total: 19, used: 1, free: 18, outOfRange: 0 },
    ],
    [
      'allocations, of which one is reserved and one is of earlier ranges',
      { indexes: { a: '10.0.0.10', b: '10.0.1.2', c: '192.0.2.1' } },
      { total: 19, used: 2, free: 17, outOfRange: 0 },
    ],
  ])('counts its addresses by %s', (_, status, capacity) => {
    expect(pool('IPPool.ipam.metal3.io', spec, status).capacity).toEqual(capacity)
  })

  it('counts a network that is too large for a number', () => {
    const large = pool('IPPool.ipam.metal3.io', { pools: [{ subnet: 'fd00::/64' }] }, { indexes: {} })
    expect(large.capacity).toMatchObject({ total: Number.MAX_SAFE_INTEGER, free: Number.MAX_SAFE_INTEGER })
  })
})

describe('a pool of UniFi', () => {
  it('has ranges, exceptions and counts', () => {
    const spec = {
      subnets: [
        { cidr: '10.0.0.0/24', gateway: '10.0.0.1', prefix: 24, excludeRanges: ['10.0.0.1-10.0.0.9'] },
        { start: '10.0.1.10', end: '10.0.1.20' },
      ],
    }
    const addresses = { total: 266, used: 2, free: 264, outOfRange: 0 }
    expect(pool('UnifiIPPool.ipam.cluster.x-k8s.io', spec, { addresses })).toMatchObject({
      addresses: ['10.0.0.0/24', '10.0.1.10-10.0.1.20'],
      excludedAddresses: ['10.0.0.1-10.0.0.9'],
      gateway: '10.0.0.1',
      capacity: addresses,
    })
  })
})

describe('a pool of Infoblox', () => {
  const claimOf = (of: IPPool, role: 'control-plane' | 'ingress') =>
    of.poolKind.claimAnnotations?.(of, { cluster: 'demo', role })

  it('needs a host name on the claim, if it has a zone', () => {
    const zoned = pool('InfobloxIPPool.ipam.cluster.x-k8s.io', { dnsZone: 'k8s.example.com' })
    expect(claimOf(zoned, 'control-plane')).toEqual({
      'ipam.cluster.x-k8s.io/hostname': 'demo.k8s.example.com',
    })
    expect(claimOf(zoned, 'ingress')).toEqual({
      'ipam.cluster.x-k8s.io/hostname': 'ingress.demo.k8s.example.com',
    })
    expect(claimOf(pool('InfobloxIPPool.ipam.cluster.x-k8s.io', {}), 'control-plane')).toEqual({})
  })
})

describe('what is known of a kind without its pools', () => {
  it.each([
    ['ipam.cluster.x-k8s.io', 'GlobalInClusterIPPool', '', 'pre-made'],
    ['ipam.cluster.x-k8s.io', 'InClusterIPPool', 'clusters', 'pre-made'],
    ['ipam.cluster.x-k8s.io', 'GlobalNetBoxIPPool', '', undefined],
    ['ipam.metal3.io', 'IPPool', 'clusters', { claimAnnotation: 'ipAddress' }],
    ['ipam.example.com', 'CorpIPPool', 'clusters', undefined],
  ])('%s %s is in namespace "%s", and gives a certain address %j', (apiGroup, kind, namespace, fixed) => {
    expect(poolNamespaceFor({ apiGroup, kind }, 'clusters')).toBe(namespace)
    expect(fixedAddressOf({ apiGroup, kind })).toEqual(fixed)
  })
})
