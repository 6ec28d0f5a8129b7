import { describe, expect, it } from '@jest/globals'
import type { Action, Observed } from '../../../../src/domain/allocation/action.ts'
import { needsAllocation } from '../../../../src/domain/allocation/eligibility.ts'
import { nextAction } from '../../../../src/domain/allocation/next-action.ts'
import {
  aClaim,
  aCluster,
  anIPAddress,
  anObservation,
  aPool,
  controlPlane,
  type ClusterOptions,
} from '../../../support/builders.ts'

const reserve = { 'vip.capi.gorizond.io/reserve-endpoint': 'true' }
const endpoint = { host: '10.0.0.12', port: 6443 }
const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'vip-pool' }
const restore = { address: '10.0.0.12', prefix: 24, poolRef }
const classRef = { name: 'rke2-cluster-class' }
const topology = { classRef, variables: [{ name: 'clusterVip', value: '10.0.0.12' }] }
const typed = { endpoint, topology, annotations: reserve }

function next(cluster: ClusterOptions, things: Partial<Observed> = {}): Action {
  return nextAction(anObservation({ ...things, cluster: aCluster(cluster) }), 'control-plane')
}

describe('an endpoint by hand whose Cluster asks to have it reserved', () => {
  it('is had from the pool that has it, whatever class and role that is for', () => {
    const others = { 'vip.capi.gorizond.io/cluster-class': 'other', 'vip.capi.gorizond.io/role': 'ingress' }
    for (const pool of [aPool(), aPool({ labels: others }), aPool({ labels: {} })]) {
      expect(next(typed, { pools: [pool] })).toEqual({
        action: 'selectPool',
        choice: { poolRef, considered: [], restore },
      })
    }
  })

  it.each<[string, ClusterOptions]>([
    ['without a topology', { ...typed, topology: null }],
    ['in another spelling', { ...typed, endpoint: { host: '::FFFF:10.0.0.12', port: 6443 } }],
  ])('is so, too, %s', (_, cluster) => {
    expect(next(cluster)).toMatchObject({ action: 'selectPool', choice: { poolRef } })
  })

  it('has its IPAddress first, then its claim, then the record; the endpoint stays', () => {
    const choice = { poolRef, considered: [], restore }
    expect(next(typed, { choice })).toEqual({
      action: 'restoreAddress',
      address: restore,
      claimName: 'vip-cp-demo',
    })
    const namedAddress = anIPAddress({ address: '10.0.0.12' })
    expect(next(typed, { choice, namedAddress })).toMatchObject({ action: 'createClaim' })
    const bound = { claim: aClaim({ addressName: 'vip-cp-demo' }), ipAddress: namedAddress }
    const last = next(typed, bound)
    expect(last).toMatchObject({ action: 'patchCluster', isNew: false, assigned: endpoint })
    expect(JSON.stringify(last)).not.toContain('/spec/controlPlaneEndpoint')
  })

  it('gets the port and the variables that it lacks first', () => {
    expect(next({ ...typed, endpoint: { host: '10.0.0.12' } })).toMatchObject({
      action: 'patchCluster',
      writes: 'rest',
    })
    expect(next({ ...typed, topology: { classRef } })).toMatchObject({
      action: 'patchCluster',
      writes: 'rest',
    })
  })

  it('is waited for where somebody else has it, who is named', () => {
    const ipAddresses = [anIPAddress({ name: 'w', claimName: 'w', address: '10.0.0.12' })]
    expect(next(typed, { addressUse: { clusters: [], ipAddresses } })).toMatchObject({
      action: 'wait',
      reason: 'DuplicateAddress',
      message:
        'endpoint 10.0.0.12:6443 of Cluster clusters/demo cannot be reserved in GlobalInClusterIPPool/vip-pool: it is IPAddress clusters/w of GlobalInClusterIPPool/vip-pool for claim w; give one of them another address',
    })
  })

  it.each([
    [
      'no pool has it',
      [aPool({ addresses: ['10.1.0.0/24'] })],
      'no pool has this address, so it need not be reserved',
    ],
    [
      'its pool never gives it',
      [aPool({ excludedAddresses: ['10.0.0.12'] })],
      'it is not reserved: GlobalInClusterIPPool/vip-pool excludes it',
    ],
    [
      'its pool is closed to the Cluster',
      [aPool({ annotations: { 'vip.capi.gorizond.io/namespaces': 'gold' } })],
      'it is not reserved: GlobalInClusterIPPool/vip-pool is closed to namespace clusters',
    ],
    [
      'its pool is on another network',
      [aPool({ annotations: { 'vip.capi.gorizond.io/network': 'rack' } })],
      'it is not reserved: GlobalInClusterIPPool/vip-pool is on another network',
    ],
  ])('stays as it is where %s, and says why', (_, pools, why) => {
    expect(next(typed, { pools })).toMatchObject({
      action: 'done',
      reason: 'EndpointAlreadySet',
      message: expect.stringContaining(why),
    })
  })

  it('is not reserved if it is a DNS name', () => {
    const cluster = {
      ...typed,
      endpoint: { host: 'api.example.org', port: 6443 },
      topology: { classRef, variables: [{ name: 'clusterVip', value: 'api.example.org' }] },
    }
    expect(next(cluster)).toMatchObject({
      action: 'done',
      message: expect.stringContaining('a DNS name is not reserved in any pool'),
    })
  })

  it('needs a run until it is reserved, and only if a pool can reserve it', () => {
    const needs = (cluster: ClusterOptions, pools = [aPool()]): boolean =>
      needsAllocation(aCluster(cluster), controlPlane, { clusterClass: undefined, pools })
    expect(needs(typed)).toBe(true)
    expect(needs(typed, [])).toBe(false)
    const record = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.12' }
    expect(needs({ ...typed, annotations: { ...reserve, ...record } })).toBe(false)
    expect(needs({ ...typed, annotations: {} })).toBe(false)
  })

  it('is had again from its pool if its claim is lost', () => {
    const record = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.12' }
    expect(next({ ...typed, rendered: true, annotations: { ...reserve, ...record } })).toMatchObject({
      action: 'selectPool',
      choice: { restore: { address: '10.0.0.12' } },
    })
  })
})

describe('an endpoint by hand whose Cluster does not ask for that', () => {
  it.each([
    [{}],
    [{ 'vip.capi.gorizond.io/reserve-endpoint': 'false' }],
    [{ 'vip.capi.gorizond.io/reserve-endpoint': 'yes' }],
  ])('costs no address: %j', (annotations) => {
    expect(next({ ...typed, annotations })).toMatchObject({ action: 'done', reason: 'EndpointAlreadySet' })
  })

  it('is told that its word cannot be read', () => {
    const annotations = { 'vip.capi.gorizond.io/reserve-endpoint': 'yes' }
    expect(next({ ...typed, annotations })).toMatchObject({
      message: expect.stringContaining(
        'it is not reserved: vip.capi.gorizond.io/reserve-endpoint is "yes", expected "true" or "false"',
      ),
    })
  })
})
