import { describe, expect, it } from '@jest/globals'
import { poolsReport } from '../../../../src/commands/pools/pools-report.ts'
import { poolsText } from '../../../../src/commands/pools/pools.ts'
import { plainStyle } from '../../../support/plain-style.ts'
import {
  aCluster,
  aClusterClass,
  anIPAddress,
  anUncountedPool,
  aPool,
  aRetainedClaim,
  variables,
} from '../../../support/builders.ts'
import { aSnapshot, type SnapshotObjects } from '../../../support/snapshot.ts'

function text(things: SnapshotObjects): string {
  return poolsText(poolsReport(aSnapshot(things), { variables }), plainStyle, true)
}

describe('the pools, for people', () => {
  it('are a table with the forecast below', () => {
    const clusters = ['first', 'second'].map((name, index) =>
      aCluster({ name, uid: name, created: `2026-01-02T03:00:0${index}Z` }),
    )
    const pools = [
      aPool({ capacity: { total: 11, used: 10, free: 1, outOfRange: 0 } }),
      aPool({
        kind: 'InClusterIPPool',
        name: 'web',
        uid: 'web',
        labels: { 'vip.capi.gorizond.io/cluster-class': 'web', 'vip.capi.gorizond.io/role': 'ingress' },
        annotations: { 'vip.capi.gorizond.io/priority': 'high' },
      }),
    ]
    expect(text({ clusters, pools })).toBe(
      [
        'POOL                             NAMESPACES   USED               FREE   WAITING   CLASSES              ROLES           PRIORITY     STATE',
        'GlobalInClusterIPPool/vip-pool   all          █████████░ 10/11   1      2         rke2-cluster-class   control-plane   0            Ready',
        'InClusterIPPool/web              clusters     ░░░░░░░░░░ 0/11    11     0         web                  ingress         unreadable   Ready',
        '',
        'Forecast, in the order of turns: 2 still to be allocated; 1 will get an address, 1 will not.',
        'CLUSTER           ROLE            GETS      POOL                             WHY',
        'clusters/first    control-plane   address   GlobalInClusterIPPool/vip-pool   -',
        'clusters/second   control-plane   nothing   GlobalInClusterIPPool/vip-pool   PoolExhausted: GlobalInClusterIPPool/vip-pool: 0 of 11 addresses free; add addresses or label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with vip.capi.gorizond.io/cluster-class=rke2-cluster-class',
      ].join('\n'),
    )
  })

  it.each<[string, Record<string, string>, string]>([
    ['selects', { 'namespace-selector': 'team=blue' }, 'those with team=blue'],
    ['lists and selects', { namespaces: 'a,b', 'namespace-selector': '!team' }, 'a, b, those with !team'],
    ['selects all', { 'namespace-selector': '' }, 'all'],
    ['lists nobody', { namespaces: '' }, '-'],
  ])('say which Namespaces may use a pool that %s some', (_, written, namespaces) => {
    const annotations = Object.fromEntries(
      Object.entries(written).map(([name, value]) => [`vip.capi.gorizond.io/${name}`, value]),
    )
    const [, row = ''] = text({ pools: [aPool({ annotations })] }).split('\n')
    expect(row.slice(row.indexOf('   ') + 3, row.indexOf('░')).trim()).toBe(namespaces)
  })

  it('say what is unknown, and which classes have none', () => {
    const clusterClasses = [{ ...aClusterClass({ declared: [], accepted: [] }), name: 'other' }]
    expect(text({ clusters: [aCluster()], pools: [anUncountedPool()], clusterClasses })).toContain(
      '1 cannot be told, since the provider has not counted the pool',
    )
    expect(text({ clusterClasses })).toBe(
      'There is no pool.\n\nNo VIP is still to be allocated.\nNo pool is for control planes of ClusterClass clusters/other.',
    )
  })

  it('show twenty expectations and count the rest', () => {
    const clusters = Array.from({ length: 23 }, (_, index) =>
      aCluster({ name: `c${index}`, uid: `c${index}` }),
    )
    expect(text({ clusters, pools: [aPool()] })).toMatch(/\nand 3 more$/)
  })

  it('name what they keep, for whom and until when', () => {
    const annotations = { 'vip.capi.gorizond.io/kept-until': '2026-03-02T11:00:00Z' }
    const pools = [
      aPool({ annotations: { 'vip.capi.gorizond.io/retain': '24h' } }),
      aPool({ name: 'typo', annotations: { 'vip.capi.gorizond.io/retain': '1 day' } }),
    ]
    const claims = [aRetainedClaim({ annotations })]
    const lines = text({ pools, claims, ipAddresses: [anIPAddress()] }).split('\n')
    expect(lines[0]).toMatch(/STATE +RETAIN$/)
    expect(lines.find((line) => line.includes('/typo '))).toMatch(/unreadable$/)
    expect(lines.find((line) => line.includes('/vip-pool '))).toMatch(/24h$/)
    const heading = lines.indexOf('Kept for Clusters that are gone:')
    expect(lines[heading + 2]).toMatch(
      /^10\.0\.0\.10 +control-plane +GlobalInClusterIPPool\/vip-pool +clusters\/vip-cp-demo +kept for clusters\/demo until 2026-03-02T11:00:00Z$/,
    )
  })
})
