import { describe, expect, it } from '@jest/globals'
import {
  addressOfPool,
  buildReservation,
  buildRestoredAddress,
  ipAddressFrom,
  isReservation,
  reservationKeyFor,
} from '../../../../src/domain/model/ip-address.ts'
import {
  duplicateAddressesOf,
  duplicateAddressesPatch,
  isRecordedDuplicate,
} from '../../../../src/domain/allocation/duplicate-addresses.ts'
import { aCluster, aPool } from '../../../support/builders.ts'

const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'vip-pool' }
const owner = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', name: 'demo', uid: 'uid-of-demo' }

describe('an IPAddress made before its claim', () => {
  it('has the name of the claim, and the network of its pool', () => {
    const pooled = addressOfPool(aPool({ gateway: '10.0.0.1' }), '10.0.0.12')
    expect(buildRestoredAddress(aCluster(), 'vip-ingress-demo', pooled)).toEqual({
      kind: 'IPAddress',
      metadata: {
        name: 'vip-ingress-demo',
        namespace: 'clusters',
        labels: { 'cluster.x-k8s.io/cluster-name': 'demo' },
        ownerReferences: [owner],
      },
      spec: {
        address: '10.0.0.12',
        prefix: 24,
        gateway: '10.0.0.1',
        poolRef,
        claimRef: { name: 'vip-ingress-demo' },
      },
    })
  })
})

describe('a reservation', () => {
  it('keeps the address in its pool, belongs to the Cluster, and can be told from all others', () => {
    const reservation = buildReservation(aCluster(), addressOfPool(aPool(), '10.0.0.12'))
    expect(reservation).toEqual({
      kind: 'IPAddress',
      metadata: {
        name: 'vip-reserved-demo-10.0.0.12',
        namespace: 'clusters',
        labels: {
          'cluster.x-k8s.io/cluster-name': 'demo',
          'vip.capi.gorizond.io/reserved-by': 'demo',
        },
        ownerReferences: [owner],
      },
      spec: {
        address: '10.0.0.12',
        prefix: 24,
        poolRef,
        claimRef: { name: 'vip-reserved-demo-10.0.0.12' },
      },
    })
    expect(isReservation(ipAddressFrom(reservation))).toBe(true)
  })

  it.each([
    ['fd00::10', 'vip-reserved-demo-fd00--10'],
    ['fd00::', 'vip-reserved-demo-fd00--0'],
  ])('of %s has a name that Kubernetes takes', (address, name) => {
    expect(reservationKeyFor({ namespace: 'clusters', name: 'demo' }, address)).toEqual({
      namespace: 'clusters',
      name,
    })
  })
})

describe('the record of duplicates on a Cluster', () => {
  const key = 'vip.capi.gorizond.io/duplicate-addresses'
  const cluster = aCluster({ annotations: { [key]: '10.0.0.10,FD00::1' } })

  it('is read in every spelling', () => {
    expect(duplicateAddressesOf(cluster)).toEqual(['10.0.0.10', 'FD00::1'])
    expect(isRecordedDuplicate(cluster, 'fd00:0::1')).toBe(true)
    expect(isRecordedDuplicate(cluster, '10.0.0.1')).toBe(false)
    expect(duplicateAddressesOf(aCluster())).toEqual([])
  })

  it('is written conditional on the Cluster as read, and removed when it is empty', () => {
    const asRead = { op: 'replace', path: '/metadata/resourceVersion', value: '100' }
    const path = '/metadata/annotations/vip.capi.gorizond.io~1duplicate-addresses'
    expect(duplicateAddressesPatch(cluster, ['10.0.0.10', '10.0.0.11'])).toEqual([
      asRead,
      { op: 'add', path, value: '10.0.0.10,10.0.0.11' },
    ])
    expect(duplicateAddressesPatch(aCluster(), ['10.0.0.10'])).toEqual([
      asRead,
      { op: 'add', path: '/metadata/annotations', value: { [key]: '10.0.0.10' } },
    ])
    expect(duplicateAddressesPatch(cluster, [])).toEqual([asRead, { op: 'remove', path }])
    expect(duplicateAddressesPatch(aCluster(), [])).toEqual([asRead])
  })
})

describe('an address that has to be had again', () => {
  const wanted = addressOfPool(aPool(), '10.0.0.10')

  it('has no gateway where its pool has none', () => {
    expect(wanted).not.toHaveProperty('gateway')
    expect(buildRestoredAddress(aCluster(), 'vip-cp-demo', wanted)).not.toHaveProperty('spec.gateway')
  })

  it('is read with the network that it has', () => {
    const spec = { address: '10.0.0.10', prefix: 24, gateway: '10.0.0.1' }
    expect(ipAddressFrom({ spec })).toMatchObject(spec)
    expect(ipAddressFrom({ spec: { address: '10.0.0.10' } })).toMatchObject({ prefix: 0, gateway: undefined })
  })
})
