import { describe, expect, it } from '@jest/globals'
import { formatRange } from '../../../../src/domain/model/address-text.ts'
import { rangesGivenBy, whyNeverGivenBy } from '../../../../src/domain/allocation/pool-addresses.ts'
import { aPool, type PoolOptions } from '../../../support/builders.ts'

const subnet = { addresses: ['10.0.0.0/24'] } satisfies PoolOptions
const subnet6 = { addresses: ['fd00::/120'], prefix: 120 } satisfies PoolOptions
const twoSubnets = { addresses: ['10.0.1.0', '10.0.2.0', '10.0.0.250-10.0.0.255'] } satisfies PoolOptions
const bothFamilies = { addresses: ['::1-::5', '10.0.0.250-10.0.0.255'] } satisfies PoolOptions
const network = 'keeps it as the address of its subnet'
const broadcast = 'keeps it as the broadcast address of its subnet'

describe('an address', () => {
  it.each<[string, PoolOptions, string, string | undefined]>([
    ['in the middle', subnet, '10.0.0.7', undefined],
    ['outside', subnet, '10.0.1.7', 'does not have it'],
    ['that is none', subnet, 'ten', 'does not have it'],
    ['with a zone', subnet6, 'fd00::7%eth0', 'does not have it'],
    ['that is a network', subnet, '10.0.0.7/32', 'does not have it'],
    ['excluded', { ...subnet, excludedAddresses: ['10.0.0.15'] }, '10.0.0.15', 'excludes it'],
    ['excluded by a range', { ...subnet, excludedAddresses: ['10.0.0.8/29'] }, '10.0.0.15', 'excludes it'],
    ['beside the excluded', { ...subnet, excludedAddresses: ['10.0.0.15'] }, '10.0.0.16', undefined],
    ['of the gateway', { ...subnet, gateway: '10.0.0.1' }, '10.0.0.1', 'has it as its gateway'],
    [
      'of the gateway in another spelling',
      { ...subnet6, gateway: 'fd00::1' },
      'FD00:0::01',
      'has it as its gateway',
    ],
    ['of the subnet', subnet, '10.0.0.0', network],
    ['of broadcast', subnet, '10.0.0.255', broadcast],
    ['of the subnet of its lowest range', twoSubnets, '10.0.0.255', broadcast],
    ['of the subnet of a higher range', twoSubnets, '10.0.1.0', undefined],
    ['of the IPv4 subnet beside a lower IPv6 range', bothFamilies, '10.0.0.255', broadcast],
    ['that ends a range of one address', { addresses: ['10.0.0.7'], prefix: 32 }, '10.0.0.7', network],
    ['that ends in zero within a subnet', { addresses: ['10.0.0.0/23'], prefix: 23 }, '10.0.1.0', undefined],
    ['of the subnet where that is given', { ...subnet, givesReserved: true }, '10.0.0.0', undefined],
    ['of broadcast where that is given', { ...subnet, givesReserved: true }, '10.0.0.255', undefined],
    ['of an IPv6 subnet', subnet6, 'fd00::', network],
    ['at the end of an IPv6 subnet', subnet6, 'fd00::ff', undefined],
    ['of a pool whose prefix is out of range', { ...subnet, prefix: 64 }, '10.0.0.0', undefined],
  ])('%s', (_, pool, address, why) => {
    expect(whyNeverGivenBy(aPool(pool), address)).toBe(why)
  })
})

describe('the ranges that a pool gives', () => {
  it('are without what its provider leaves out', () => {
    const pool = aPool({ ...subnet, excludedAddresses: ['10.0.0.15-10.0.0.20'], gateway: '10.0.0.1' })
    expect(rangesGivenBy(pool).map(formatRange)).toEqual(['10.0.0.2-10.0.0.14', '10.0.0.21-10.0.0.254'])
  })

  it('are none where its addresses cannot be read', () => {
    expect(rangesGivenBy(aPool({ addresses: ['ten'], gateway: 'ten' }))).toEqual([])
  })
})
