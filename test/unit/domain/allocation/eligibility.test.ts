import { describe, expect, it } from '@jest/globals'
import {
  decideAllocation,
  explicitPoolOf,
  needsAllocation,
  wishOf,
} from '../../../../src/domain/allocation/eligibility.ts'
import {
  aClaim,
  aCluster,
  aClusterClass,
  aPool,
  controlPlane,
  ingress,
  type ClusterOptions,
} from '../../../support/builders.ts'

const endpoint = { host: '10.9.9.9', port: 6443 }
const poolAnnotation = { 'vip.capi.gorizond.io/control-plane-pool': 'mine' }
const ours = { 'vip.capi.gorizond.io/control-plane-vip': '10.9.9.9' }
const foreign = aClaim({ owners: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }] })
const ingressPool = aPool({
  name: 'ingress-pool',
  labels: {
    'vip.capi.gorizond.io/cluster-class': 'rke2-cluster-class',
    'vip.capi.gorizond.io/role': 'ingress',
  },
})

function decide(options: ClusterOptions, claim?: ReturnType<typeof aClaim>) {
  return decideAllocation(aCluster(options), controlPlane, claim, [])
}

describe('decideAllocation', () => {
  it.each<[string, ClusterOptions]>([
    ['has no endpoint', {}],
    ['has an empty host, as v1beta1 stores it', { endpoint: { host: '', port: 0 } }],
    ['has a port only', { endpoint: { port: 8443 } }],
    ['names a pool and has no topology', { topology: null, annotations: poolAnnotation }],
  ])('allocates for a Cluster that %s', (_, options) => {
    expect(decide(options)).toEqual({ decision: 'allocate' })
  })

  it('takes no address for an endpoint of somebody else', () => {
    expect(decide({ endpoint })).toEqual({
      decision: 'skip',
      reason: 'EndpointAlreadySet',
      message:
        'Cluster clusters/demo has endpoint 10.9.9.9:6443 already, and not from a claim of ours; no address is taken',
    })
  })

  it.each<[string, ClusterOptions]>([
    ['an endpoint of somebody else', { endpoint }],
    [
      'an endpoint that replaced ours',
      { endpoint, annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.1' } },
    ],
  ])('takes no address for %s beside a claim of somebody else', (_, options) => {
    expect(decide(options, foreign)).toMatchObject({ decision: 'skip', reason: 'EndpointAlreadySet' })
  })

  it.each<[string, ClusterOptions]>([
    ['an endpoint', { endpoint }],
    ['an endpoint of ours', { endpoint, annotations: ours }],
    ['an endpoint of ours that was dropped', { annotations: ours }],
  ])('goes on with %s that has a claim of ours', (_, options) => {
    expect(decide(options, aClaim())).toEqual({ decision: 'allocate' })
  })

  it.each<[string, ClusterOptions]>([
    ['an endpoint of ours', { endpoint, annotations: ours }],
    ['an endpoint of ours that was dropped', { annotations: ours }],
  ])('restores the address of %s whose claim is gone', (_, options) => {
    expect(decide(options)).toEqual({ decision: 'restore', address: '10.9.9.9' })
  })

  it('leaves it to the claim to be judged where somebody else has its name', () => {
    expect(decide({ endpoint, annotations: ours }, foreign)).toEqual({ decision: 'allocate' })
  })

  it('completes the port of a host without one', () => {
    expect(decide({ endpoint: { host: 'api.example.org' } })).toEqual({ decision: 'complete-port' })
  })

  it.each<[string, ClusterOptions]>([
    ['spec.paused', { paused: true }],
    ['the annotation, even empty', { annotations: { 'cluster.x-k8s.io/paused': '' } }],
  ])('waits while the Cluster is paused by %s', (_, options) => {
    expect(decide(options)).toEqual({
      decision: 'wait',
      reason: 'ClusterPaused',
      message: 'Cluster clusters/demo is paused; nothing is written until it is unpaused',
    })
  })

  it('ends for a Cluster that is being deleted, paused or not', () => {
    expect(decide({ deleting: true, paused: true })).toEqual({
      decision: 'end',
      reason: 'ClusterDeleted',
      message: 'Cluster clusters/demo is being deleted',
    })
  })

  it('skips a Cluster without topology, and says how to opt in', () => {
    expect(decide({ topology: null })).toEqual({
      decision: 'skip',
      reason: 'NoMatchingPool',
      message:
        'Cluster clusters/demo has no spec.topology; name a pool in its annotation vip.capi.gorizond.io/control-plane-pool to have one all the same',
    })
  })
})

describe('decideAllocation for ingress', () => {
  const enabled = (word: string) => ({ 'vip.capi.gorizond.io/ingress-enabled': word })

  it.each<[string, ClusterOptions, ReturnType<typeof aPool>[], object]>([
    ['says nothing and no pool is for it', {}, [aPool()], { decision: 'skip', reason: 'NoMatchingPool' }],
    ['says nothing and a pool is for it', {}, [ingressPool], { decision: 'allocate' }],
    ['asks for it', { annotations: enabled('true') }, [], { decision: 'allocate' }],
    ['refuses it', { annotations: enabled('false') }, [ingressPool], { decision: 'skip' }],
    [
      'names a pool for it',
      { annotations: { 'vip.capi.gorizond.io/ingress-pool': 'mine' } },
      [],
      { decision: 'allocate' },
    ],
    [
      'has one of ours, whatever the pools say by now',
      { annotations: { 'vip.capi.gorizond.io/ingress-vip': '10.0.0.20' } },
      [],
      { decision: 'restore', address: '10.0.0.20' },
    ],
    [
      'has one by hand in its variable',
      {
        topology: {
          classRef: { name: 'rke2-cluster-class' },
          variables: [{ name: 'ingressVip', value: '10.9.9.1' }],
        },
      },
      [ingressPool],
      {
        decision: 'skip',
        reason: 'EndpointAlreadySet',
        message:
          'Cluster clusters/demo has ingress VIP 10.9.9.1 already, and not from a claim of ours; no address is taken',
      },
    ],
    [
      'says something else',
      { annotations: enabled('yes\n') },
      [],
      {
        decision: 'refuse',
        reason: 'AllocationFailed',
        message:
          'annotation vip.capi.gorizond.io/ingress-enabled of Cluster clusters/demo is "yes\\n", expected "true" or "false"',
      },
    ],
  ])('of a Cluster that %s', (_, options, pools, decision) => {
    expect(decideAllocation(aCluster(options), ingress, undefined, pools)).toMatchObject(decision)
  })
})

describe('needsAllocation', () => {
  const withVariable = aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] })
  const classRef = { name: 'rke2-cluster-class' }

  it.each<[string, ClusterOptions, boolean]>([
    ['an endpoint', { endpoint }, false],
    ['no endpoint', {}, true],
    ['a host only', { endpoint: { host: 'api.example.org' } }, true],
    ['a pause', { paused: true }, false],
    ['a deletion under way', { deleting: true }, false],
    ['no topology', { topology: null }, false],
    ['no topology and a pool of its own', { topology: null, annotations: poolAnnotation }, true],
    ['an endpoint of ours that lost its port', { endpoint: { host: '10.9.9.9' }, annotations: ours }, true],
    ['an endpoint of ours that was dropped', { annotations: ours }, true],
  ])('of a Cluster with %s', (_, options, needs) => {
    expect(needsAllocation(aCluster(options), controlPlane, { clusterClass: undefined, pools: [] })).toBe(
      needs,
    )
  })

  it.each<[string, readonly object[], Parameters<typeof aClusterClass>[0] | undefined, boolean]>([
    ['that the class has', [], { declared: ['clusterVip'], accepted: ['clusterVip'] }, true],
    ['that the class has not taken in yet', [], { declared: ['clusterVip'], accepted: [] }, false],
    ['of a class that is not known yet', [], undefined, false],
    [
      'that somebody has set',
      [{ name: 'clusterVip', value: 'x' }],
      { declared: ['clusterVip'], accepted: ['clusterVip'] },
      false,
    ],
  ])('of a Cluster with our endpoint and without the variable %s', (_, variables, clusterClass, needs) => {
    const cluster = aCluster({ endpoint, annotations: ours, topology: { classRef, variables } })
    const known = clusterClass && aClusterClass(clusterClass)
    expect(needsAllocation(cluster, controlPlane, { clusterClass: known, pools: [] })).toBe(needs)
  })

  it('leaves the variable of an endpoint by hand alone', () => {
    const around = { clusterClass: withVariable, pools: [] }
    expect(needsAllocation(aCluster({ endpoint }), controlPlane, around)).toBe(false)
  })

  it('wants an ingress VIP as soon as a pool for it is there', () => {
    const served = aCluster({ endpoint, annotations: ours })
    expect(needsAllocation(served, ingress, { clusterClass: undefined, pools: [aPool()] })).toBe(false)
    expect(needsAllocation(served, ingress, { clusterClass: undefined, pools: [ingressPool] })).toBe(true)
  })
})

describe('what a Cluster wishes', () => {
  const enabled = (word: string) => ({ 'vip.capi.gorizond.io/ingress-enabled': word })

  it.each<[string, ClusterOptions, ReturnType<typeof wishOf>]>([
    ['is an ingress VIP where its annotation says so', { annotations: enabled('true') }, { wish: 'vip' }],
    [
      'is an ingress VIP that it had already, whatever its annotation says',
      { annotations: { ...enabled('false'), 'vip.capi.gorizond.io/ingress-vip': '10.0.0.11' } },
      { wish: 'vip' },
    ],
    [
      'is an ingress VIP where it names a pool',
      { annotations: { 'vip.capi.gorizond.io/ingress-pool': ' mine ' } },
      { wish: 'vip' },
    ],
    [
      'is no ingress VIP where its annotation says so',
      { annotations: enabled('false') },
      {
        wish: 'none',
        message: 'Cluster clusters/demo has vip.capi.gorizond.io/ingress-enabled: "false"',
      },
    ],
    [
      'is no ingress VIP where no pool is for it',
      {},
      {
        wish: 'none',
        message: 'no pool is for ingress VIPs of Cluster clusters/demo, and it does not ask for one',
      },
    ],
  ])('%s', (_, options, expected) => {
    expect(wishOf(aCluster(options), ingress, [aPool()])).toEqual(expected)
  })

  it('is an ingress VIP where a pool is for it', () => {
    expect(wishOf(aCluster(), ingress, [ingressPool])).toEqual({ wish: 'vip' })
  })

  it('is a control-plane VIP', () => {
    expect(wishOf(aCluster(), controlPlane, [])).toEqual({ wish: 'vip' })
  })

  it('names a pool without the spaces around it', () => {
    const annotations = { 'vip.capi.gorizond.io/control-plane-pool': ' mine ' }
    expect(explicitPoolOf(aCluster({ annotations }), 'control-plane')).toBe('mine')
  })
})
