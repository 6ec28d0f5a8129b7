import { describe, expect, it } from '@jest/globals'
import type { Observed } from '../../../../src/domain/allocation/action.ts'
import { isServed, renderedVipOf, type RenderedVip } from '../../../../src/domain/extension/rendered-vip.ts'
import type { Cluster } from '../../../../src/domain/model/cluster.ts'
import {
  aClaim,
  aCluster,
  aClusterClass,
  anIPAddress,
  anObservation,
  aPool,
  ownerReference,
  type ClusterOptions,
} from '../../../support/builders.ts'

const endpoint = { host: '10.0.0.10', port: 6443 }
const recorded = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
const disabled = { 'vip.capi.gorizond.io/control-plane-enabled': 'false' }
const bound = { claim: aClaim({ addressName: 'vip-cp-demo' }), ipAddress: anIPAddress() }

function vipOf(options: ClusterOptions, facts: Partial<Observed> = {}, isComplete = true): RenderedVip {
  const cluster: Cluster = aCluster(options)
  return renderedVipOf({ observed: { ...anObservation({ cluster, ...facts }), cluster }, isComplete })
}

function pending(message: string, comesSoon = false): RenderedVip {
  return { state: 'pending', comesSoon, message }
}

describe('a Cluster with an endpoint', () => {
  const assigned = { state: 'assigned', endpoint, address: '10.0.0.10' }

  it.each<[string, ClusterOptions, Partial<Observed>]>([
    ['that holds its claim', { annotations: recorded }, bound],
    ['that somebody has typed', {}, {}],
    ['whose annotation is gone', {}, bound],
    [
      'whose annotation names another address',
      { annotations: { ...recorded, [Object.keys(recorded)[0] ?? '']: '10.0.0.99' } },
      bound,
    ],
    ['that refuses a VIP by now', { annotations: disabled }, {}],
    ['that is paused', { paused: true, annotations: recorded }, bound],
    ['that is being deleted', { deleting: true }, bound],
    ['whose class is not known', {}, { clusterClass: undefined }],
    ['whose claim is not bound yet', {}, { claim: aClaim() }],
    [
      'whose claim is about to go',
      {},
      {
        ...bound,
        claim: aClaim({ addressName: 'vip-cp-demo', deleting: true }),
        ipAddress: anIPAddress({ address: '10.0.0.11' }),
      },
    ],
    [
      'beside the claim of a previous Cluster of its name',
      {},
      {
        claim: aClaim({
          addressName: 'vip-cp-demo',
          owners: [ownerReference({ name: 'demo', uid: 'previous' })],
        }),
        ipAddress: anIPAddress({ address: '10.0.0.11' }),
      },
    ],
  ])('%s is rendered with that', (_, options, facts) => {
    expect(vipOf({ endpoint, ...options }, facts)).toEqual(assigned)
  })

  it('is answered before everything is listed, too', () => {
    expect(vipOf({ endpoint }, bound, false)).toEqual(assigned)
  })

  it('is rendered with the spelling of its endpoint', () => {
    const host = 'FD00:0:0::10'
    const ipAddress = anIPAddress({ address: 'fd00::10' })
    expect(vipOf({ endpoint: { host, port: 6443 } }, { ...bound, ipAddress })).toEqual({
      state: 'assigned',
      endpoint: { host, port: 6443 },
      address: host,
    })
  })

  it('that contradicts its claim is answered by nobody', () => {
    expect(vipOf({ endpoint }, { ...bound, ipAddress: anIPAddress({ address: '10.0.0.11' }) })).toEqual(
      pending(
        "Cluster clusters/demo has endpoint 10.0.0.10:6443, but its IPAddressClaim vip-cp-demo holds 10.0.0.11; set the endpoint's host to 10.0.0.11 again, or delete the claim if the Cluster never used that",
      ),
    )
  })

  it('that is a name is rendered with the name, and with the address of its claim once that is assigned', () => {
    const named = { host: 'demo.example', port: 6443 }
    expect(vipOf({ endpoint: named, annotations: recorded }, bound)).toEqual({
      state: 'assigned',
      endpoint: named,
      address: '10.0.0.10',
    })
    for (const options of [{}, { annotations: disabled }]) {
      expect(vipOf({ endpoint: named, ...options }, bound)).toEqual({
        state: 'assigned',
        endpoint: named,
        address: undefined,
      })
    }
  })
})

describe('a Cluster without a whole endpoint', () => {
  const soon = pending('Cluster clusters/demo has no control-plane VIP yet', true)

  it.each<[string, ClusterOptions, Partial<Observed>]>([
    ['gets one', {}, {}],
    ['has a claim without address', {}, { claim: aClaim() }],
    ['has an address that is not assigned yet', {}, bound],
    ['has a host and no port', { endpoint: { host: '10.0.0.10' } }, {}],
    ['has a port and no host', { endpoint: { host: '', port: 6443 } }, {}],
  ])('that %s is waited for', (_, options, facts) => {
    expect(vipOf(options, facts)).toEqual(soon)
  })

  it('is waited for as long as not everything is listed, whatever its pools', () => {
    expect(vipOf({}, { pools: [] }, false)).toEqual(soon)
  })

  it.each<[string, Partial<Observed>]>([
    ['NoMatchingPool', { pools: [] }],
    ['PoolExhausted', { pools: [aPool({ capacity: { total: 1, used: 1, free: 0, outOfRange: 0 } })] }],
    [
      'ClaimConflict',
      { claim: aClaim({ owners: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'p' }] }) },
    ],
  ])('that waits for a person is answered at once, with the reason %s and no counts', (reason, facts) => {
    expect(vipOf({}, facts)).toEqual(
      pending(
        `Cluster clusters/demo has no control-plane VIP yet (${reason}); its condition vip.capi.gorizond.io/ControlPlaneVIPReady says more`,
      ),
    )
  })

  it('that wants no VIP is rendered without one', () => {
    expect(vipOf({ annotations: disabled })).toEqual({ state: 'unwanted' })
    const annotations = disabled
    const clusterClass = aClusterClass({ declared: [], accepted: [], annotations })
    expect(vipOf({}, { clusterClass })).toEqual({ state: 'unwanted' })
  })

  it('of a class that is not known may be of one that refuses a VIP, so it waits', () => {
    expect(vipOf({}, { clusterClass: undefined })).toEqual(
      pending(
        'Cluster clusters/demo is of ClusterClass clusters/rke2-cluster-class, which has not been read yet',
        true,
      ),
    )
  })

  it('that is paused, being deleted, or unreadable is answered at once', () => {
    expect(vipOf({ paused: true })).toEqual(
      pending('Cluster clusters/demo is paused; it gets its VIP when it is unpaused'),
    )
    expect(vipOf({ deleting: true })).toEqual(
      pending('Cluster clusters/demo is being deleted, and gets no VIP any more'),
    )
    expect(vipOf({ annotations: { 'vip.capi.gorizond.io/control-plane-enabled': 'maybe' } })).toEqual(
      pending(
        'Cluster clusters/demo gets no VIP: annotation vip.capi.gorizond.io/control-plane-enabled of Cluster clusters/demo is "maybe", expected "true" or "false"',
      ),
    )
  })
})

describe('an installation', () => {
  it.each([
    [{}, { namespaces: [], watchFilter: undefined }, true],
    [{}, { namespaces: ['other'], watchFilter: undefined }, false],
    [{}, { namespaces: ['clusters'], watchFilter: undefined }, true],
    [{}, { namespaces: [], watchFilter: 'mine' }, false],
    [{ 'cluster.x-k8s.io/watch-filter': 'mine' }, { namespaces: [], watchFilter: 'mine' }, true],
  ])('serves Clusters by namespace and label: %#', (labels, served, isOne) => {
    expect(isServed(aCluster({ labels }), served)).toBe(isOne)
  })
})
