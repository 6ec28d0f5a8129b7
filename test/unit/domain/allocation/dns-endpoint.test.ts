import { describe, expect, it } from '@jest/globals'
import {
  dnsEndpointFor,
  dnsNameOf,
  lacksDnsEndpoint,
} from '../../../../src/domain/allocation/dns-endpoint.ts'
import { dnsEndpointFrom } from '../../../../src/domain/model/dns-endpoint.ts'
import { aCluster, controlPlane, ingress } from '../../../support/builders.ts'

const templates = {
  'control-plane': '{cluster}.{namespace}.example.com',
  ingress: '*.{cluster}.{namespace}.example.com',
}
const served = aCluster({
  endpoint: { host: '10.0.0.10', port: 6443 },
  annotations: {
    'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10',
    'vip.capi.gorizond.io/ingress-vip': '2001:db8::1',
  },
})
const wanted = dnsEndpointFor(served, controlPlane, templates)

describe('the DNSEndpoint of a VIP', () => {
  it('has its name and address, and the Cluster as owner', () => {
    expect(wanted).toEqual({
      metadata: {
        namespace: 'clusters',
        name: 'vip-cp-demo',
        labels: {
          'cluster.x-k8s.io/cluster-name': 'demo',
          'vip.capi.gorizond.io/role': 'control-plane',
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
      spec: {
        endpoints: [{ dnsName: 'demo.clusters.example.com', recordType: 'A', targets: ['10.0.0.10'] }],
      },
    })
  })

  it('has a record for IPv6 where the VIP is one', () => {
    expect(dnsEndpointFor(served, ingress, templates)).toMatchObject({
      metadata: { name: 'vip-ingress-demo' },
      spec: {
        endpoints: [{ dnsName: '*.demo.clusters.example.com', recordType: 'AAAA', targets: ['2001:db8::1'] }],
      },
    })
  })

  it.each([
    ['is not there yet', aCluster()],
    ['is somebody else’s', aCluster({ endpoint: { host: '10.9.9.9', port: 6443 } })],
  ])('is not wanted while the VIP %s', (_, cluster) => {
    expect(dnsEndpointFor(cluster, controlPlane, templates)).toBeUndefined()
    expect(lacksDnsEndpoint(cluster, controlPlane, templates, undefined)).toBe(false)
  })

  it('is not wanted where VIPs have no names, or the name is too long', () => {
    expect(dnsEndpointFor(served, controlPlane, { 'control-plane': '', ingress: '' })).toBeUndefined()
    const long = { namespace: 'clusters', name: 'a'.repeat(64) }
    expect(dnsNameOf(long, 'control-plane', templates)).toEqual({
      decision: 'none',
      because: `Cluster clusters/${long.name} gets no DNS name: ${long.name}.clusters.example.com is none, its label ${long.name} has more than 63 characters`,
    })
  })
})

describe('a Cluster with its VIP', () => {
  const lacks = (object: object | undefined): boolean =>
    lacksDnsEndpoint(served, controlPlane, templates, object && dnsEndpointFrom(object))

  it('lacks nothing beside the DNSEndpoint that it should have', () => {
    expect(lacks(wanted)).toBe(false)
  })

  it.each([
    ['there is none', undefined],
    ['it has another owner', { ...wanted, metadata: { namespace: 'clusters', name: 'vip-cp-demo' } }],
    [
      'it has another address',
      {
        ...wanted,
        spec: {
          endpoints: [{ dnsName: 'demo.clusters.example.com', recordType: 'A', targets: ['10.0.0.11'] }],
        },
      },
    ],
    ['it has no record', { ...wanted, spec: {} }],
  ])('lacks its DNSEndpoint if %s', (_, object) => {
    expect(lacks(object)).toBe(true)
  })
})
