import { describe, expect, it } from '@jest/globals'
import { checkClusterClasses } from '../../../../../src/commands/doctor/checks/cluster-classes.ts'
import { aClass, aCluster, aPool } from '../../../../support/builders.ts'

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
    expect(checkClusterClasses(clusters, [aPool({ labels: { [classKey]: 'other' } })])).toEqual([
      {
        level: 'fault',
        found: `no pool serves ClusterClass clusters/${aClass}, and 2 Clusters of it waiting: clusters/demo, clusters/second`,
        fix: `label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with ${classKey}=${aClass}`,
      },
    ])
  })

  it('is reported once for each name and namespace', () => {
    const classRef = { name: aClass, namespace: 'platform' }
    const clusters = [aCluster(), aCluster({ name: 'b', topology: { classRef } })]
    expect(checkClusterClasses(clusters, [])).toHaveLength(2)
  })

  it('is not served by a pool of another namespace', () => {
    const elsewhere = aPool({ kind: 'InClusterIPPool', namespace: 'elsewhere' })
    expect(checkClusterClasses([aCluster()], [elsewhere])[0]?.level).toBe('fault')
    const here = aPool({ kind: 'InClusterIPPool' })
    expect(checkClusterClasses([aCluster()], [here])).toEqual(inOrder)
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
  ])('is in order where %s', (_, cluster, pools) => {
    expect(checkClusterClasses([cluster], pools)).toEqual(inOrder)
  })
})
