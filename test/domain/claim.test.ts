import { describe, expect, it } from '@jest/globals'
import { buildIPAddressClaim, claimNameFor, ownershipOf } from '../../src/domain/claim.ts'
import { aClaim, aCluster, ownerReference } from '../support/builders.ts'

const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'vip-pool' }

describe('buildIPAddressClaim', () => {
  it('follows the IPAM contract, and can be collected with the Cluster', () => {
    const cluster = aCluster({ labels: { 'cluster.x-k8s.io/watch-filter': 'blue', team: 'a' } })
    expect(buildIPAddressClaim(cluster, 'control-plane', poolRef)).toEqual({
      kind: 'IPAddressClaim',
      metadata: {
        name: 'vip-cp-demo',
        namespace: 'clusters',
        labels: {
          'cluster.x-k8s.io/cluster-name': 'demo',
          'vip.capi.gorizond.io/role': 'control-plane',
          'cluster.x-k8s.io/watch-filter': 'blue',
        },
        ownerReferences: [
          {
            apiVersion: 'cluster.x-k8s.io/v1beta2',
            kind: 'Cluster',
            name: 'demo',
            uid: 'uid-of-demo',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: { clusterName: 'demo', poolRef },
    })
  })

  it('has a name of its own for each role', () => {
    expect(claimNameFor({ name: 'demo' }, 'control-plane')).toBe('vip-cp-demo')
    expect(claimNameFor({ name: 'demo' }, 'ingress')).toBe('vip-ingress-demo')
  })
})

describe('ownershipOf', () => {
  it.each([
    ['this Cluster’s', [ownerReference(aCluster())], { owner: 'this-cluster' }],
    ['nobody’s', [], { owner: 'nobody' }],
    [
      'a former Cluster’s',
      [ownerReference(aCluster({ uid: 'old' }))],
      { owner: 'former-cluster', uid: 'old' },
    ],
    [
      'another object’s',
      [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'demo', uid: 'uid-of-demo' }],
      { owner: 'other', description: 'ConfigMap demo (uid uid-of-demo)' },
    ],
    [
      'another Cluster’s',
      [ownerReference(aCluster({ name: 'else' }))],
      { owner: 'other', description: 'Cluster else (uid uid-of-else)' },
    ],
  ])('knows a claim to be %s', (_, owners, ownership) => {
    expect(ownershipOf(aClaim({ owners }), aCluster())).toEqual(ownership)
  })
})
