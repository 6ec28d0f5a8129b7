import { describe, expect, it } from '@jest/globals'
import * as names from '../../../src/domain/names.ts'
import type { JsonObject } from '../../../src/domain/model/decode.ts'
import { poolKindFrom } from '../../../src/domain/model/pool-kinds.ts'
import { ipPoolFrom, poolRefTo } from '../../../src/domain/model/pool.ts'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { KubernetesError, type KubernetesErrorKind } from '../../../src/kubernetes/errors.ts'
import {
  aClaim,
  aClass,
  aCluster,
  aClusterClass,
  anIPAddress,
  aPool,
  aRetainedClaim,
  ownerReference,
} from '../../support/builders.ts'
import { failureOf, poolRef, run, step } from './support.ts'

const cluster = aCluster()
const present: Partial<ClusterApi> = {
  getCluster: async () => cluster,
  getIPAddressClaim: async () => undefined,
  listIPPools: async () => [aPool()],
}

describe('selectIPPool', () => {
  it('chooses a pool and fixes the uid', async () => {
    const result = await run('selectIPPool', step, { ...present, listIPPools: async () => [aPool()] })
    expect(result).toEqual({
      next: 'claim',
      uid: 'uid-of-demo',
      poolRef,
      considered: [
        {
          kind: 'GlobalInClusterIPPool',
          name: 'vip-pool',
          verdict: 'selected',
          because: '11 of 11 addresses free',
        },
      ],
    })
  })

  it.each(['notServed', 'forbidden'] as const)(
    'takes a pool of another IPAM provider where no other can be read: %s',
    async (kind) => {
      const listIPPools = async () => {
        throw new KubernetesError('no', { kind, status: 400 })
      }
      const annotations = { 'vip.capi.gorizond.io/control-plane-pool': 'CorpIPPool.ipam.example.test/corp' }
      const named = { ...present, listIPPools, getCluster: async () => aCluster({ annotations }) }
      expect(await run('selectIPPool', step, named)).toMatchObject({
        next: 'claim',
        poolRef: { apiGroup: 'ipam.example.test', kind: 'CorpIPPool', name: 'corp' },
      })
      const failure = await failureOf(run('selectIPPool', step, { ...present, listIPPools }))
      expect(failure.message).toMatch(kind === 'forbidden' ? /^no$/ : /^no, or name a pool/)
    },
  )

  it('waits for the kind of pool that the Cluster names, if another provider would have it', async () => {
    const annotations = { 'vip.capi.gorizond.io/control-plane-pool': 'CorpIPPol.ipam.example.test/corp' }
    const named = { ...present, getCluster: async () => aCluster({ annotations }) }
    const failure = await failureOf(
      run('selectIPPool', step, { ...named, scopeOfKind: async () => 'not-served' }),
    )
    expect([failure.type, failure.message]).toEqual([
      'PoolNotReady',
      'the API server serves no CorpIPPol in the API group ipam.example.test; correct the annotation vip.capi.gorizond.io/control-plane-pool of the Cluster, or install that IPAM provider',
    ])
    const unknown = { ...named, scopeOfKind: async () => undefined }
    expect(await run('selectIPPool', step, unknown)).toMatchObject({ next: 'claim' })
  })

  it('says that a pool is in no namespace, if its kind alone does not show that', async () => {
    const kind = poolKindFrom('WidePool.ipam.example.test')
    if (kind === undefined) throw new Error('no such kind')
    const labels = { 'vip.capi.gorizond.io/cluster-class': aClass }
    const wide = ipPoolFrom(kind, { metadata: { name: 'wide', uid: 'uid-of-wide', labels } })
    const listed = { ...present, listIPPools: async () => [wide] }
    expect(await run('selectIPPool', step, listed, 1, { poolKinds: [kind] })).toMatchObject({
      next: 'claim',
      poolRef: poolRefTo(wide),
      poolNamespace: '',
    })
    const claim = { ...aClaim(), poolRef: poolRefTo(wide) }
    const found = { ...listed, getIPAddressClaim: async () => claim }
    expect(await run('selectIPPool', step, found, 1, { poolKinds: [kind] })).toMatchObject({
      isFound: true,
      poolNamespace: '',
    })

    const annotations = { 'vip.capi.gorizond.io/control-plane-pool': 'CorpIPPool.ipam.example.test/corp' }
    const naming = { ...present, getCluster: async () => aCluster({ annotations }) }
    const global = { ...naming, scopeOfKind: async () => 'cluster' as const }
    expect(await run('selectIPPool', step, global)).toMatchObject({ next: 'claim', poolNamespace: '' })
    expect(await run('selectIPPool', step, naming)).not.toHaveProperty('poolNamespace')
  })

  it('finds a claim that was kept under the longer name of another uid, and names it', async () => {
    const { clusterUidAnnotation: uid, retainAnnotation: retain } = names
    const kept = aRetainedClaim({ name: 'vip-cp-demo-aaaaaaaa', annotations: { [uid]: 'aaaaaaaa-before' } })
    const read: string[] = []
    const calls: Partial<ClusterApi> = {
      ...present,
      listIPPools: async () => [aPool({ annotations: { [retain]: '24h' } })],
      listClaimsOf: async () => [kept],
      getIPAddress: async () => anIPAddress(),
      getIPAddressClaim: async ({ name }) => {
        read.push(name)
        return name === kept.name ? kept : undefined
      },
      patchIPAddressClaim: async () => ({
        ...kept,
        annotations: { ...kept.annotations, [uid]: 'uid-of-demo' },
      }),
    }
    expect(await run('selectIPPool', step, calls)).toMatchObject({
      next: 'claim',
      isFound: true,
      claim: kept.name,
    })
    expect(read).not.toContain(kept.name)
    const ensuring = { ...step, poolRef, claim: kept.name }
    expect(await run('ensureIPAddressClaim', ensuring, calls)).toEqual({
      next: 'await',
      claim: kept.name,
      poolRef: kept.poolRef,
    })
  })

  it('stays with the pool of a claim that exists, whatever others have', async () => {
    const claim = aClaim({ poolName: 'first-choice' })
    expect(await run('selectIPPool', step, { ...present, getIPAddressClaim: async () => claim })).toEqual({
      next: 'claim',
      uid: 'uid-of-demo',
      poolRef: { ...poolRef, name: 'first-choice' },
      considered: [
        {
          kind: 'GlobalInClusterIPPool',
          name: 'vip-pool',
          verdict: 'eligible',
          because: '11 of 11 addresses free; GlobalInClusterIPPool/first-choice is the choice already',
        },
      ],
      isFound: true,
    })
  })

  it('looks for no pool where an endpoint is set by hand', async () => {
    const manual = aCluster({ endpoint: { host: '10.9.9.9', port: 443 } })
    expect(await run('selectIPPool', step, { ...present, getCluster: async () => manual })).toMatchObject({
      next: 'end',
      reason: 'EndpointAlreadySet',
      host: '10.9.9.9',
      port: 443,
    })
  })

  it('ends where the Cluster is gone', async () => {
    expect(await run('selectIPPool', step, { ...present, getCluster: async () => undefined })).toEqual({
      next: 'end',
      uid: '',
      reason: 'ClusterDeleted',
      message: 'Cluster clusters/demo does not exist',
    })
  })

  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 5_000],
    [6, 60_000],
    [500, 60_000],
  ])('waits quietly where no pool serves: after attempt %i for %i ms', async (attempt, ms) => {
    const failure = await failureOf(
      run('selectIPPool', step, { ...present, listIPPools: async () => [] }, attempt),
    )
    expect(failure).toMatchObject({
      type: 'NoMatchingPool',
      category: 'BENIGN',
      nextRetryDelay: ms,
      nonRetryable: false,
    })
    expect(failure.message).toContain('there is no pool at all')
  })

  it('keeps the verdict on every pool in the failure, for people to read', async () => {
    const listIPPools = async () => [aPool({ name: 'other', labels: {} })]
    const failure = await failureOf(run('selectIPPool', step, { ...present, listIPPools }))
    expect(failure.details).toEqual([
      {
        considered: [
          {
            kind: 'GlobalInClusterIPPool',
            name: 'other',
            verdict: 'rejected',
            because: 'has no label vip.capi.gorizond.io/cluster-class',
          },
        ],
      },
    ])
  })

  it('waits for the kinds of pools if none is installed, as the Cluster says then', async () => {
    const listIPPools = async () => {
      throw new KubernetesError('pools are not served: install x', { kind: 'notServed', status: 404 })
    }
    const failure = await failureOf(run('selectIPPool', step, { ...present, listIPPools }))
    expect([failure.type, failure.message]).toEqual([
      'PoolNotReady',
      "pools are not served: install x, or name a pool of another IPAM provider in the Cluster's annotation vip.capi.gorizond.io/control-plane-pool",
    ])
  })

  it('waits while the Cluster is paused', async () => {
    const paused = aCluster({ paused: true })
    const failure = await failureOf(run('selectIPPool', step, { ...present, getCluster: async () => paused }))
    expect(failure.type).toBe('ClusterPaused')
  })

  it.each<[string, ReturnType<typeof aClaim>, string, string]>([
    [
      'of a former Cluster',
      aClaim({ owners: [ownerReference({ name: 'demo', uid: 'old' })] }),
      'WaitingForAddress',
      'uid old',
    ],
    ['that is being deleted', aClaim({ deleting: true }), 'WaitingForAddress', 'is being deleted'],
    [
      'of somebody else',
      aClaim({ owners: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }] }),
      'ClaimConflict',
      'belongs to ConfigMap x (uid y) and is left alone',
    ],
  ])('does not use a claim %s', async (_, claim, type, words) => {
    const deleteIPAddressClaim = async (): Promise<void> => {}
    const failure = await failureOf(
      run('selectIPPool', step, { ...present, getIPAddressClaim: async () => claim, deleteIPAddressClaim }),
    )
    expect(failure.type).toBe(type)
    expect(failure.message).toContain(words)
  })
})

describe('the claim of a former Cluster', () => {
  const former = ownerReference({ name: 'demo', uid: 'old' })

  async function deleted(
    claim: ReturnType<typeof aClaim>,
    ...clusters: (ReturnType<typeof aCluster> | undefined)[]
  ): Promise<readonly string[]> {
    const names: string[] = []
    const failure = await failureOf(
      run('selectIPPool', step, {
        ...present,
        getCluster: async () => (clusters.length > 1 ? clusters.shift() : clusters[0]),
        getIPAddressClaim: async () => claim,
        deleteIPAddressClaim: async ({ name, resourceVersion }) =>
          void names.push(`${name} ${resourceVersion}`),
      }),
    )
    expect(failure.type).toBe('WaitingForAddress')
    return names
  }

  it('is deleted as it was read, since the garbage collector may have missed it', async () => {
    expect(await deleted(aClaim({ owners: [former] }), cluster)).toEqual(['vip-cp-demo 100'])
  })

  it('is deleted too where its successor is gone by now', async () => {
    expect(await deleted(aClaim({ owners: [former] }), cluster, undefined)).toEqual(['vip-cp-demo 100'])
  })

  it('is left alone where its Cluster is the one that is there now', async () => {
    expect(await deleted(aClaim({ owners: [former] }), cluster, aCluster({ uid: 'old' }))).toEqual([])
  })

  it('is left alone where somebody else owns it too', async () => {
    const other = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }
    expect(await deleted(aClaim({ owners: [former, other] }), cluster)).toEqual([])
  })
})

describe('ensureIPAddressClaim', () => {
  const input = { ...step, poolRef }

  it('creates the claim', async () => {
    const created: JsonObject[] = []
    const createIPAddressClaim = async (claim: JsonObject) => {
      created.push(claim)
      return aClaim()
    }
    expect(await run('ensureIPAddressClaim', input, { ...present, createIPAddressClaim })).toEqual({
      next: 'await',
      claim: 'vip-cp-demo',
      poolRef,
    })
    expect(created).toMatchObject([
      { kind: 'IPAddressClaim', metadata: { name: 'vip-cp-demo' }, spec: { poolRef } },
    ])
  })

  it('has the run select again if the pool was closed to the Cluster since it was selected', async () => {
    const closed = aPool({ annotations: { 'vip.capi.gorizond.io/namespaces': 'others' } })
    const ensure = (...pools: readonly ReturnType<typeof aPool>[]): Promise<unknown> =>
      run('ensureIPAddressClaim', input, { ...present, listIPPools: async () => pools })
    expect(await ensure(closed, aPool({ name: 'second' }))).toEqual({
      next: 'restart',
      message:
        'GlobalInClusterIPPool/vip-pool is not meant for the Cluster any more; GlobalInClusterIPPool/second is',
    })
    expect(await failureOf(ensure(closed))).toMatchObject({ type: 'NoMatchingPool' })
  })

  it('takes the claim that is there, with its own pool', async () => {
    const getIPAddressClaim = async () => aClaim({ poolName: 'first-choice' })
    expect(await run('ensureIPAddressClaim', input, { ...present, getIPAddressClaim })).toMatchObject({
      next: 'await',
      poolRef: { name: 'first-choice' },
    })
  })

  it('adopts a claim without owner, conditional on what was read', async () => {
    const patches: unknown[] = []
    const calls: Partial<ClusterApi> = {
      ...present,
      getIPAddressClaim: async () => aClaim({ owners: [] }),
      patchIPAddressClaim: async (key, patch) => {
        patches.push([key.name, patch])
        return aClaim()
      },
    }
    await run('ensureIPAddressClaim', input, calls)
    expect(patches).toEqual([
      [
        'vip-cp-demo',
        {
          metadata: {
            resourceVersion: '100',
            labels: { 'cluster.x-k8s.io/cluster-name': 'demo', 'vip.capi.gorizond.io/role': 'control-plane' },
            ownerReferences: [expect.objectContaining({ uid: 'uid-of-demo', controller: true })],
          },
        },
      ],
    ])
  })

  it.each<[string, ReturnType<typeof aCluster> | undefined, object]>([
    ['gone', undefined, { next: 'end', reason: 'ClusterDeleted' }],
    ['being deleted', aCluster({ deleting: true }), { next: 'end', reason: 'ClusterDeleted' }],
    ['another one of the same name', aCluster({ uid: 'new' }), { next: 'replaced' }],
  ])('creates nothing for a Cluster that is %s', async (_, now, end) => {
    expect(
      await run('ensureIPAddressClaim', input, { ...present, getCluster: async () => now }),
    ).toMatchObject(end)
  })

  it.each<[KubernetesErrorKind, object]>([
    ['alreadyExists', { type: 'KubernetesConflict', category: 'BENIGN', nextRetryDelay: 50 }],
    ['unavailable', { type: 'KubernetesUnavailable', nextRetryDelay: 7_000 }],
    ['throttled', { type: 'KubernetesUnavailable', nextRetryDelay: 7_000 }],
    ['forbidden', { type: 'AllocationFailed', nextRetryDelay: 1_000 }],
    ['invalid', { type: 'AllocationFailed', nextRetryDelay: 1_000 }],
  ])('can be repeated when the API server answers with %s', async (kind, expected) => {
    const createIPAddressClaim = () =>
      Promise.reject(new KubernetesError('the server’s words', { kind, status: 0, retryAfterSeconds: 7 }))
    const failure = await failureOf(run('ensureIPAddressClaim', input, { ...present, createIPAddressClaim }))
    expect(failure).toMatchObject({ ...expected, message: 'the server’s words', nonRetryable: false })
  })
})

describe('awaitIPAddress', () => {
  it('answers with the address that addressRef leads to, whatever its name', async () => {
    const asked: string[] = []
    const calls: Partial<ClusterApi> = {
      getCluster: async () => cluster,
      getIPAddressClaim: async () => aClaim({ addressName: 'another-name' }),
      getIPAddress: async ({ name }) => {
        asked.push(name)
        return anIPAddress({ name })
      },
    }
    expect(await run('awaitIPAddress', step, calls)).toEqual({ next: 'assign', address: '10.0.0.10' })
    expect(asked).toEqual(['another-name'])
  })

  it('says in the end why there is no address', async () => {
    const full = aPool({ capacity: { total: 11, used: 11, free: 0, outOfRange: 0 } })
    const calls = {
      getCluster: async () => cluster,
      getIPAddressClaim: async () => aClaim(),
      getIPAddress: async () => undefined,
      listIPPools: async () => [full],
    }
    const failure = await failureOf(run('awaitIPAddress', step, calls))
    expect(failure).toMatchObject({
      type: 'PoolExhausted',
      message:
        'IPAddressClaim clusters/vip-cp-demo waits: GlobalInClusterIPPool/vip-pool: 0 of 11 addresses free; add addresses or label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with vip.capi.gorizond.io/cluster-class=rke2-cluster-class',
    })
  })

  it('keeps the claim of an endpoint of ours whose IPAddress is missing', async () => {
    const ours = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
    const calls: Partial<ClusterApi> = {
      getCluster: async () => aCluster({ endpoint: { host: '10.0.0.10', port: 6443 }, annotations: ours }),
      getIPAddressClaim: async () => aClaim({ addressName: 'vip-cp-demo' }),
      getIPAddress: async () => undefined,
      listIPPools: async () => [aPool()],
    }
    expect(await failureOf(run('awaitIPAddress', step, calls))).toMatchObject({
      type: 'WaitingForAddress',
      message: 'IPAddress clusters/vip-cp-demo is not there yet',
    })
  })

  it('leaves an exhausted pool for one with room: gives the claim back as it was read, and begins anew', async () => {
    const full = aPool({ capacity: { total: 11, used: 11, free: 0, outOfRange: 0 } })
    const deleted: string[] = []
    const calls: Partial<ClusterApi> = {
      getCluster: async () => cluster,
      getIPAddressClaim: async () => aClaim(),
      getIPAddress: async () => undefined,
      listIPPools: async () => [full, aPool({ name: 'second' })],
      deleteIPAddressClaim: async ({ name, resourceVersion }) =>
        void deleted.push(`${name} ${resourceVersion}`),
    }
    expect(await run('awaitIPAddress', step, calls)).toEqual({
      next: 'restart',
      message: expect.stringContaining('GlobalInClusterIPPool/second has room'),
    })
    expect(deleted).toEqual(['vip-cp-demo 100'])
  })

  it('keeps a claim that the provider binds at this very moment', async () => {
    const full = aPool({ capacity: { total: 11, used: 11, free: 0, outOfRange: 0 } })
    const calls: Partial<ClusterApi> = {
      getCluster: async () => cluster,
      getIPAddressClaim: async () => aClaim(),
      getIPAddress: async () => undefined,
      listIPPools: async () => [full, aPool({ name: 'second' })],
      deleteIPAddressClaim: () =>
        Promise.reject(new KubernetesError('the claim has changed', { kind: 'conflict', status: 409 })),
    }
    expect(await failureOf(run('awaitIPAddress', step, calls))).toMatchObject({ type: 'KubernetesConflict' })
  })

  it('begins anew where the claim is gone', async () => {
    expect(await run('awaitIPAddress', step, present)).toMatchObject({ next: 'restart' })
  })

  it('ends where somebody else has set the endpoint meanwhile, and gives the claim back', async () => {
    const deleted: string[] = []
    const calls: Partial<ClusterApi> = {
      deleteIPAddressClaim: async ({ name, uid }) => void deleted.push(`${name} ${uid}`),
      getCluster: async () => aCluster({ endpoint: { host: '10.9.9.9', port: 6443 } }),
      getIPAddressClaim: async () => aClaim(),
      getIPAddress: async () => undefined,
      listIPPools: async () => [aPool()],
    }
    expect(await run('awaitIPAddress', step, calls)).toMatchObject({
      next: 'end',
      reason: 'EndpointAlreadySet',
    })
  })
})

describe('assignVip', () => {
  const input = { ...step, address: '10.0.0.10' }
  const bound: Partial<ClusterApi> = {
    getCluster: async () => cluster,
    getIPAddressClaim: async () => aClaim({ addressName: 'vip-cp-demo' }),
    getClusterClass: async () => aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] }),
    getIPAddress: async () => anIPAddress(),
    listAddressUse: async () => ({ clusters: [cluster], ipAddresses: [anIPAddress()] }),
  }

  it('writes once', async () => {
    const patches: (readonly object[])[] = []
    const patchCluster: ClusterApi['patchCluster'] = async (_, patch) => {
      patches.push(patch)
      return cluster
    }
    expect(await run('assignVip', input, { ...bound, patchCluster })).toEqual({
      next: 'assigned',
      host: '10.0.0.10',
      port: 6443,
      poolRef,
      claim: 'vip-cp-demo',
      isNew: true,
    })
    expect(patches).toHaveLength(1)
    expect(patches[0]).toContainEqual({
      op: 'add',
      path: '/spec/topology/variables',
      value: [{ name: 'clusterVip', value: '10.0.0.10' }],
    })
  })

  it('writes nothing where it was written before', async () => {
    const assigned = aCluster({
      endpoint: { host: '10.0.0.10', port: 6443 },
      annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' },
      topology: { classRef: { name: 'c' }, variables: [{ name: 'clusterVip', value: '10.0.0.10' }] },
    })
    expect(await run('assignVip', input, { ...bound, getCluster: async () => assigned })).toMatchObject({
      next: 'assigned',
    })
  })

  it('writes no variable of a class that is missing, and lets the server say so', async () => {
    const patchCluster = () =>
      Promise.reject(new KubernetesError('ClusterClass not found', { kind: 'invalid', status: 422 }))
    const calls = { ...bound, getClusterClass: async () => undefined, patchCluster }
    expect(await failureOf(run('assignVip', input, calls))).toMatchObject({
      type: 'ClusterRejected',
      message: 'ClusterClass not found',
      nextRetryDelay: 1_000,
    })
  })

  it('waits for a class that has not taken in its variable yet, and writes nothing meanwhile', async () => {
    const getClusterClass = async () => aClusterClass({ declared: ['clusterVip'], accepted: [] })
    expect(await failureOf(run('assignVip', input, { ...bound, getClusterClass }))).toMatchObject({
      type: 'ClusterRejected',
      category: 'BENIGN',
      message: expect.stringContaining('declares the variable clusterVip'),
    })
  })

  it('writes nothing where the claim holds another address now', async () => {
    const getIPAddress = async () => anIPAddress({ address: '10.0.0.11' })
    expect(await run('assignVip', input, { ...bound, getIPAddress })).toMatchObject({ next: 'restart' })
  })

  it.each<[string, ReturnType<typeof aClaim> | undefined]>([
    ['gone', undefined],
    ['unbound', aClaim()],
    ['somebody else’s', aClaim({ addressName: 'vip-cp-demo', owners: [] })],
  ])('writes nothing where the claim is %s', async (_, claim) => {
    expect(await run('assignVip', input, { ...bound, getIPAddressClaim: async () => claim })).toMatchObject({
      next: 'restart',
    })
  })

  it('gives back a claim that holds another address than the host we assigned, to have that one again', async () => {
    const ours = { 'vip.capi.gorizond.io/control-plane-vip': '10.9.9.9' }
    const lost = aCluster({ endpoint: { host: '10.9.9.9', port: 6443 }, annotations: ours })
    const deleted: string[] = []
    const deleteIPAddressClaim: ClusterApi['deleteIPAddressClaim'] = async ({ name, resourceVersion }) =>
      void deleted.push(`${name} ${resourceVersion}`)
    const calls = { ...bound, getCluster: async () => lost, deleteIPAddressClaim }
    expect(await run('assignVip', input, calls)).toMatchObject({ next: 'restart' })
    expect(deleted).toEqual(['vip-cp-demo 100'])
  })

  it('keeps its claim beside a host by which somebody replaced ours: machines may rest on the old one', async () => {
    const ours = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
    const replaced = aCluster({ endpoint: { host: '10.9.9.9', port: 6443 }, annotations: ours })
    expect(await run('assignVip', input, { ...bound, getCluster: async () => replaced })).toMatchObject({
      next: 'end',
      reason: 'EndpointAlreadySet',
      host: '10.9.9.9',
    })
  })

  it('leaves a host that is another one, and gives the claim back', async () => {
    const other = aCluster({ endpoint: { host: '10.9.9.9', port: 6443 } })
    const deleted: string[] = []
    const deleteIPAddressClaim: ClusterApi['deleteIPAddressClaim'] = async ({ name }) =>
      void deleted.push(name)
    const calls = { ...bound, getCluster: async () => other, deleteIPAddressClaim }
    expect(await run('assignVip', input, calls)).toMatchObject({
      next: 'end',
      reason: 'EndpointAlreadySet',
      host: '10.9.9.9',
    })
    expect(deleted).toEqual(['vip-cp-demo'])
  })
})
