import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Action, Observed } from '../../../../src/domain/allocation/action.ts'
import { nextAction } from '../../../../src/domain/allocation/next-action.ts'
import type { IPPool } from '../../../../src/domain/model/pool.ts'
import type { Role } from '../../../../src/domain/role.ts'
import {
  aClaim,
  aCluster,
  aClusterClass,
  anIPAddress,
  anObservation,
  anUncountedPool,
  aPool,
  ownerReference,
  type ClaimOptions,
  type ClusterOptions,
} from '../../../support/builders.ts'

const paused = { 'cluster.x-k8s.io/paused': 'true' }
const endpoint = { host: '10.9.9.9', port: 6443 }
const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'
const poolAnnotation = { 'vip.capi.gorizond.io/control-plane-pool': 'vip-pool' }
const ours = { [vipAnnotation]: '10.9.9.9' }
const recorded = { [vipAnnotation]: '10.0.0.10' }
const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'vip-pool' }
const foreign = aClaim({ owners: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }] })
const bound = { claim: aClaim({ addressName: 'vip-cp-demo' }), ipAddress: anIPAddress() }
const full = aPool({ capacity: { total: 2, used: 2, free: 0, outOfRange: 0 } })
const second = aPool({ name: 'second' })

function next(cluster: ClusterOptions, things: Partial<Observed> = {}, role: Role = 'control-plane'): Action {
  return nextAction(anObservation({ ...things, cluster: aCluster(cluster) }), role)
}

describe('the next action for a Cluster without a claim', () => {
  it.each<[string, ClusterOptions]>([
    ['has no endpoint', {}],
    ['has an empty host, as v1beta1 stores it', { endpoint: { host: '', port: 0 } }],
    ['has a port only', { endpoint: { port: 8443 } }],
    ['names a pool and has no topology', { topology: null, annotations: poolAnnotation }],
  ])('selects a pool if it %s', (_, cluster) => {
    expect(next(cluster)).toMatchObject({ action: 'selectPool', choice: { poolRef } })
  })

  it('creates the claim on the pool that was selected just now, whatever the pools say by now', () => {
    const choice = { poolRef: { ...poolRef, name: 'first-choice' }, considered: [] }
    expect(next({}, { choice, pools: [] })).toEqual({
      action: 'createClaim',
      poolRef: choice.poolRef,
      claimName: 'vip-cp-demo',
    })
  })

  describe('and a pool that was selected some time ago', () => {
    const again = (things: Partial<Observed>, of = poolRef): Action =>
      next({}, { choice: { poolRef: of, considered: [] }, isChoiceOld: true, ...things })

    it.each([
      ['', aPool()],
      [' and is paused', aPool({ annotations: paused })],
      [' and is full', full],
    ])(
      'creates the claim if the pool is still meant for the Cluster%s, also beside a better one',
      (_, pool) => {
        const better = aPool({ name: 'better', annotations: { 'vip.capi.gorizond.io/priority': '9' } })
        const claimed = { action: 'createClaim', poolRef, claimName: 'vip-cp-demo' }
        expect(again({ pools: [better, pool] })).toEqual(claimed)
      },
    )

    it.each([
      ['is gone', []],
      [
        'is closed to the namespace',
        [aPool({ annotations: { 'vip.capi.gorizond.io/namespaces': 'other' } })],
      ],
      ['is for another class', [aPool({ labels: { 'vip.capi.gorizond.io/cluster-class': 'other' } })]],
    ])('selects another pool, or waits for one, if it %s', (_, pools) => {
      expect(again({ pools: [...pools, second] })).toMatchObject({
        action: 'selectPool',
        choice: { poolRef: { name: 'second' } },
      })
      expect(again({ pools })).toMatchObject({ action: 'wait' })
    })

    it('needs to know the pools, unless another IPAM provider decides', () => {
      const { pools: _pools, ...observed } = anObservation({ cluster: aCluster({}) })
      const old = { ...observed, isChoiceOld: true }
      const choose = (of: typeof poolRef): Action =>
        nextAction({ ...old, choice: { poolRef: of, considered: [] } }, 'control-plane')
      expect(choose(poolRef)).toEqual({ action: 'observe', fact: 'pools' })
      const foreignRef = { apiGroup: 'ipam.example.com', kind: 'CorpPool', name: 'vips' }
      expect(choose(foreignRef)).toMatchObject({ action: 'createClaim', poolRef: foreignRef })
    })
  })

  describe('and an address that it had before', () => {
    const restore = { address: '10.0.0.10', prefix: 24, poolRef }
    const after = (namedAddress: Observed['namedAddress']): Action =>
      next({}, { choice: { poolRef, considered: [], restore }, namedAddress })

    it('restores the IPAddress if nothing has its name', () => {
      expect(after(undefined)).toEqual({
        action: 'restoreAddress',
        address: restore,
        claimName: 'vip-cp-demo',
      })
    })

    it('creates the claim if an earlier attempt has restored the IPAddress', () => {
      expect(after(anIPAddress())).toEqual({ action: 'createClaim', poolRef, claimName: 'vip-cp-demo' })
    })

    it.each([
      ['is another one', anIPAddress({ address: '10.0.0.11' }), '10.0.0.11'],
      ['is on its way out', anIPAddress({ deleting: true }), '10.0.0.10'],
    ])('waits for an IPAddress that has its name and %s', (_, present, address) => {
      expect(after(present)).toEqual({
        action: 'wait',
        reason: 'WaitingForAddress',
        message: `IPAddress clusters/vip-cp-demo with ${address} has to go before 10.0.0.10 can be had again`,
      })
    })
  })

  it('takes no address for an endpoint of somebody else', () => {
    expect(next({ endpoint, rendered: true })).toEqual({
      action: 'done',
      reason: 'EndpointAlreadySet',
      message:
        'Cluster clusters/demo has endpoint 10.9.9.9:6443 already, and not from a claim of ours; no address is taken',
      vip: endpoint,
    })
  })

  it('gives the variables of a class the host of somebody else, unless they are set or the Cluster is rendered', () => {
    expect(next({ endpoint })).toMatchObject({
      action: 'patchCluster',
      writes: 'rest',
      isNew: false,
      assigned: endpoint,
    })
    expect(next({ endpoint, annotations: { [vipAnnotation]: '10.0.0.1' } })).toMatchObject({ action: 'done' })
    const variables = [{ name: 'clusterVip', value: 'x' }]
    const topology = { classRef: { name: 'rke2-cluster-class' }, variables }
    expect(next({ endpoint, topology })).toMatchObject({ action: 'done', reason: 'EndpointAlreadySet' })
  })

  it('says what variables have instead of the endpoint, whoever set that', () => {
    const topology = {
      classRef: { name: 'rke2-cluster-class' },
      variables: [{ name: 'clusterVip', value: 'x' }],
    }
    const words = 'but of the variables, from which machines take it, clusterVip has x'
    expect(next({ endpoint, topology })).toMatchObject({
      action: 'done',
      reason: 'EndpointAlreadySet',
      message: expect.stringContaining(`; ${words}`),
      disagreement: words,
    })
    const served = { endpoint: { host: '10.0.0.10', port: 6443 }, annotations: recorded, topology }
    expect(next(served, bound)).toMatchObject({
      action: 'done',
      reason: 'Allocated',
      message: `Cluster clusters/demo has 10.0.0.10:6443 as it should; ${words}`,
      disagreement: words,
    })
    expect(next({ ...served, annotations: {} }, bound)).toMatchObject({
      action: 'patchCluster',
      disagreement: words,
    })
  })

  it('assigns no VIP beside another host in a variable, and the very one of a claim', () => {
    const variables = [{ name: 'clusterVip', value: '10.66.0.9' }]
    const topology = { classRef: { name: 'rke2-cluster-class' }, variables }
    const rejected = {
      action: 'wait',
      reason: 'ClusterRejected',
      message: expect.stringContaining('Cluster clusters/demo: the variable clusterVip has 10.66.0.9, and'),
    }
    expect(next({ topology })).toEqual(rejected)
    expect(next({ topology }, bound)).toEqual(rejected)
    const held = { ...bound, ipAddress: anIPAddress({ address: '10.66.0.9' }) }
    expect(next({ topology }, held)).toMatchObject({
      action: 'patchCluster',
      assigned: { host: '10.66.0.9' },
    })
    // The endpoint of ours that was dropped comes back.
    expect(next({ topology, annotations: recorded })).toMatchObject({ action: 'selectPool' })
  })

  it('takes an address beside an endpoint that is a DNS name if the Cluster asks for one', () => {
    const named = { endpoint: { host: 'api.example.org', port: 6443 } }
    const annotations = { 'vip.capi.gorizond.io/control-plane-enabled': 'true' }
    expect(next({ ...named, rendered: true })).toMatchObject({ action: 'done', reason: 'EndpointAlreadySet' })
    expect(next({ ...named, annotations })).toMatchObject({ action: 'selectPool' })
    expect(next({ ...named, annotations }, bound)).toMatchObject({
      action: 'patchCluster',
      writes: 'vip',
      assigned: { host: '10.0.0.10' },
    })
  })

  describe('and a DNS name as endpoint, for which a VIP is asked', () => {
    const asked = { 'vip.capi.gorizond.io/control-plane-enabled': 'true' }
    const name = 'api.example.org'
    const named = { endpoint: { host: name, port: 6443 } }
    const variables = [{ name: 'clusterVip', value: name }]
    const topology = { classRef: { name: 'rke2-cluster-class' }, variables }

    it('takes an address also if a variable has the name', () => {
      const written = { 'vip.capi.gorizond.io/control-plane-variables-written': 'clusterVip' }
      expect(next({ ...named, topology, annotations: asked })).toMatchObject({ action: 'selectPool' })
      expect(next({ ...named, topology, annotations: { ...asked, ...written } }, bound)).toMatchObject({
        action: 'patchCluster',
        writes: 'vip',
        isNew: true,
        patch: expect.arrayContaining([
          { op: 'add', path: '/spec/topology/variables/0/value', value: '10.0.0.10' },
        ]),
      })
    })

    const kept = { ...named, annotations: { ...asked, ...ours } }

    it('takes another address than one that only the annotation names and no pool has', () => {
      expect(next(kept)).toMatchObject({
        action: 'selectPool',
        choice: {
          poolRef,
          insteadOf: `10.9.9.9 in the annotation ${vipAnnotation} is not taken: no pool has it`,
        },
      })
      expect(next(kept, bound)).toMatchObject({
        action: 'patchCluster',
        isNew: true,
        assigned: { host: '10.0.0.10' },
        patch: expect.arrayContaining([
          {
            op: 'add',
            path: '/metadata/annotations/vip.capi.gorizond.io~1control-plane-vip',
            value: '10.0.0.10',
          },
        ]),
      })
      expect(next({ ...kept, rendered: true, phase: 'Provisioning' })).toMatchObject({ action: 'selectPool' })
    })

    it('loses an address that a variable has, or machines may use', () => {
      const inVariable = { ...topology, variables: [{ name: 'clusterVip', value: '10.9.9.9' }] }
      for (const used of [{ topology: inVariable }, { rendered: true }]) {
        expect(next({ ...kept, ...used })).toMatchObject({ action: 'refuse', reason: 'AddressLost' })
        expect(next({ ...kept, ...used }, bound)).toMatchObject({ action: 'deleteClaim' })
      }
    })
  })

  it.each<[string, ClusterOptions]>([
    ['an endpoint of somebody else', { endpoint, rendered: true }],
    ['an endpoint that replaced ours', { endpoint, annotations: { [vipAnnotation]: '10.0.0.1' } }],
  ])('takes no address for %s beside a claim of somebody else', (_, cluster) => {
    expect(next(cluster, { claim: foreign })).toMatchObject({ action: 'done', reason: 'EndpointAlreadySet' })
  })

  it.each<[string, ClusterOptions]>([
    ['an endpoint of ours', { endpoint: { host: '10.0.0.10', port: 6443 }, annotations: recorded }],
    ['an endpoint of ours that was dropped', { annotations: recorded }],
  ])('has the address of %s again', (_, cluster) => {
    const restore = { address: '10.0.0.10', poolRef }
    expect(next(cluster)).toMatchObject({
      action: 'selectPool',
      choice: { poolRef, considered: [], restore },
    })
  })

  it('refuses to go on without an address of ours that no pool has', () => {
    expect(next({ endpoint, annotations: ours })).toMatchObject({ action: 'refuse', reason: 'AddressLost' })
  })

  it('completes the port of a host without one', () => {
    expect(next({ endpoint: { host: 'api.example.org' } })).toMatchObject({
      action: 'patchCluster',
      assigned: { host: 'api.example.org', port: 6443 },
      isNew: false,
    })
  })

  it.each<[string, ClusterOptions]>([
    ['spec.paused', { paused: true }],
    ['the annotation, even empty', { annotations: { 'cluster.x-k8s.io/paused': '' } }],
  ])('waits while the Cluster is paused by %s', (_, cluster) => {
    expect(next(cluster)).toEqual({
      action: 'wait',
      reason: 'ClusterPaused',
      message: 'Cluster clusters/demo is paused; nothing is written until it is unpaused',
    })
  })

  it('is done with a Cluster that is being deleted, paused or not', () => {
    expect(next({ deleting: true, paused: true })).toEqual({
      action: 'done',
      reason: 'ClusterDeleted',
      message: 'Cluster clusters/demo is being deleted',
    })
  })

  it('is done with a Cluster that does not exist', () => {
    expect(nextAction(anObservation({ cluster: undefined }), 'control-plane')).toEqual({
      action: 'done',
      reason: 'ClusterDeleted',
      message: 'Cluster clusters/demo does not exist',
    })
  })

  it('is done with a Cluster without topology, and says how to opt in', () => {
    expect(next({ topology: null })).toEqual({
      action: 'done',
      reason: 'NoMatchingPool',
      message:
        'Cluster clusters/demo has no spec.topology; set its annotation vip.capi.gorizond.io/control-plane-enabled: "true", or name a pool in vip.capi.gorizond.io/control-plane-pool or an address in vip.capi.gorizond.io/control-plane-address, to have one all the same',
    })
  })

  it('waits for a pool, with the verdict on every one', () => {
    expect(next({}, { pools: [aPool({ name: 'other', labels: {} })] })).toMatchObject({
      action: 'wait',
      reason: 'NoMatchingPool',
      considered: [{ name: 'other', verdict: 'rejected' }],
    })
  })
})

describe('the next action for the ingress VIP', () => {
  const enabled = (word: string) => ({ 'vip.capi.gorizond.io/ingress-enabled': word })
  const labels = {
    'vip.capi.gorizond.io/cluster-class': 'rke2-cluster-class',
    'vip.capi.gorizond.io/role': 'ingress',
  }
  const ingressPool = aPool({ name: 'ingress-pool', labels })
  const selects = { action: 'selectPool', choice: { poolRef: { name: 'ingress-pool' } } }

  it.each<[string, ClusterOptions, readonly IPPool[], object]>([
    ['says nothing and no pool is for it', {}, [aPool()], { action: 'done', reason: 'NoMatchingPool' }],
    ['says nothing and a pool is for it', {}, [ingressPool], selects],
    ['asks for it', { annotations: enabled('true') }, [ingressPool], selects],
    [
      'asks for it and no pool is for it',
      { annotations: enabled('true') },
      [],
      { action: 'wait', reason: 'NoMatchingPool' },
    ],
    ['refuses it', { annotations: enabled('false') }, [ingressPool], { action: 'done' }],
    [
      'names a pool for it',
      { annotations: { 'vip.capi.gorizond.io/ingress-pool': 'ingress-pool' } },
      [ingressPool],
      selects,
    ],
    [
      'has one of ours, whatever the pools say by now',
      { annotations: { 'vip.capi.gorizond.io/ingress-vip': '10.0.0.20' } },
      [ingressPool],
      { action: 'selectPool', choice: { restore: { address: '10.0.0.20' } } },
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
        action: 'done',
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
        action: 'refuse',
        reason: 'AllocationFailed',
        message:
          'annotation vip.capi.gorizond.io/ingress-enabled of Cluster clusters/demo is "yes\\n", expected "true" or "false"',
      },
    ],
  ])('of a Cluster that %s', (_, cluster, pools, action) => {
    expect(next(cluster, { pools }, 'ingress')).toMatchObject(action)
  })

  it.each<[string, ClusterOptions]>([
    ['annotation', { annotations: { 'vip.capi.gorizond.io/ingress-vip': '10.0.0.99' } }],
    [
      'variable',
      {
        topology: {
          classRef: { name: 'rke2-cluster-class' },
          variables: [{ name: 'ingressVip', value: '10.0.0.99' }],
        },
      },
    ],
  ])('gives the claim back if another VIP is in the %s', (_, cluster) => {
    const claim = aClaim({ name: 'vip-ingress-demo', addressName: 'vip-ingress-demo' })
    expect(next(cluster, { claim, ipAddress: anIPAddress(), pools: [ingressPool] }, 'ingress')).toMatchObject(
      {
        action: 'deleteClaim',
        because: 'Cluster clusters/demo has ingress VIP 10.0.0.99 already; 10.0.0.10 is not assigned',
      },
    )
  })
})

describe('the claim of a Cluster that wants no VIP', () => {
  const refuses = { 'vip.capi.gorizond.io/control-plane-enabled': 'false' }

  it('is given back, and that ends it', () => {
    expect(next({ annotations: refuses }, bound)).toMatchObject({
      action: 'deleteClaim',
      claim: bound.claim,
      outcome: { action: 'done', reason: 'NoMatchingPool' },
    })
  })

  it.each<[string, ClusterOptions, ClaimOptions]>([
    ['is being deleted', {}, { deleting: true }],
    ['belongs to nobody', {}, { owners: [] }],
    ['belongs to a paused Cluster', { paused: true }, {}],
    ['stands beside an endpoint by hand', { endpoint }, {}],
  ])('is left alone if it %s', (_, { annotations, ...cluster }, claim) => {
    const refusing = { ...cluster, annotations: { ...annotations, ...refuses } }
    expect(next(refusing, { claim: aClaim({ addressName: 'vip-cp-demo', ...claim }) })).toMatchObject({
      action: 'done',
      reason: 'NoMatchingPool',
    })
  })
})

describe('the claim of the predecessor beside an endpoint of somebody else', () => {
  const unlabeled = { labels: { 'vip.capi.gorizond.io/role': 'control-plane' } }
  const named = { endpoint: { host: 'api.example.org', port: 6443 }, rendered: true }
  const left = (options: ClaimOptions = {}): Partial<Observed> => ({
    claim: aClaim({
      addressName: 'vip-cp-demo',
      owners: [ownerReference(aCluster())],
      ...unlabeled,
      ...options,
    }),
    ipAddress: anIPAddress(),
  })

  it('keeps its address if that is a DNS name, and stays as it is', () => {
    expect(next(named, left())).toEqual({
      action: 'done',
      reason: 'EndpointAlreadySet',
      message:
        'Cluster clusters/demo has endpoint api.example.org:6443 already, and IPAddressClaim clusters/vip-cp-demo of before keeps its address, since that name may lead to it; delete the claim if it does not',
      vip: named.endpoint,
    })
  })

  it('does not keep the Cluster from what it lacks', () => {
    expect(next({ endpoint: { host: 'api.example.org' } }, left())).toMatchObject({
      action: 'patchCluster',
      writes: 'rest',
      assigned: { host: 'api.example.org', port: 6443 },
    })
  })

  it.each<[string, ClusterOptions, Partial<Observed>, object]>([
    [
      'labeled, if the endpoint is an address',
      { endpoint, rendered: true },
      left(),
      { action: 'labelClaim' },
    ],
    ['labeled, if it has no address', named, left({ addressName: '' }), { action: 'labelClaim' }],
    ['not waited for, if it is going', named, left({ deleting: true }), { action: 'done' }],
    ['given back, if it is one of ours', named, bound, { action: 'deleteClaim' }],
    [
      'labeled, and used, if the Cluster asks for a VIP',
      { ...named, annotations: { 'vip.capi.gorizond.io/control-plane-enabled': 'true' } },
      left(),
      { action: 'labelClaim' },
    ],
  ])('is %s', (_, cluster, things, action) => {
    expect(next(cluster, things)).toMatchObject(action)
  })
})

describe('a claim under the name of a Cluster', () => {
  it("is adopted if it is nobody's", () => {
    const claim = aClaim({ owners: [] })
    expect(next({}, { claim })).toEqual({ action: 'adoptClaim', claim })
  })

  describe("that is nobody's, beside a VIP of somebody else,", () => {
    const unowned = aClaim({ addressName: 'vip-cp-demo', owners: [] })
    const held = { claim: unowned, ipAddress: anIPAddress({ address: '10.9.9.9' }) }

    it.each<[string, ClusterOptions]>([
      ['an endpoint', { endpoint }],
      ['an endpoint of a rendered Cluster', { endpoint, rendered: true }],
      ['a host without port', { endpoint: { host: '10.9.9.9', port: 0 } }],
      ['an endpoint that replaced ours', { endpoint, annotations: { [vipAnnotation]: '10.0.0.1' } }],
    ])('is adopted if it holds that very VIP: %s', (_, cluster) => {
      expect(next(cluster, held)).toEqual({ action: 'adoptClaim', claim: unowned })
    })

    it('is adopted with the address in another spelling, and for another role', () => {
      const spelled = { ...held, ipAddress: anIPAddress({ address: 'fd00::a' }) }
      const six = { endpoint: { host: 'fd00:0:0::A', port: 6443 } }
      expect(next(six, spelled)).toEqual({ action: 'adoptClaim', claim: unowned })
      const claim = aClaim({ name: 'vip-ingress-demo', addressName: 'vip-ingress-demo', owners: [] })
      const topology = {
        classRef: { name: 'rke2-cluster-class' },
        variables: [{ name: 'ingressVip', value: '10.9.9.9' }],
      }
      const cluster = { topology, annotations: { 'vip.capi.gorizond.io/ingress-enabled': 'true' } }
      expect(next(cluster, { ...held, claim }, 'ingress')).toEqual({ action: 'adoptClaim', claim })
    })

    it('needs its address to be known', () => {
      const { ipAddress: _, ...unread } = anObservation({ claim: unowned, cluster: aCluster({ endpoint }) })
      expect(nextAction(unread, 'control-plane')).toEqual({ action: 'observe', fact: 'ipAddress' })
    })

    it.each<[string, Partial<Observed>]>([
      ['holds another address', { ...held, ipAddress: anIPAddress() }],
      ['has no IPAddress', { claim: unowned, ipAddress: undefined }],
      ['is unbound', { claim: aClaim({ owners: [] }) }],
      ['is being deleted', { ...held, claim: { ...unowned, isDeleting: true } }],
      ["is somebody else's", { ...held, claim: { ...foreign, addressName: 'vip-cp-demo' } }],
      [
        'belongs to a previous Cluster of this name',
        {
          ...held,
          claim: aClaim({ addressName: 'x', owners: [ownerReference({ name: 'demo', uid: 'p' })] }),
        },
      ],
    ])('is left alone if it %s', (_, things) => {
      expect(next({ endpoint, rendered: true }, things)).toMatchObject({
        action: 'done',
        reason: 'EndpointAlreadySet',
      })
    })

    it('is left alone while the Cluster is paused', () => {
      expect(next({ endpoint, paused: true }, held)).toMatchObject({ reason: 'ClusterPaused' })
    })
  })

  it.each<[string, ClaimOptions]>([
    ['its own', {}],
    ["nobody's", { owners: [] }],
  ])('is waited for while it is being deleted, if it is %s', (_, options) => {
    expect(next({}, { claim: aClaim({ ...options, deleting: true }) })).toEqual({
      action: 'wait',
      reason: 'WaitingForAddress',
      message: 'IPAddressClaim clusters/vip-cp-demo is being deleted; a new one follows when it is gone',
    })
  })

  it('is discarded if nobody but the former Cluster of this name owns it', () => {
    const claim = aClaim({ owners: [ownerReference({ name: 'demo', uid: 'former' })] })
    expect(next({}, { claim })).toEqual({
      action: 'discardClaim',
      claim,
      previousUid: 'former',
      because:
        'IPAddressClaim clusters/vip-cp-demo belongs to the former Cluster clusters/demo (uid former); a new one follows when it is gone',
    })
  })

  it('is waited for if somebody owns it beside a former Cluster of this name', () => {
    const owners = [
      ownerReference({ name: 'demo', uid: 'former' }),
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' },
    ]
    expect(next({}, { claim: aClaim({ owners }) })).toMatchObject({
      action: 'wait',
      reason: 'WaitingForAddress',
    })
  })

  it('is left alone if somebody else owns it', () => {
    const owners = [ownerReference({ name: 'other', uid: 'other-uid' })]
    expect(next({}, { claim: aClaim({ owners }) })).toEqual({
      action: 'refuse',
      reason: 'ClaimConflict',
      message:
        'IPAddressClaim clusters/vip-cp-demo belongs to Cluster other (uid other-uid) and is left alone; delete or rename it so that Cluster clusters/demo can have a claim of this name',
    })
  })

  it('is judged by its owner also beside an endpoint of ours', () => {
    expect(next({ endpoint, annotations: ours }, { claim: foreign })).toMatchObject({
      action: 'refuse',
      reason: 'ClaimConflict',
    })
  })
})

describe('an unbound claim', () => {
  function unbound(cluster: ClusterOptions, pools: readonly IPPool[]): Action {
    return next(cluster, { claim: aClaim(), pools })
  }

  it.each<[string, readonly IPPool[], string, string]>([
    [
      'is missing',
      [],
      'PoolNotReady',
      'waits: GlobalInClusterIPPool/vip-pool does not exist; create it, or delete the claim',
    ],
    [
      'is paused',
      [aPool({ annotations: { 'cluster.x-k8s.io/paused': '' } })],
      'PoolNotReady',
      'waits: GlobalInClusterIPPool/vip-pool is paused; unpause it',
    ],
    [
      'is full',
      [full],
      'PoolExhausted',
      'waits: GlobalInClusterIPPool/vip-pool: 0 of 2 addresses free; add addresses or label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with vip.capi.gorizond.io/cluster-class=rke2-cluster-class',
    ],
    [
      'has room',
      [aPool()],
      'WaitingForAddress',
      'waits for the IPAM provider to bind an address of GlobalInClusterIPPool/vip-pool; where this lasts, see whether the provider runs',
    ],
    [
      'is not counted',
      [anUncountedPool()],
      'WaitingForAddress',
      'waits for the IPAM provider to bind an address of GlobalInClusterIPPool/vip-pool; where this lasts, see whether the provider runs',
    ],
  ])('waits, and says that its pool %s', (_, pools, reason, words) => {
    expect(unbound({}, pools)).toMatchObject({
      action: 'wait',
      reason,
      message: `IPAddressClaim clusters/vip-cp-demo ${words}`,
    })
  })

  it('keeps the verdict on every pool if another one was looked for', () => {
    expect(unbound({}, [full])).toMatchObject({ considered: [{ name: 'vip-pool', verdict: 'rejected' }] })
  })

  it('goes if its pool is exhausted and another one has room', () => {
    expect(unbound({}, [full, second])).toEqual({
      action: 'deleteClaim',
      claim: aClaim(),
      because:
        'IPAddressClaim clusters/vip-cp-demo waits: GlobalInClusterIPPool/vip-pool: 0 of 2 addresses free; add addresses; GlobalInClusterIPPool/second has room',
      outcome: 'restart',
    })
  })

  it('goes also if the annotation names an address that its pool cannot give', () => {
    expect(unbound({ annotations: ours }, [full, second])).toMatchObject({ action: 'deleteClaim' })
  })

  it('stays with a pool that has room, whatever another one has', () => {
    expect(unbound({}, [aPool(), second])).toMatchObject({ action: 'wait', reason: 'WaitingForAddress' })
  })

  it('is given back if the endpoint came from elsewhere, and that ends it', () => {
    const because =
      'Cluster clusters/demo got endpoint 10.9.9.9:6443 from elsewhere while its claim waited; the claim is given back'
    expect(unbound({ endpoint }, [aPool()])).toMatchObject({
      action: 'deleteClaim',
      because,
      outcome: { action: 'done', reason: 'EndpointAlreadySet', message: because, vip: endpoint },
    })
  })

  it('is given back if a host without a port came from elsewhere, which is then completed', () => {
    expect(unbound({ endpoint: { host: '10.9.9.9' } }, [aPool()])).toMatchObject({
      action: 'deleteClaim',
      outcome: 'restart',
    })
  })

  it.each<[string, ClusterOptions]>([
    ['an endpoint of ours', { endpoint, annotations: ours }],
    ['an endpoint of ours that lost its port', { endpoint: { host: '10.9.9.9' }, annotations: ours }],
    ['an endpoint of ours that was dropped, whose address its pool has', { annotations: recorded }],
    ['an endpoint that replaced ours', { endpoint: { host: '10.9.9.8', port: 6443 }, annotations: ours }],
  ])('is never given up beside %s: machines may rest on its address', (_, cluster) => {
    expect(unbound(cluster, [full, second])).toMatchObject({ action: 'wait', reason: 'PoolExhausted' })
  })

  it.each<[string, ClusterOptions]>([
    ['could move', {}],
    ['could be given back', { endpoint }],
  ])('that %s is left to the provider once an IPAddress names it', (_, cluster) => {
    const namedAddress = anIPAddress()
    expect(next(cluster, { claim: aClaim(), pools: [full, second], namedAddress })).toEqual({
      action: 'wait',
      reason: 'WaitingForAddress',
      message:
        'IPAddressClaim clusters/vip-cp-demo waits for the IPAM provider to bind it to IPAddress vip-cp-demo with 10.0.0.10',
    })
  })
})

describe('a claim that was given back, beside an endpoint of somebody else', () => {
  it('is not waited for, since its pool may keep it for long', () => {
    expect(next({ endpoint, rendered: true }, { claim: aClaim({ deleting: true }) })).toMatchObject({
      action: 'done',
      reason: 'EndpointAlreadySet',
    })
  })

  it('is waited for beside a VIP of ours, which needs a claim', () => {
    expect(next({ endpoint, annotations: ours }, { claim: aClaim({ deleting: true }) })).toMatchObject({
      action: 'wait',
    })
  })
})

describe('a bound claim', () => {
  it('is waited for while its IPAddress is not there', () => {
    expect(next({}, { claim: bound.claim })).toEqual({
      action: 'wait',
      reason: 'WaitingForAddress',
      message: 'IPAddress clusters/vip-cp-demo is not there yet',
    })
  })

  it('gives the Cluster its address', () => {
    expect(next({}, bound)).toMatchObject({
      action: 'patchCluster',
      assigned: { host: '10.0.0.10', port: 6443 },
      isNew: true,
    })
  })

  it('waits for a class that declares the variable and has not accepted it', () => {
    const clusterClass = aClusterClass({ declared: ['clusterVip'], accepted: [] })
    expect(next({}, { ...bound, clusterClass })).toMatchObject({ action: 'wait', reason: 'ClusterRejected' })
  })

  const whole = {
    endpoint: { host: '10.0.0.10', port: 6443 },
    annotations: recorded,
    topology: {
      classRef: { name: 'rke2-cluster-class' },
      variables: [{ name: 'clusterVip', value: '10.0.0.10' }],
    },
  }

  it('gives the Cluster the network of its address, which its pool names', () => {
    const pool = aPool({ annotations: { 'vip.capi.gorizond.io/network': 'blue' } })
    const addressUse = { clusters: [], ipAddresses: [], poolOf: () => pool }
    const key = 'vip.capi.gorizond.io~1control-plane-network'
    expect(next({ annotations: { a: 'b' } }, { ...bound, addressUse })).toMatchObject({
      patch: expect.arrayContaining([
        expect.objectContaining({ path: `/metadata/annotations/${key}`, value: 'blue' }),
      ]),
    })
  })

  it('is done if everything stands', () => {
    expect(next(whole, bound)).toEqual({
      action: 'done',
      reason: 'Allocated',
      message: 'Cluster clusters/demo has 10.0.0.10:6443 as it should',
      vip: { host: '10.0.0.10', port: 6443 },
    })
  })

  it('is done if the same address stands in another spelling', () => {
    const spelled = { ...whole, endpoint: { host: 'FD00::0010', port: 6443 } }
    const annotations = { [vipAnnotation]: 'FD00::0010' }
    const ipAddress = anIPAddress({ address: 'fd00::10' })
    expect(next({ ...spelled, annotations }, { ...bound, ipAddress })).toMatchObject({
      action: 'done',
      reason: 'Allocated',
    })
  })

  it('writes what is missing beside a VIP in place, whoever else has the address', () => {
    const other = aCluster({ name: 'other', endpoint: whole.endpoint })
    const addressUse = { clusters: [other], ipAddresses: [] }
    const { topology: _, ...half } = whole
    expect(next(half, { ...bound, addressUse })).toMatchObject({ action: 'patchCluster', isNew: false })
  })

  it.each<[string, ClusterOptions, object]>([
    [
      'goes if it holds another address than ours, and the allocation begins again',
      { endpoint, annotations: ours },
      { action: 'deleteClaim', outcome: 'restart' },
    ],
    [
      'goes if somebody else gave the Cluster an endpoint, and that ends it',
      { endpoint },
      {
        action: 'deleteClaim',
        because: 'Cluster clusters/demo has endpoint 10.9.9.9:6443 already; 10.0.0.10 is not assigned',
        outcome: { action: 'done', reason: 'EndpointAlreadySet', vip: endpoint },
      },
    ],
    [
      'goes if that endpoint still lacks its port, and the allocation begins again',
      { endpoint: { host: '10.9.9.9' } },
      { action: 'deleteClaim', outcome: 'restart' },
    ],
    [
      'stays if ours was replaced, since machines may rely on it',
      { endpoint, annotations: recorded },
      { action: 'done', reason: 'EndpointAlreadySet', vip: endpoint },
    ],
  ])('%s', (_, cluster, action) => {
    expect(next(cluster, bound)).toMatchObject(action)
  })

  it('never changes a host that is set', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.nat(65535), (host, address, port) => {
        const action = next({ endpoint: { host, port } }, { ...bound, ipAddress: anIPAddress({ address }) })
        const written = action.action === 'patchCluster' ? action.assigned.host : host
        expect(written).toBe(host)
        expect(action.action === 'deleteClaim').toBe(host !== address)
      }),
    )
  })
})

describe('a new address', () => {
  const other = aCluster({ name: 'other', endpoint: { host: '10.0.0.10', port: 6443 } })
  const another = { clusters: [other], ipAddresses: [] }
  const known = { 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.10' }
  const isOthers = '10.0.0.10 is the endpoint of Cluster clusters/other'
  const later = {
    clusters: [],
    ipAddresses: [
      anIPAddress({ name: 'z', uid: 'z', claimName: 'vip-cp-z', created: '2027-01-01T00:00:00Z' }),
    ],
  }

  it("is left if it is another Cluster's", () => {
    expect(next({}, { ...bound, addressUse: another })).toEqual({
      action: 'stepBack',
      ...bound,
      because: isOthers,
    })
  })

  it("is left if it was somebody else's, even though it is free by now", () => {
    const choice = { poolRef, considered: [] }
    expect(next({ annotations: known }, { ...bound, choice })).toMatchObject({
      action: 'stepBack',
      because: "10.0.0.10 was somebody else's",
    })
  })

  it('asks for a person if the Cluster had it before', () => {
    expect(next({ annotations: recorded }, { ...bound, addressUse: another })).toEqual({
      action: 'refuse',
      reason: 'DuplicateAddress',
      message: `${isOthers}, and was the VIP of Cluster clusters/demo before; give one of them another address`,
    })
  })

  const because = '10.0.0.10 is IPAddress clusters/z of GlobalInClusterIPPool/vip-pool for claim vip-cp-z'

  it('is waited for while a later allocation has it too', () => {
    expect(next({}, { ...bound, addressUse: later })).toEqual({
      action: 'wait',
      reason: 'DuplicateAddress',
      message: `${because}, which has to step back first`,
    })
  })

  it('is left if a later allocation does not step back', () => {
    expect(next({}, { ...bound, addressUse: later, attempt: 5 })).toMatchObject({
      action: 'stepBack',
      because,
    })
  })
})

describe('reservations', () => {
  const annotations = { 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.19' }
  const other = aCluster({ name: 'other', endpoint: { host: '10.0.0.19', port: 6443 } })

  it('go once nobody else has the address', () => {
    expect(next({ annotations })).toEqual({ action: 'releaseReservations', addresses: ['10.0.0.19'] })
  })

  it('stay while somebody else has it', () => {
    expect(next({ annotations }, { addressUse: { clusters: [other], ipAddresses: [] } })).toMatchObject({
      action: 'selectPool',
    })
  })

  it.each<[string, ClusterOptions, string]>([
    ['is paused', { paused: true }, 'wait'],
    ['is being deleted', { deleting: true }, 'done'],
  ])('stay while the Cluster %s', (_, options, action) => {
    expect(next({ annotations, ...options })).toMatchObject({ action })
  })

  it('go also if the Cluster is not to have a VIP', () => {
    expect(next({ annotations, topology: null })).toMatchObject({ action: 'releaseReservations' })
  })
})

describe('the next action for a Cluster that names a pool of another IPAM provider', () => {
  const named = (pool: string) => ({ 'vip.capi.gorizond.io/control-plane-pool': pool })
  const corp = { apiGroup: 'ipam.example.org', kind: 'CorpIPPool', name: 'corp' }

  it('claims an address of it, without a look at pools', () => {
    const annotations = named('CorpIPPool.ipam.example.org/corp')
    expect(next({ annotations }, { pools: [] })).toMatchObject({
      action: 'selectPool',
      choice: { poolRef: corp },
    })
  })

  it('waits for that provider to bind the claim', () => {
    const claim = { ...aClaim(), poolRef: corp }
    expect(next({ annotations: named('CorpIPPool.ipam.example.org/corp') }, { claim, pools: [] })).toEqual({
      action: 'wait',
      reason: 'WaitingForAddress',
      message:
        'IPAddressClaim clusters/vip-cp-demo waits for the IPAM provider of ipam.example.org to bind an address of CorpIPPool/corp; where this lasts, see whether that pool exists and its provider runs',
    })
  })

  it('waits for the kind to be served, and makes no claim before', () => {
    const annotations = named('CorpIPPol.ipam.example.org/corp')
    const unreadable = { foreignPool: 'there is no such kind' }
    expect(next({ annotations }, { pools: [], unreadable })).toEqual({
      action: 'wait',
      reason: 'PoolNotReady',
      message: 'there is no such kind',
    })
  })

  it.each([['CorpIPPool.ipam.example.org/other'], ['CorpIPPool.ipam.example.net/corp'], ['vip-pool']])(
    'gives a claim up that waits for another pool than %s, which the Cluster names now',
    (pool) => {
      const claim = { ...aClaim(), poolRef: corp }
      expect(next({ annotations: named(pool) }, { claim, pools: [aPool()] })).toMatchObject({
        action: 'deleteClaim',
        outcome: 'restart',
        because: expect.stringContaining('names another pool now'),
      })
      const served = { ...named(pool), 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
      expect(next({ annotations: served }, { claim, pools: [aPool()] })).toMatchObject({ action: 'wait' })
    },
  )

  it('leaves a claim where it is if the Cluster names no pool', () => {
    const claim = { ...aClaim(), poolRef: corp }
    expect(next({}, { claim, pools: [aPool()] })).toMatchObject({ action: 'wait' })
  })

  it.each([
    [
      'a kind of the in-cluster provider',
      'GlobalInClusterIPPool.ipam.cluster.x-k8s.io/vip-pool',
      'selectPool',
    ],
    ['a kind without its group', 'CorpIPPool/corp', 'wait'],
    ['no name', 'CorpIPPool.ipam.example.org/', 'wait'],
  ])('takes %s for what it is', (_, pool, action) => {
    expect(next({ annotations: named(pool) }, { pools: [aPool()] })).toMatchObject({ action })
  })
})

describe('the next action beside a dying claim of a previous Cluster', () => {
  const owners = [ownerReference({ name: 'demo', uid: 'previous' })]
  const dying = aClaim({ owners, deleting: true, finalizers: ['ipam.cluster.x-k8s.io/ReleaseAddress'] })
  const kept = { claim: dying, pools: [aPool({ graceSeconds: 900 }), second] }
  const longer = 'vip-cp-demo-uid-of-d'

  it('waits until the claim is gone if nothing keeps it', () => {
    expect(next({}, { claim: dying })).toMatchObject({ action: 'wait', reason: 'WaitingForAddress' })
  })

  it.each<[string, Partial<Observed>]>([
    ['a grace period of its pool', kept],
    ['a pause of its pool', { ...kept, pools: [aPool({ annotations: paused }), second] }],
    ['its own pause', { ...kept, claim: { ...dying, annotations: paused } }],
    ["somebody's finalizer", { ...kept, claim: { ...dying, finalizers: ['example.org/hold'] } }],
  ])('selects a pool for a claim with a longer name if it is kept by %s', (_, things) => {
    expect(next({}, things)).toMatchObject({ action: 'selectPool' })
    expect(next({}, { ...things, choice: { poolRef, considered: [] } })).toEqual({
      action: 'createClaim',
      poolRef,
      claimName: longer,
    })
  })

  it('waits if the Cluster had a VIP before, which the claim may hold', () => {
    expect(next({ annotations: recorded }, kept)).toMatchObject({ action: 'wait' })
  })

  it('waits beside a dying claim of somebody else', () => {
    expect(
      next({}, { ...kept, claim: { ...dying, ownerReferences: foreign.ownerReferences } }),
    ).toMatchObject({
      action: 'wait',
    })
  })

  it('records the longer name on the Cluster with the VIP', () => {
    const claim = aClaim({
      name: longer,
      addressName: longer,
      labels: { 'cluster.x-k8s.io/cluster-name': 'demo' },
    })
    const { patch } = next({}, { ...bound, claim }) as { readonly patch?: readonly object[] }
    expect(JSON.stringify(patch)).toContain(`"vip.capi.gorizond.io/control-plane-claim":"${longer}"`)
  })
})

describe('a fact that has not been read', () => {
  const read = (facts: Partial<Observed>): Observed => ({
    key: { namespace: 'clusters', name: 'demo' },
    cluster: aCluster(),
    claim: undefined,
    variables: { 'control-plane': 'clusterVip', ingress: 'ingressVip' },
    defaultPort: 6443,
    ...facts,
  })
  const choice = { poolRef, considered: [] }
  const duplicate = { 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.19' }
  const noClass = { clusterClass: undefined }

  it.each<[string, Partial<Observed>]>([
    ['clusterClass', {}],
    ['pools', { clusterClass: undefined }],
    ['addressUse', { ...noClass, cluster: aCluster({ annotations: recorded }), pools: [aPool()] }],
    ['addressUse', { ...noClass, cluster: aCluster({ annotations: duplicate }) }],
    ['namedAddress', { ...noClass, claim: aClaim() }],
    ['pools', { ...noClass, claim: aClaim(), namedAddress: undefined }],
    ['ipAddress', { ...noClass, claim: bound.claim }],
    ['clusterClass', { ...bound, choice }],
    ['sameAddressUse', { ...bound, ...noClass }],
    [
      'namedAddress',
      { ...noClass, choice: { ...choice, restore: { address: '10.0.0.10', prefix: 24, poolRef } } },
    ],
  ])('is asked for: %s', (fact, facts) => {
    expect(nextAction(read(facts), 'control-plane')).toEqual({ action: 'observe', fact })
  })

  it('is asked for: pools, on which an ingress VIP depends', () => {
    expect(nextAction(read(noClass), 'ingress')).toEqual({ action: 'observe', fact: 'pools' })
  })

  it('is not asked for if the decision does not need it', () => {
    expect(nextAction(read({ ...noClass, cluster: aCluster({ endpoint }) }), 'control-plane')).toMatchObject({
      action: 'done',
    })
    expect(nextAction(read({ ...noClass, choice }), 'control-plane')).toMatchObject({
      action: 'createClaim',
    })
    const plain = aCluster({ topology: null })
    expect(nextAction(read({ cluster: plain, choice }), 'control-plane')).toMatchObject({
      action: 'createClaim',
    })
  })
})
