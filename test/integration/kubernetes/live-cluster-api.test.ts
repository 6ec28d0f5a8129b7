import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { conditionalOn, metadataOperations, type JsonPatch } from '../../../src/domain/model/json-patch.ts'
import { createLiveClusterApi } from '../../../src/kubernetes/live-cluster-api.ts'
import type { KubernetesConnection } from '../../../src/kubernetes/transport/connection.ts'
import {
  adminOf,
  claimObject,
  claimPath,
  connectAs,
  connection as serverAccess,
  createClaim,
  uniqueName,
  type Admin,
} from './support.ts'

let admin: Admin
let connection: KubernetesConnection
let api: ClusterApi
let namespace: string

beforeAll(async () => {
  admin = adminOf(serverAccess())
  namespace = await admin.namespace()
  connection = connectAs(serverAccess())
  api = createLiveClusterApi(connection)
})
afterAll(async () => {
  await connection.close()
  await admin.close()
})

describe('reading', () => {
  it.each([
    { what: 'Cluster', read: () => api.getCluster({ namespace, name: 'none' }) },
    { what: 'ClusterClass', read: () => api.getClusterClass({ namespace, name: 'none' }) },
    { what: 'IPAddressClaim', read: () => api.getIPAddressClaim({ namespace, name: 'none' }) },
    { what: 'IPAddress', read: () => api.getIPAddress({ namespace, name: 'none' }) },
  ])('gives undefined for a $what that does not exist', async ({ read }) => {
    await expect(read()).resolves.toBeUndefined()
  })

  it('gives undefined for an object of a namespace that does not exist', async () => {
    await expect(api.getCluster({ namespace: 'no-such-namespace', name: 'demo' })).resolves.toBeUndefined()
  })

  it('lists the pools of the namespace and the global ones, each with its kind', async () => {
    const elsewhere = await admin.namespace()
    const globalPool = uniqueName('global')
    const pools = (ns: string): string =>
      `/apis/ipam.cluster.x-k8s.io/v1alpha2/namespaces/${ns}/inclusterippools`
    const globals = '/apis/ipam.cluster.x-k8s.io/v1alpha2/globalinclusterippools'
    await admin.create(pools(namespace), poolObject('InClusterIPPool', 'here'))
    await admin.create(pools(elsewhere), poolObject('InClusterIPPool', 'elsewhere'))
    await admin.create(globals, poolObject('GlobalInClusterIPPool', globalPool))
    try {
      const found = await api.listIPPools(namespace)
      const names = found.map((pool) => `${pool.kind} ${pool.namespace}/${pool.name}`)
      expect(names).toContain(`InClusterIPPool ${namespace}/here`)
      expect(names).toContain(`GlobalInClusterIPPool /${globalPool}`)
      expect(names.filter((name) => name.includes('elsewhere'))).toEqual([])
    } finally {
      await admin.remove(`${globals}/${globalPool}`)
    }
  })
})

describe('the IPAddresses of a Cluster', () => {
  it('are those of its namespace that are labeled with its name', async () => {
    const path = `/apis/ipam.cluster.x-k8s.io/v1beta2/namespaces/${namespace}/ipaddresses`
    const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'InClusterIPPool', name: 'none' }
    for (const [name, cluster, address] of [
      ['its-own', 'labeled', '192.0.2.30'],
      ['another-s', 'labeled-too', '192.0.2.31'],
    ]) {
      await admin.create(path, {
        apiVersion: 'ipam.cluster.x-k8s.io/v1beta2',
        kind: 'IPAddress',
        metadata: { name, labels: { 'cluster.x-k8s.io/cluster-name': cluster } },
        spec: { address, prefix: 24, poolRef, claimRef: { name } },
      })
    }
    const found = await api.listIPAddressesOf({ namespace, name: 'labeled' })
    expect(found).toMatchObject([{ name: 'its-own', address: '192.0.2.30', claimName: 'its-own' }])
  })
})

describe('the claims of a Cluster', () => {
  it('are those of its namespace that are labeled with its name', async () => {
    const label = 'cluster.x-k8s.io/cluster-name'
    await api.createIPAddressClaim(claimObject(namespace, 'labeled-claim', { [label]: 'labeled' }))
    await api.createIPAddressClaim(claimObject(namespace, 'other-claim', { [label]: 'labeled-too' }))
    const found = await api.listClaimsOf({ namespace, name: 'labeled' })
    expect(found.map(({ name }) => name)).toEqual(['labeled-claim'])
  })
})

describe('creating a claim', () => {
  it('puts the served version in and writes as our field manager', async () => {
    const { apiVersion: _, ...claim } = claimObject(namespace, 'created', { team: 'red' })
    const created = await api.createIPAddressClaim(claim)
    expect(created).toMatchObject({
      namespace,
      name: 'created',
      labels: { team: 'red' },
      poolRef: { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'no-such-pool' },
      addressName: undefined,
    })
    await expect(managersOf(claimPath(namespace, 'created'))).resolves.toEqual([
      'capi-vip-allocator Update ipam.cluster.x-k8s.io/v1beta2',
    ])
  })

  it('rejects if the name is taken', async () => {
    await api.createIPAddressClaim(claimObject(namespace, 'taken'))
    await expect(api.createIPAddressClaim(claimObject(namespace, 'taken'))).rejects.toMatchObject({
      kind: 'alreadyExists',
      status: 409,
      message:
        `create IPAddressClaim ${namespace}/taken: ` +
        'ipaddressclaims.ipam.cluster.x-k8s.io "taken" already exists',
    })
  })

  it('rejects as invalid what the schema forbids', async () => {
    const claim = { ...claimObject(namespace, 'invalid'), spec: { poolRef: { name: 'p' } } }
    await expect(api.createIPAddressClaim(claim)).rejects.toMatchObject({ kind: 'invalid', status: 422 })
  })

  it('rejects as not found if the namespace is missing, quoting the server', async () => {
    await expect(api.createIPAddressClaim(claimObject('no-such-namespace', 'a'))).rejects.toMatchObject({
      kind: 'notFound',
      message: 'create IPAddressClaim no-such-namespace/a: namespaces "no-such-namespace" not found',
    })
  })
})

describe('patching a claim', () => {
  it('merges, as of the resourceVersion it was read in', async () => {
    const claim = await api.createIPAddressClaim(claimObject(namespace, 'merged', { old: '1', gone: '1' }))
    const patched = await api.patchIPAddressClaim(claim, {
      metadata: { resourceVersion: claim.resourceVersion, labels: { fresh: '1', gone: null } },
    })
    expect(patched.labels).toEqual({ old: '1', fresh: '1' })
  })

  it('is deleted as it was read, not if it has changed, and succeeds once it is gone', async () => {
    const claim = await api.createIPAddressClaim(claimObject(namespace, 'unneeded'))
    const moved = await api.patchIPAddressClaim(claim, { metadata: { labels: { by: 'somebody' } } })
    await expect(api.deleteIPAddressClaim(claim)).rejects.toMatchObject({ kind: 'conflict', status: 409 })
    await expect(api.deleteIPAddressClaim({ ...moved, uid: 'another' })).rejects.toMatchObject({
      kind: 'conflict',
    })
    await api.deleteIPAddressClaim(moved)
    await expect(api.getIPAddressClaim(claim)).resolves.toBeUndefined()
    await expect(api.deleteIPAddressClaim(moved)).resolves.toBeUndefined()
  })

  it('rejects with a conflict if the claim has changed', async () => {
    const claim = await api.createIPAddressClaim(claimObject(namespace, 'moved'))
    await admin.patch(claimPath(namespace, 'moved'), { metadata: { labels: { by: 'somebody' } } })
    const stale = { metadata: { resourceVersion: claim.resourceVersion, labels: { by: 'us' } } }
    await expect(api.patchIPAddressClaim(claim, stale)).rejects.toMatchObject({
      kind: 'conflict',
      status: 409,
    })
    await expect(api.getIPAddressClaim(claim)).resolves.toMatchObject({ labels: { by: 'somebody' } })
  })

  it('rejects a change of an immutable field as forbidden, quoting the webhook', async () => {
    const claim = await api.createIPAddressClaim(claimObject(namespace, 'immutable'))
    await expect(
      api.patchIPAddressClaim(claim, { spec: { poolRef: { name: 'another-pool' } } }),
    ).rejects.toMatchObject({
      kind: 'forbidden',
      status: 403,
      message: expect.stringMatching(/^patch IPAddressClaim .*\/immutable: .*immutable/),
    })
  })

  it('rejects as not found if there is no such claim', async () => {
    await expect(api.patchIPAddressClaim({ namespace, name: 'none' }, {})).rejects.toMatchObject({
      kind: 'notFound',
    })
  })

  it.each([
    { contentType: 'application/strategic-merge-patch+json', status: 415 },
    { contentType: 'application/json-patch+json', status: 400 },
  ])('would get $status as $contentType, so it is sent as a merge patch', async (given) => {
    const name = `patched-${given.status}`
    await createClaim(admin, namespace, name)
    const patch = { metadata: { labels: { by: 'us' } } }
    const naive = admin.api.send({ method: 'PATCH', path: claimPath(namespace, name), body: patch, ...given })
    await expect(naive).rejects.toMatchObject({ status: given.status })
    await expect(api.patchIPAddressClaim({ namespace, name }, patch)).resolves.toMatchObject({
      labels: { by: 'us' },
    })
  })
})

describe('patching a Cluster', () => {
  it.each(['v1beta1', 'v1beta2'])('goes through the version it was read in, here %s', async (version) => {
    const path = `/apis/cluster.x-k8s.io/${version}/namespaces/${namespace}/clusters`
    const name = `demo-${version}`
    await admin.create(path, clusterObject(version, name))
    const cluster = { ...(await existing(name)), apiVersion: `cluster.x-k8s.io/${version}` }
    const endpoint = { host: '10.0.0.10', port: 6443 }
    const patched = await api.patchCluster(cluster, [
      { op: 'add', path: '/spec/controlPlaneEndpoint', value: endpoint },
    ])
    expect(patched).toMatchObject({ apiVersion: cluster.apiVersion, controlPlaneEndpoint: endpoint })
    await expect(existing(name)).resolves.toMatchObject({
      apiVersion: 'cluster.x-k8s.io/v1beta2',
      controlPlaneEndpoint: endpoint,
    })
  })

  it('rejects with a conflict if the Cluster has changed', async () => {
    const path = `/apis/cluster.x-k8s.io/v1beta2/namespaces/${namespace}/clusters`
    await admin.create(path, clusterObject('v1beta2', 'contested'))
    const cluster = await existing('contested')
    await admin.patch(`${path}/contested`, { metadata: { labels: { by: 'somebody' } } })
    const stale: JsonPatch = [
      conditionalOn(cluster),
      { op: 'add', path: '/spec/controlPlaneEndpoint', value: { host: '10.0.0.10', port: 6443 } },
    ]
    await expect(api.patchCluster(cluster, stale)).rejects.toMatchObject({ kind: 'conflict' })
    await expect(existing('contested')).resolves.toMatchObject({
      controlPlaneEndpoint: { host: '', port: 0 },
    })
  })

  it('rejects with a conflict also if the patch does not fit the Cluster any more', async () => {
    const path = `/apis/cluster.x-k8s.io/v1beta2/namespaces/${namespace}/clusters`
    await admin.create(path, clusterObject('v1beta2', 'unannotated'))
    await admin.patch(`${path}/unannotated`, { metadata: { annotations: { only: 'one' } } })
    const cluster = await existing('unannotated')
    await admin.patch(`${path}/unannotated`, { metadata: { annotations: null } })
    const stale: JsonPatch = [
      conditionalOn(cluster),
      ...metadataOperations(cluster, 'annotations', { ours: 'value' }),
    ]
    await expect(api.patchCluster(cluster, stale)).rejects.toMatchObject({ kind: 'conflict', status: 422 })
  })

  async function existing(name: string): Promise<NonNullable<Awaited<ReturnType<ClusterApi['getCluster']>>>> {
    const cluster = await api.getCluster({ namespace, name })
    if (cluster === undefined) throw new Error(`there is no Cluster ${namespace}/${name}`)
    return cluster
  }
})

/** Its control plane never comes, so that core leaves the endpoint alone. */
function clusterObject(version: string, name: string): Record<string, unknown> {
  const ref = { kind: 'DemoControlPlane', name: 'never-comes' }
  const group = 'controlplane.demo.vip.capi.gorizond.io'
  return {
    apiVersion: `cluster.x-k8s.io/${version}`,
    kind: 'Cluster',
    metadata: { name },
    spec: {
      controlPlaneRef:
        version === 'v1beta1' ? { ...ref, apiVersion: `${group}/v1alpha1` } : { ...ref, apiGroup: group },
    },
  }
}

function poolObject(kind: string, name: string): Record<string, unknown> {
  return {
    apiVersion: 'ipam.cluster.x-k8s.io/v1alpha2',
    kind,
    metadata: { name },
    spec: { addresses: ['192.0.2.10-192.0.2.20'], prefix: 24, gateway: '192.0.2.1' },
  }
}

async function managersOf(path: string): Promise<string[]> {
  const object = await admin.api.send<{
    metadata: { managedFields: { manager: string; operation: string; apiVersion: string }[] }
  }>({ method: 'GET', path })
  return object.metadata.managedFields.map(
    (entry) => `${entry.manager} ${entry.operation} ${entry.apiVersion}`,
  )
}
