import { describe, expect, it } from '@jest/globals'
import { checkClusterClasses } from '../../../../../src/commands/doctor/checks/clusters.ts'
import type { CheckOutcome } from '../../../../../src/commands/doctor/checks/check-result.ts'
import type { Cluster } from '../../../../../src/domain/model/cluster.ts'
import type { IPPool } from '../../../../../src/domain/model/pool.ts'
import { aClaim, aClass, aCluster, aPool, variables } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

function check(clusters: readonly Cluster[], pools: readonly IPPool[]): readonly CheckOutcome[] {
  return checkClusterClasses(aSnapshot({ clusters, pools }), { variables })
}

const classKey = 'vip.capi.gorizond.io/cluster-class'
const inOrder = [
  {
    level: 'ok',
    found: 'every Cluster without endpoint has a pool that is meant for its ClusterClass',
  },
]

describe('a ClusterClass', () => {
  it('is a fault where its Clusters wait and no pool is meant for it', () => {
    const clusters = [
      aCluster(),
      aCluster({ name: 'second' }),
      aCluster({ name: 'third', endpoint: { host: '10.0.0.1', port: 6443 } }),
    ]
    expect(check(clusters, [aPool({ labels: { [classKey]: 'other' } })])).toEqual([
      {
        level: 'fault',
        found: `no pool serves ClusterClass clusters/${aClass}, and 2 Clusters of it waiting: clusters/demo, clusters/second`,
        fix: `label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with ${classKey}=${aClass}`,
      },
    ])
  })

  it('is in order where its pools do not have the address that a Cluster asks for: that is told of the Cluster', () => {
    const annotations = { 'vip.capi.gorizond.io/control-plane-address': '192.0.2.1' }
    expect(check([aCluster({ annotations })], [aPool()])).toEqual(inOrder)
    expect(check([aCluster({ annotations })], [])[0]?.found).toContain('no pool serves ClusterClass')
  })

  it('is a fault for the family of which it has no pool', () => {
    const annotations = { 'vip.capi.gorizond.io/ip-families': 'IPv6' }
    expect(check([aCluster({ annotations })], [aPool()])).toEqual([
      {
        level: 'fault',
        found: `no pool with IPv6 addresses serves ClusterClass clusters/${aClass}, and 1 Cluster of it waiting: clusters/demo`,
        fix: `label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters with IPv6 addresses, with ${classKey}=${aClass}`,
      },
    ])
  })

  it('is none of Clusters without one, which are reported together', () => {
    const asks = { 'vip.capi.gorizond.io/control-plane-enabled': 'true' }
    const clusters = [
      aCluster({ topology: null, annotations: asks }),
      aCluster({ name: 'second', topology: null, annotations: asks }),
      aCluster({ name: 'third', topology: null }),
    ]
    expect(check(clusters, [aPool()])).toEqual([
      {
        level: 'fault',
        found:
          'no pool serves Clusters without ClusterClass, and 2 Clusters without one waiting: clusters/demo, clusters/second',
        fix: expect.stringContaining(`${classKey}="true", and list * in the annotation ${classKey}`),
      },
    ])
    const forEvery = aPool({ labels: { [classKey]: 'true' }, annotations: { [classKey]: '*' } })
    expect(check(clusters, [forEvery])).toEqual(inOrder)
  })

  it('is reported once for each name and namespace', () => {
    const classRef = { name: aClass, namespace: 'platform' }
    const clusters = [aCluster(), aCluster({ name: 'b', topology: { classRef } })]
    expect(check(clusters, [])).toHaveLength(2)
  })

  it('is not served by a pool of another namespace', () => {
    const elsewhere = aPool({ kind: 'InClusterIPPool', namespace: 'elsewhere' })
    expect(check([aCluster()], [elsewhere])[0]?.level).toBe('fault')
    const here = aPool({ kind: 'InClusterIPPool' })
    expect(check([aCluster()], [here])).toEqual(inOrder)
  })

  it.each([
    ['a pool is meant for it, with room or without', aCluster(), [aPool({ deleting: true })]],
    ['the Cluster has an endpoint', aCluster({ endpoint: { host: '10.0.0.1', port: 6443 } }), []],
    ['the Cluster has no class', aCluster({ topology: null }), []],
    ['the Cluster is paused', aCluster({ paused: true }), []],
    ['the Cluster is being deleted', aCluster({ deleting: true }), []],
    [
      'the Cluster names its pool itself',
      aCluster({ annotations: { 'vip.capi.gorizond.io/control-plane-pool': 'mine' } }),
      [],
    ],
    ['somebody else set a host without a port', aCluster({ endpoint: { host: '10.0.0.1', port: 0 } }), []],
  ])('is in order where %s', (_, cluster, pools) => {
    expect(check([cluster], pools)).toEqual(inOrder)
  })

  it('is in order where the Cluster has its claim already, as a run goes by that', () => {
    const things = { clusters: [aCluster()], claims: [aClaim({ addressName: 'vip-cp-demo' })] }
    expect(checkClusterClasses(aSnapshot(things), { variables })).toEqual(inOrder)
  })
})
