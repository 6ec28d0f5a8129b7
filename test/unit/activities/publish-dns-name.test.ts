import { describe, expect, it } from '@jest/globals'
import { dnsEndpointFrom } from '../../../src/domain/model/dns-endpoint.ts'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import { aCluster, ownerReference, type ClusterOptions } from '../../support/builders.ts'
import { failureOf, run, step } from './support.ts'

const dnsName = 'demo.clusters.example.com'
const dnsNames = { 'control-plane': '{cluster}.{namespace}.example.com', ingress: '' }
const vip: ClusterOptions = {
  endpoint: { host: '10.0.0.10', port: 6443 },
  annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' },
}

function publish(calls: Partial<ClusterApi>): Promise<unknown> {
  const api = { getCluster: async () => aCluster(vip), getDnsEndpoint: async () => undefined, ...calls }
  return run('publishDnsName', { ...step, dnsName }, api, 1, { dnsNames })
}

function ownedBy(uid: string) {
  const owners = [ownerReference({ name: 'demo', uid })]
  return dnsEndpointFrom({
    metadata: { namespace: 'clusters', name: 'vip-cp-demo', uid: 'uid-of-record', ownerReferences: owners },
  })
}

describe('publishDnsName', () => {
  it.each([
    ['makes the DNSEndpoint', undefined],
    ['writes its own again', ownedBy('uid-of-demo')],
  ])('%s', async (_, present) => {
    const written: unknown[] = []
    const answer = await publish({
      getDnsEndpoint: async () => present,
      applyDnsEndpoint: async (object) => void written.push(object),
    })
    expect(answer).toEqual({ next: 'published' })
    expect(written).toMatchObject([
      { spec: { endpoints: [{ dnsName, recordType: 'A', targets: ['10.0.0.10'] }] } },
    ])
  })

  it('leaves a DNSEndpoint of somebody else alone', async () => {
    expect(await publish({ getDnsEndpoint: async () => ownedBy('uid-of-another') })).toEqual({
      next: 'left',
      because: `DNS name ${dnsName} is not published: DNSEndpoint clusters/vip-cp-demo is not this Cluster's and is left alone; delete or rename it`,
    })
  })

  it.each([
    ['is gone', undefined, 'Cluster clusters/demo is gone'],
    ['is another one', aCluster({ ...vip, uid: 'new' }), 'Cluster clusters/demo is gone'],
    ['is paused', aCluster({ ...vip, paused: true }), 'Cluster clusters/demo is paused or being deleted'],
    ['has lost its VIP', aCluster(), 'Cluster clusters/demo has no such VIP any more'],
  ])('writes nothing for a Cluster that %s', async (_, cluster, because) => {
    expect(await publish({ getCluster: async () => cluster })).toEqual({
      next: 'left',
      because: `DNS name ${dnsName} is not published: ${because}`,
    })
  })

  it.each(['notServed', 'forbidden', 'invalid'] as const)(
    'ends without a name if the API server answers %s, since the VIP is there',
    async (kind) => {
      const refused = new KubernetesError('the words of the server', { kind, status: 403 })
      expect(await publish({ applyDnsEndpoint: () => Promise.reject(refused) })).toEqual({
        next: 'left',
        because: `DNS name ${dnsName} is not published: the words of the server`,
      })
    },
  )

  it('is tried again if the API server does not answer', async () => {
    const away = new KubernetesError('no answer', { kind: 'unavailable', status: 503 })
    expect(await failureOf(publish({ applyDnsEndpoint: () => Promise.reject(away) }))).toMatchObject({
      type: 'KubernetesUnavailable',
    })
  })
})
