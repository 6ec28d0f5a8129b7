import { describe, expect, it } from '@jest/globals'
import type { CheckOutcome } from '../../../../../src/commands/doctor/checks/check-result.ts'
import { checkPools } from '../../../../../src/commands/doctor/checks/pools.ts'
import type { Cluster } from '../../../../../src/domain/model/cluster.ts'
import type { IPPool } from '../../../../../src/domain/model/pool.ts'
import { aClaim, aCluster, anUncountedPool, aPool, variables } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

function check(pools: readonly IPPool[], clusters: readonly Cluster[] = []): readonly CheckOutcome[] {
  return checkPools(aSnapshot({ pools, clusters }), { variables })
}

const classKey = 'vip.capi.gorizond.io/cluster-class'

function capacity(free: number, total: number, outOfRange = 0): object {
  return { capacity: { total, used: total - free, free, outOfRange } }
}

describe('the pools', () => {
  it('are a fault where there is none for VIPs, and Clusters of a class', () => {
    const fix = expect.stringContaining(`${classKey}=<ClusterClass>`)
    expect(check([], [aCluster()])).toEqual([
      { level: 'fault', found: 'there is no InClusterIPPool and no GlobalInClusterIPPool', fix },
    ])
    expect(check([aPool({ labels: {} })], [aCluster()])).toEqual([
      { level: 'fault', found: `1 pool, and none with the label ${classKey}`, fix },
    ])
  })

  it('are a warning where nobody misses them yet', () => {
    expect(check([])[0]?.level).toBe('warning')
    expect(check([], [aCluster({ topology: null })])[0]?.level).toBe('warning')
  })

  const elsewhere = aCluster({
    annotations: { 'vip.capi.gorizond.io/control-plane-pool': 'CorpIPPool.ipam.example.test/corp' },
  })

  it('are no fault where Clusters name pools of another provider alone', () => {
    expect(check([], [elsewhere])).toEqual([
      {
        level: 'ok',
        found:
          'there is no InClusterIPPool and no GlobalInClusterIPPool; Clusters name pools of another IPAM provider',
      },
    ])
    expect(check([], [elsewhere, aCluster({ name: 'plain' })])[0]?.level).toBe('fault')
  })

  it('need not be served while no Cluster waits for one', () => {
    const unserved = (clusters: readonly Cluster[]) =>
      checkPools(
        { ...aSnapshot({ clusters }), unservedPools: 'pools are not served: install x' },
        { variables },
      )
    const served = aCluster({ name: 'by-hand', endpoint: { host: '192.0.2.9', port: 6443 } })
    expect(unserved([elsewhere, served])).toEqual([
      {
        level: 'ok',
        found: 'there is no pool of the in-cluster IPAM provider, and no Cluster waits for one',
      },
    ])
    expect(unserved([elsewhere, aCluster({ name: 'plain' })])).toEqual([
      {
        level: 'fault',
        found: 'there can be no pool for VIPs: pools are not served: install x',
        fix: "install it, or name pools of another IPAM provider in the Clusters' annotations",
      },
    ])
  })

  it('are in order where addresses are left, and those for nodes do not count', () => {
    const pools = [
      aPool(),
      aPool({ name: 'more', ...capacity(5, 9) }),
      aPool({ name: 'nodes', labels: {}, ...capacity(0, 9) }),
    ]
    expect(check(pools)).toEqual([{ level: 'ok', found: '2 pools for VIPs, with 16 of 20 addresses free' }])
  })

  it('are in order where nobody has counted them', () => {
    expect(check([anUncountedPool()])).toEqual([
      { level: 'ok', found: '1 pool for VIPs, with 0 of 0 addresses free' },
    ])
  })

  it.each([
    [1, 10, 0, 'ok'],
    [1, 11, 0, 'warning'],
    [9, 100, 0, 'warning'],
    [10, 100, 0, 'ok'],
    [1, 1, 0, 'ok'],
    [0, 1, 0, 'warning'],
    [0, 5, 1, 'ok'],
    [0, 0, 0, 'warning'],
    [-1, 5, 0, 'warning'],
  ])('with %d of %d free, %d of them out of range, are: %4$s', (free, total, outOfRange, level) => {
    expect(check([aPool(capacity(free, total, outOfRange))])[0]?.level).toBe(level)
  })

  it('say what a grace period keeps, and until when', () => {
    const pool = aPool({ name: 'a', graceSeconds: 600, ...capacity(0, 2) })
    const dying = aClaim({ name: 'vip-cp-gone', poolName: 'a', deleting: true })
    const elsewhere = aClaim({ name: 'vip-cp-other', poolName: 'b', deleting: true })
    const living = aClaim({ name: 'vip-cp-demo', poolName: 'a' })
    const snapshot = aSnapshot({ pools: [pool], claims: [dying, elsewhere, living] })
    expect(checkPools(snapshot, { variables })[0]?.found).toBe(
      'GlobalInClusterIPPool/a is exhausted: 0 of 2 addresses free; deleted Clusters keep 1 of them for addressReuseGracePeriodSeconds, the first until 2026-01-02T04:10:00.000Z',
    )
    const without = aSnapshot({ pools: [{ ...pool, reuseGraceSeconds: 0 }], claims: [dying] })
    expect(checkPools(without, { variables })[0]?.found).toBe(
      'GlobalInClusterIPPool/a is exhausted: 0 of 2 addresses free',
    )
  })

  it('are named if they are exhausted, or nearly', () => {
    const pools = [aPool({ name: 'a', ...capacity(0, 9) }), aPool({ name: 'b', ...capacity(1, 19) }), aPool()]
    expect(check(pools)).toEqual([
      {
        level: 'warning',
        found: 'GlobalInClusterIPPool/a is exhausted: 0 of 9 addresses free',
        fix: 'add addresses to GlobalInClusterIPPool/a, or another pool with the same label',
      },
      {
        level: 'warning',
        found: 'GlobalInClusterIPPool/b is nearly exhausted: 1 of 19 addresses free',
        fix: 'add addresses to GlobalInClusterIPPool/b, or another pool with the same label',
      },
    ])
  })
})
