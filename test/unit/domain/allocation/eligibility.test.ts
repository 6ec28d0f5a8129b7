import { describe, expect, it } from '@jest/globals'
import { desireFor, needsAllocation } from '../../../../src/domain/allocation/eligibility.ts'
import { explicitPoolOf } from '../../../../src/domain/allocation/vip-role.ts'
import {
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
const ingressPool = aPool({
  name: 'ingress-pool',
  labels: {
    'vip.capi.gorizond.io/cluster-class': 'rke2-cluster-class',
    'vip.capi.gorizond.io/role': 'ingress',
  },
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

  it('gives the variable an endpoint by hand, until the Cluster is rendered', () => {
    const around = { clusterClass: withVariable, pools: [] }
    expect(needsAllocation(aCluster({ endpoint }), controlPlane, around)).toBe(true)
    expect(needsAllocation(aCluster({ endpoint, rendered: true }), controlPlane, around)).toBe(false)
  })

  it('wants an ingress VIP as soon as a pool for it is there', () => {
    const served = aCluster({ endpoint, annotations: ours })
    expect(needsAllocation(served, ingress, { clusterClass: undefined, pools: [aPool()] })).toBe(false)
    expect(needsAllocation(served, ingress, { clusterClass: undefined, pools: [ingressPool] })).toBe(true)
  })
})

describe('the desire of a Cluster', () => {
  const enabled = (word: string) => ({ 'vip.capi.gorizond.io/ingress-enabled': word })
  const facts = { clusterClass: undefined, pools: [aPool()] }

  it.each<[string, ClusterOptions, ReturnType<typeof desireFor>]>([
    ['is an ingress VIP where its annotation says so', { annotations: enabled('true') }, { desired: 'yes' }],
    [
      'is an ingress VIP that it had already, whatever its annotation says',
      { annotations: { ...enabled('false'), 'vip.capi.gorizond.io/ingress-vip': '10.0.0.11' } },
      { desired: 'yes' },
    ],
    [
      'is an ingress VIP where it names a pool',
      { annotations: { 'vip.capi.gorizond.io/ingress-pool': ' mine ' } },
      { desired: 'yes' },
    ],
    [
      'is no ingress VIP where its annotation says so',
      { annotations: enabled('false') },
      {
        desired: 'no',
        isRefused: true,
        message:
          'Cluster clusters/demo has vip.capi.gorizond.io/ingress-enabled: "false", so no pool is selected for it',
      },
    ],
    [
      'is no ingress VIP where no pool is for it',
      {},
      {
        desired: 'no',
        isRefused: false,
        message: 'no pool is for ingress VIPs of Cluster clusters/demo, and it does not ask for one',
      },
    ],
  ])('%s', (_, options, expected) => {
    expect(desireFor(aCluster(options), 'ingress', facts)).toEqual(expected)
  })

  it('is an ingress VIP where a pool is for it', () => {
    expect(desireFor(aCluster(), 'ingress', { ...facts, pools: [ingressPool] })).toEqual({ desired: 'yes' })
  })

  it('depends on the pools where it says nothing and they have not been read', () => {
    const read = { clusterClass: undefined }
    expect(desireFor(aCluster(), 'ingress', read)).toEqual({ desired: 'depends', fact: 'pools' })
  })

  it('is a control-plane VIP', () => {
    expect(desireFor(aCluster(), 'control-plane', facts)).toEqual({ desired: 'yes' })
  })

  describe('for its control plane', () => {
    const annotation = 'vip.capi.gorizond.io/control-plane-enabled'
    const classWith = (word: string) => ({
      ...facts,
      clusterClass: aClusterClass({ declared: [], accepted: [], annotations: { [annotation]: word } }),
    })
    const clusterWith = (word: string, options: ClusterOptions = {}) =>
      aCluster({ ...options, annotations: { [annotation]: word, ...options.annotations } })

    it('depends on its ClusterClass if it says nothing itself', () => {
      const read = { pools: [aPool()] }
      expect(desireFor(aCluster(), 'control-plane', read)).toEqual({
        desired: 'depends',
        fact: 'clusterClass',
      })
      expect(desireFor(clusterWith('true'), 'control-plane', read)).toEqual({ desired: 'yes' })
    })

    it('can be refused by the Cluster or by its class, and the Cluster goes first', () => {
      expect(desireFor(clusterWith('false'), 'control-plane', classWith('true'))).toEqual({
        desired: 'no',
        isRefused: true,
        message: `Cluster clusters/demo has ${annotation}: "false", so no pool is selected for it`,
      })
      expect(desireFor(aCluster(), 'control-plane', classWith('false'))).toEqual({
        desired: 'no',
        isRefused: true,
        message: `ClusterClass clusters/rke2-cluster-class has ${annotation}: "false", so no pool is selected for it`,
      })
      expect(desireFor(clusterWith('true'), 'control-plane', classWith('false'))).toEqual({ desired: 'yes' })
    })

    it('stays once it was fulfilled', () => {
      expect(desireFor(clusterWith('false', { annotations: ours }), 'control-plane', facts)).toEqual({
        desired: 'yes',
      })
    })

    it('has to be said where the installation requires that', () => {
      const required = { ...facts, requiresOptIn: true }
      expect(desireFor(aCluster(), 'control-plane', required)).toEqual({
        desired: 'no',
        isRefused: true,
        message: `Cluster clusters/demo does not ask for this VIP by ${annotation}: "true", and --require-opt-in serves only those that do`,
      })
      expect(desireFor(aCluster(), 'ingress', { ...required, pools: [ingressPool] })).toMatchObject({
        desired: 'no',
      })
      const asking = { requiresOptIn: true, ...classWith('true') }
      expect(desireFor(aCluster(), 'control-plane', asking)).toEqual({ desired: 'yes' })
      for (const cluster of [
        clusterWith('true'),
        aCluster({ annotations: poolAnnotation }),
        aCluster({ annotations: ours }),
      ]) {
        expect(desireFor(cluster, 'control-plane', required)).toEqual({ desired: 'yes' })
      }
    })

    it('can be said by a Cluster without topology', () => {
      expect(desireFor(aCluster({ topology: null }), 'control-plane', facts)).toMatchObject({
        desired: 'no',
        isRefused: false,
      })
      expect(desireFor(clusterWith('true', { topology: null }), 'control-plane', facts)).toEqual({
        desired: 'yes',
      })
    })

    it.each([
      ['Cluster clusters/demo', clusterWith('yes'), facts],
      ['ClusterClass clusters/rke2-cluster-class', aCluster(), classWith('yes')],
    ])('cannot be read from any other value, and names %s', (name, cluster, read) => {
      expect(desireFor(cluster, 'control-plane', read)).toEqual({
        desired: 'unreadable',
        message: `annotation ${annotation} of ${name} is "yes", expected "true" or "false"`,
      })
    })
  })

  it('names a pool without the spaces around it', () => {
    const annotations = { 'vip.capi.gorizond.io/control-plane-pool': ' mine ' }
    expect(explicitPoolOf(aCluster({ annotations }), 'control-plane')).toBe('mine')
  })
})
