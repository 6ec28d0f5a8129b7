import { describe, expect, it } from '@jest/globals'
import { ipAddressFrom } from '../../../../src/domain/model/ip-address.ts'
import {
  buildIPAddressClaim,
  claimMetadataFor,
  claimNameFor,
  ipAddressClaimFrom,
  ownershipOf,
} from '../../../../src/domain/model/claim.ts'
import { aClaim, aCluster, ownerReference } from '../../../support/builders.ts'

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

describe('claimMetadataFor', () => {
  it('labels the claim with no watch filter where the Cluster has none', () => {
    expect(claimMetadataFor(aCluster({ labels: { team: 'a' } }), 'ingress').labels).toStrictEqual({
      'cluster.x-k8s.io/cluster-name': 'demo',
      'vip.capi.gorizond.io/role': 'ingress',
    })
  })
})

describe('ipAddressClaimFrom', () => {
  const metadata = { namespace: 'clusters', name: 'vip-cp-demo' }

  it('reads pool and address of a bound claim', () => {
    const object = { metadata, spec: { poolRef }, status: { addressRef: { name: 'an-address' } } }
    expect(ipAddressClaimFrom(object)).toMatchObject({ ...metadata, poolRef, addressName: 'an-address' })
  })

  it.each([
    ['no status', {}],
    ['no reference', { status: {} }],
    ['the empty reference of v1beta1', { status: { addressRef: { name: '' } } }],
  ])('reads a claim with %s as unbound', (_, status) => {
    expect(ipAddressClaimFrom({ metadata, spec: { poolRef }, ...status }).addressName).toBeUndefined()
  })
})

describe('ipAddressFrom', () => {
  it('reads address, claim and pool', () => {
    const metadata = { namespace: 'clusters', name: 'an-address' }
    const spec = { address: 'fd00::10', prefix: 64, claimRef: { name: 'vip-cp-demo' }, poolRef }
    expect(ipAddressFrom({ metadata, spec })).toMatchObject({
      ...metadata,
      address: 'fd00::10',
      claimName: 'vip-cp-demo',
      poolRef,
    })
  })
})

describe('ownershipOf', () => {
  const otherOwner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }
  it.each([
    ['this Cluster’s', [ownerReference(aCluster())], { owner: 'this-cluster' }],
    [
      'this Cluster’s beside another owner',
      [otherOwner, ownerReference(aCluster())],
      { owner: 'this-cluster' },
    ],
    ['nobody’s', [], { owner: 'nobody' }],
    [
      'a former Cluster’s',
      [ownerReference(aCluster({ uid: 'old' }))],
      { owner: 'previous-cluster', uid: 'old' },
    ],
    [
      'a former Cluster’s beside another owner',
      [otherOwner, ownerReference(aCluster({ uid: 'old' }))],
      { owner: 'previous-cluster', uid: 'old' },
    ],
    [
      'that of a Cluster of another API group',
      [{ ...ownerReference(aCluster()), apiVersion: 'cluster.x-k8s.io.example.org/v1' }],
      { owner: 'other', description: 'Cluster demo (uid uid-of-demo)' },
    ],
    [
      'that of another kind of Cluster API',
      [{ ...ownerReference(aCluster()), kind: 'Machine' }],
      { owner: 'other', description: 'Machine demo (uid uid-of-demo)' },
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
