import { describe, expect, it } from '@jest/globals'
import { decideAllocation, needsAllocation } from '../../src/domain/eligibility.ts'
import { aClaim, aCluster } from '../support/builders.ts'

const endpoint = { host: '10.9.9.9', port: 6443 }
const poolAnnotation = { 'vip.capi.gorizond.io/control-plane-pool': 'mine' }

describe('decideAllocation', () => {
  it.each([
    ['has no endpoint', {}],
    ['has an empty host, as v1beta1 stores it', { endpoint: { host: '', port: 0 } }],
    ['has a port only', { endpoint: { port: 8443 } }],
    ['names a pool and has no topology', { topology: null, annotations: poolAnnotation }],
  ])('allocates for a Cluster that %s', (_, options) => {
    expect(decideAllocation(aCluster(options), 'control-plane', undefined)).toEqual({ decision: 'allocate' })
  })

  it('takes no address for an endpoint of somebody else', () => {
    expect(decideAllocation(aCluster({ endpoint }), 'control-plane', undefined)).toEqual({
      decision: 'skip',
      reason: 'EndpointAlreadySet',
      message:
        'spec.controlPlaneEndpoint is 10.9.9.9:6443 already, and not from a claim of ours; no address is taken',
    })
  })

  it('takes no address for an endpoint beside a claim of somebody else', () => {
    const foreign = aClaim({ owners: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }] })
    expect(decideAllocation(aCluster({ endpoint }), 'control-plane', foreign)).toMatchObject({
      decision: 'skip',
    })
  })

  it('goes on with an endpoint that has a claim of ours', () => {
    expect(decideAllocation(aCluster({ endpoint }), 'control-plane', aClaim())).toEqual({
      decision: 'allocate',
    })
  })

  it('completes the port of a host without one', () => {
    const cluster = aCluster({ endpoint: { host: 'api.example.org' } })
    expect(decideAllocation(cluster, 'control-plane', undefined)).toEqual({ decision: 'complete-port' })
  })

  it.each([
    ['spec.paused', { paused: true }],
    ['the annotation, even empty', { annotations: { 'cluster.x-k8s.io/paused': '' } }],
  ])('waits while the Cluster is paused by %s', (_, options) => {
    expect(decideAllocation(aCluster(options), 'control-plane', undefined)).toEqual({
      decision: 'wait',
      reason: 'ClusterPaused',
      message: 'Cluster clusters/demo is paused; nothing is written until it is unpaused',
    })
  })

  it('ends for a Cluster that is being deleted, paused or not', () => {
    const cluster = aCluster({ deleting: true, paused: true })
    expect(decideAllocation(cluster, 'control-plane', undefined)).toEqual({
      decision: 'end',
      reason: 'ClusterDeleted',
      message: 'Cluster clusters/demo is being deleted',
    })
  })

  it('skips a Cluster without topology, and says how to opt in', () => {
    expect(decideAllocation(aCluster({ topology: null }), 'control-plane', undefined)).toEqual({
      decision: 'skip',
      reason: 'NoMatchingPool',
      message:
        'Cluster clusters/demo has no spec.topology; name a pool in its annotation vip.capi.gorizond.io/control-plane-pool to have one all the same',
    })
  })
})

describe('needsAllocation', () => {
  it.each([
    ['an endpoint', { endpoint }, false],
    ['no endpoint', {}, true],
    ['a host only', { endpoint: { host: 'api.example.org' } }, true],
    ['a pause', { paused: true }, false],
    ['a deletion under way', { deleting: true }, false],
    ['no topology', { topology: null }, false],
    ['no topology and a pool of its own', { topology: null, annotations: poolAnnotation }, true],
  ])('of a Cluster with %s is %#', (_, options, needs) => {
    expect(needsAllocation(aCluster(options), 'control-plane')).toBe(needs)
  })
})
