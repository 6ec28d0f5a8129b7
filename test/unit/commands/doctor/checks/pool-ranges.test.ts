import { describe, expect, it } from '@jest/globals'
import { checkPoolRanges } from '../../../../../src/commands/doctor/checks/pools.ts'
import { anIPAddress, aPool, type PoolOptions } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

const forNodes = { labels: {} }

function check(...pools: readonly PoolOptions[]): readonly (readonly [string, string])[] {
  const named = pools.map((options, index) => aPool({ name: `pool-${index}`, ...options }))
  return checkPoolRanges(aSnapshot({ pools: named })).map(({ level, found }) => [level, found])
}

function overlap(common: string): readonly (readonly [string, string])[] {
  return [['warning', `GlobalInClusterIPPool/pool-0 and GlobalInClusterIPPool/pool-1 both have ${common}`]]
}

describe('the ranges of pools', () => {
  it.each([
    ['side by side', ['10.0.0.10-10.0.0.19'], ['10.0.0.20-10.0.0.29']],
    ['of two kinds', ['10.0.0.0/24'], ['fd00::/120']],
    ['with nothing in them', [], []],
  ])('are in order %s', (_, one, other) => {
    expect(check({ addresses: one }, { addresses: other })).toEqual([
      ['ok', 'no overlap between the addresses of 2 pools'],
    ])
  })

  it.each([
    [['10.0.0.10-10.0.0.20'], ['10.0.0.20-10.0.0.29'], '10.0.0.20'],
    [['10.0.0.0/24'], ['10.0.0.64/26'], '10.0.0.64-10.0.0.127'],
    [['10.0.0.1', '10.0.0.5-10.0.0.9'], ['10.0.0.0/29'], '10.0.0.1, 10.0.0.5-10.0.0.7'],
    [['fd00::10-fd00::20'], ['fd00::/64'], 'fd00::10-fd00::20'],
  ])('%j and %j overlap in %s', (one, other, common) => {
    expect(check({ addresses: one }, { addresses: other })).toEqual(overlap(common))
  })

  it('do not overlap in what one of them excludes', () => {
    const wide = { addresses: ['10.0.0.0/24'] }
    const narrow = { addresses: ['10.0.0.10-10.0.0.20'] }
    expect(check({ ...wide, excludedAddresses: ['10.0.0.10-10.0.0.20'] }, narrow)[0]?.[0]).toBe('ok')
    expect(check({ ...wide, excludedAddresses: ['10.0.0.12-10.0.0.18'] }, narrow)).toEqual(
      overlap('10.0.0.10-10.0.0.11, 10.0.0.19-10.0.0.20'),
    )
    expect(check(wide, { ...narrow, excludedAddresses: ['10.0.0.10', '10.0.0.20', 'fd00::1'] })).toEqual(
      overlap('10.0.0.11-10.0.0.19'),
    )
  })

  it('leave an address without a network if its pool cannot be read, where networks have names', () => {
    const annotations = { 'vip.capi.gorizond.io/network': 'blue' }
    const of = (ipAddress: Parameters<typeof anIPAddress>[0], pool: PoolOptions) =>
      checkPoolRanges(aSnapshot({ pools: [aPool(pool)], ipAddresses: [anIPAddress(ipAddress)] }))
    expect(of({ poolName: 'gone' }, { annotations })).toEqual([
      {
        level: 'warning',
        found:
          'the pools of these IPAddresses cannot be read, so their network is unknown and counts as the one without a name: clusters/vip-cp-demo of GlobalInClusterIPPool/gone',
        fix: 'create these pools again, or permit to list them: vip.capi.gorizond.io/network is on the pool',
      },
    ])
    expect(of({}, { annotations })[0]?.level).toBe('ok')
    expect(of({ poolName: 'gone' }, {})[0]?.level).toBe('ok')
  })

  it('are of interest where one of two pools is for VIPs', () => {
    const same = { addresses: ['10.0.0.10'] }
    expect(check(same, { ...same, ...forNodes })).toEqual(overlap('10.0.0.10'))
    expect(check({ ...same, ...forNodes }, same)).toEqual(overlap('10.0.0.10'))
    expect(check({ ...same, ...forNodes }, { ...same, ...forNodes })[0]?.[0]).toBe('ok')
  })

  it('are compared pair by pair', () => {
    const same = { addresses: ['10.0.0.10'] }
    expect(check(same, same, same)).toHaveLength(3)
  })

  it('are a fault where one cannot be read', () => {
    expect(check({ addresses: ['10.0.0.10', '10.0.0.300', '10.0.0.1-fd00::1'] })).toEqual([
      [
        'fault',
        'GlobalInClusterIPPool/pool-0: spec.addresses has "10.0.0.300", expected an address, a CIDR or a range first-last',
      ],
    ])
    expect(check({ addresses: ['nonsense'], ...forNodes })[0]?.[0]).toBe('ok')
  })

  it('come with what a person does about them', () => {
    const pools = [
      aPool({ addresses: ['10.0.0.10', 'nonsense'] }),
      aPool({ name: 'second', addresses: ['10.0.0.10'] }),
    ]
    expect(checkPoolRanges(aSnapshot({ pools })).map(({ fix }) => fix)).toEqual([
      'correct spec.addresses of GlobalInClusterIPPool/vip-pool',
      'take these addresses out of one of GlobalInClusterIPPool/vip-pool and GlobalInClusterIPPool/second, by spec.addresses or spec.excludedAddresses',
    ])
  })
})
