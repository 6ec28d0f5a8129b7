import { findPoolKind } from '../../../../src/domain/model/pool-kind.ts'
import { inClusterPool, inClusterPoolKinds } from '../../../../src/domain/model/pool-kinds.ts'
import { availableAddresses, ipPoolFrom, poolRefFrom } from '../../../../src/domain/model/pool.ts'
import { describe, expect, it } from '@jest/globals'
import { anUncountedPool, aPool } from '../../../support/builders.ts'

describe('ipPoolFrom', () => {
  it('reads metadata and the count of addresses', () => {
    const metadata = { namespace: 'clusters', name: 'vip-pool' }
    const capacity = { total: 5, used: 3, free: 2, outOfRange: 1 }
    const pool = ipPoolFrom(inClusterPool, { metadata, status: { ipAddresses: capacity } })
    expect(pool).toMatchObject({ ...metadata, kind: 'InClusterIPPool', isPaused: false, capacity })
  })

  it.each([
    ['no status', undefined, {}],
    ['no count', undefined, { status: {} }],
    ['a count of another shape', undefined, { status: { ipAddresses: 5 } }],
    [
      'a count without zeros',
      { total: 5, used: 0, free: 5, outOfRange: 0 },
      { status: { ipAddresses: { total: 5, free: 5 } } },
    ],
  ])('reads %s as %j', (_, capacity, object) => {
    expect(ipPoolFrom(inClusterPool, object).capacity).toEqual(capacity)
  })

  it.each([
    [60, 60],
    [undefined, 0],
  ])('reads a grace period of %s seconds as %i', (graceSeconds, seconds) => {
    const pool = aPool(graceSeconds === undefined ? {} : { graceSeconds })
    expect(pool.reuseGraceSeconds).toBe(seconds)
  })

  it.each([
    [true, true],
    [false, false],
    [undefined, false],
  ])('reads allocateReservedIPAddresses %s as %s', (given, givesReserved) => {
    expect(aPool(given === undefined ? {} : { givesReserved: given }).givesReserved).toBe(givesReserved)
  })

  it('reads the annotation as paused, whatever its value', () => {
    expect(aPool({ annotations: { 'cluster.x-k8s.io/paused': 'false' } }).isPaused).toBe(true)
  })
})

describe('the addresses that can still be had', () => {
  it('are the free ones and those that are counted as used out of range', () => {
    expect(availableAddresses(aPool({ capacity: { total: 5, used: 4, free: 1, outOfRange: 3 } }))).toBe(4)
  })

  it('are not known before they are counted', () => {
    expect(availableAddresses(anUncountedPool())).toBeUndefined()
  })
})

describe('a kind', () => {
  it.each([
    ['InClusterIPPool', true],
    ['GlobalInClusterIPPool', true],
    ['InClusterPrefixPool', false],
    ['constructor', false],
    ['', false],
  ])('"%s" has addresses for VIPs: %p', (kind, has) => {
    const found = findPoolKind(inClusterPoolKinds, { apiGroup: 'ipam.cluster.x-k8s.io', kind })
    expect(found !== undefined).toBe(has)
    expect(findPoolKind(inClusterPoolKinds, { apiGroup: 'ipam.example.test', kind })).toBeUndefined()
  })
})

describe('poolRefFrom', () => {
  it.each([
    [
      { apiGroup: 'a', kind: 'b', name: 'c', extra: 'd' },
      { apiGroup: 'a', kind: 'b', name: 'c' },
    ],
    [undefined, { apiGroup: '', kind: '', name: '' }],
  ])('reads %j as %j', (value, poolRef) => {
    expect(poolRefFrom(value)).toEqual(poolRef)
  })
})
