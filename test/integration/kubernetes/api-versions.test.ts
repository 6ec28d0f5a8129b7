import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createLiveClusterApi } from '../../../src/kubernetes/live-cluster-api.ts'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import type { KubernetesConnection, RequestOutcome } from '../../../src/kubernetes/transport/connection.ts'
import { installDefinition, startBareApiServer, type BareApiServer } from './bare-api-server.ts'
import {
  adminOf,
  claimObject,
  connectAs,
  createCleanup,
  createJournal,
  uniqueName,
  type Admin,
  type Journal,
} from './support.ts'
import { watchClaims } from './watched.ts'

const clusters = 'clusters.cluster.x-k8s.io'
const classes = 'clusterclasses.cluster.x-k8s.io'
const claims = 'ipaddressclaims.ipam.cluster.x-k8s.io'
const pools = 'inclusterippools.ipam.cluster.x-k8s.io'
const globalPools = 'globalinclusterippools.ipam.cluster.x-k8s.io'
const allVersions = ['v1alpha1', 'v1alpha2', 'v1beta1', 'v1beta2']

let server: BareApiServer
let admin: Admin
beforeAll(async () => {
  server = await startBareApiServer()
  admin = adminOf(server)
})
afterAll(async () => {
  await admin.close()
  await server.stop()
})

const cleanup = createCleanup()
afterEach(() => cleanup.run())

let namespace: string
let connection: KubernetesConnection
let api: ClusterApi
let outcomes: Journal<RequestOutcome>
beforeEach(async () => {
  namespace = uniqueName('versions')
  await admin.create('/api/v1/namespaces', { metadata: { name: namespace } })
  outcomes = createJournal()
  connection = connectAs(server, { onRequest: outcomes.add })
  cleanup.after(() => connection.close())
  api = createLiveClusterApi(connection)
})

/** Serves these versions, and comes back when they, and no other, are served. */
async function serve(name: string, ...versions: string[]): Promise<void> {
  await installDefinition(admin.api, name, versions)
  const [plural = '', ...group] = name.split('.')
  for (const version of allVersions) {
    while ((await isServed(`${group.join('.')}/${version}`, plural)) !== versions.includes(version));
  }
}

async function isServed(apiVersion: string, plural: string): Promise<boolean> {
  const path = `/apis/${apiVersion}`
  return admin.api.send<{ resources: { name: string }[] }>({ method: 'GET', path }).then(
    ({ resources }) => resources.some((resource) => resource.name === plural),
    () => false,
  )
}

async function uninstall(name: string): Promise<void> {
  await admin.remove(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`)
  const [plural = '', ...group] = name.split('.')
  for (const version of allVersions) while (await isServed(`${group.join('.')}/${version}`, plural));
}

// First in this file: what the other tests install stays until the server is thrown away.
describe('an API server without Cluster API', () => {
  it.each([
    {
      what: 'a Cluster',
      read: () => api.getCluster({ namespace, name: 'demo' }),
      message:
        'clusters.cluster.x-k8s.io is not served by this API server in v1beta2 or v1beta1: ' +
        'install Cluster API core',
    },
    {
      what: 'a claim',
      read: () => api.getIPAddressClaim({ namespace, name: 'vip-cp-demo' }),
      message:
        'ipaddressclaims.ipam.cluster.x-k8s.io is not served by this API server in v1beta2 or v1beta1: ' +
        'install Cluster API core',
    },
    {
      what: 'pools',
      read: () => api.listIPPools(namespace),
      message:
        'inclusterippools.ipam.cluster.x-k8s.io is not served by this API server in v1alpha2 or v1alpha1: ' +
        'install the in-cluster IPAM provider',
    },
  ])(
    'rejects the request for $what, naming what is missing and what to install',
    async ({ read, message }) => {
      await expect(read()).rejects.toMatchObject({ name: 'KubernetesError', kind: 'notServed', message })
    },
  )

  it('leaves a watch waiting until the kind is served', async () => {
    const { watch, delivered, logged, stop } = watchClaims({ connection, namespaces: [namespace] })
    cleanup.after(stop)
    await logged.until(() => true)
    expect(watch.health()).toMatchObject({
      synced: false,
      lastError: expect.stringContaining(`${claims} is not served`),
    })
    await serve(claims, 'v1beta1', 'v1beta2')
    await delivered.until((line) => line === 'listed ')
    await api.createIPAddressClaim(claimObject(namespace, 'a'))
    await delivered.until((line) => line === 'upsert a')
    expect(watch.health()).toMatchObject({ synced: true, lastError: undefined })
  })
})

describe('pools', () => {
  it.each([
    { there: pools, kind: 'InClusterIPPool', path: () => `namespaces/${namespace}/inclusterippools` },
    { there: globalPools, kind: 'GlobalInClusterIPPool', path: () => 'globalinclusterippools' },
  ])('of the one kind that is served, $kind, are listed', async ({ there, kind, path }) => {
    cleanup.after(() => uninstall(there))
    await serve(there, 'v1alpha2')
    await admin.create(`/apis/ipam.cluster.x-k8s.io/v1alpha2/${path()}`, {
      apiVersion: 'ipam.cluster.x-k8s.io/v1alpha2',
      kind,
      metadata: { name: 'the-pool' },
      spec: { addresses: ['192.0.2.10-192.0.2.20'], prefix: 24 },
    })
    const found = await api.listIPPools(namespace)
    expect(found.map((pool) => `${pool.kind}/${pool.name}`)).toEqual([`${kind}/the-pool`])
  })

  it('are read in v1alpha1 if nothing else is served', async () => {
    cleanup.after(() => uninstall(globalPools))
    await serve(globalPools, 'v1alpha1')
    await expect(api.listIPPools(namespace)).resolves.toEqual([])
  })
})

describe('a served version', () => {
  it('is asked for once', async () => {
    await serve(clusters, 'v1beta1', 'v1beta2')
    await Promise.all(['a', 'b', 'c'].map((name) => api.getCluster({ namespace, name })))
    await api.getCluster({ namespace, name: 'd' })
    expect(outcomes.entries.filter(({ resource }) => resource === 'apiresources')).toHaveLength(1)
  })

  it.each([
    { served: ['v1beta1', 'v1beta2'], used: 'v1beta2' },
    { served: ['v1beta1'], used: 'v1beta1' },
    { served: ['v1beta2'], used: 'v1beta2' },
  ])('is $used of $served', async ({ served, used }) => {
    await serve(clusters, ...served)
    const apiVersion = `cluster.x-k8s.io/${used}`
    const path = `/apis/${apiVersion}/namespaces/${namespace}/clusters`
    const spec = { clusterNetwork: { apiServerPort: 8443 } }
    await admin.create(path, { apiVersion, kind: 'Cluster', metadata: { name: 'demo' }, spec })
    const cluster = await api.getCluster({ namespace, name: 'demo' })
    expect(cluster).toMatchObject({ apiVersion, apiServerPort: 8443 })
  })

  it('that disappears is discovered again, and the request succeeds in the remaining one', async () => {
    await serve(claims, 'v1beta2')
    await expect(api.getIPAddressClaim({ namespace, name: 'none' })).resolves.toBeUndefined()
    await serve(claims, 'v1beta1')
    const created = await api.createIPAddressClaim(claimObject(namespace, 'vip-cp-demo'))
    expect(created.name).toBe('vip-cp-demo')
    await expect(api.getIPAddressClaim(created)).resolves.toMatchObject({ uid: created.uid })
    await expect(
      api.patchIPAddressClaim(created, { metadata: { labels: { team: 'red' } } }),
    ).resolves.toMatchObject({ labels: { team: 'red' } })
  })

  it('that disappears under a watch is discovered again, and nothing is delivered twice', async () => {
    await serve(claims, 'v1beta2')
    await api.createIPAddressClaim(claimObject(namespace, 'a'))
    const { delivered, sent, stop } = watchClaims({
      connection,
      namespaces: [namespace],
      tuning: { silenceMs: 300 },
    })
    cleanup.after(stop)
    await delivered.until((line) => line === 'listed a')
    await serve(claims, 'v1beta1')
    await sent.until((request) => request.verb === 'watch' && request.path.includes('/v1beta1/'))
    await createLiveClusterApi(connection).createIPAddressClaim(claimObject(namespace, 'b'))
    await delivered.until((line) => line === 'upsert b')
    expect(delivered.entries.filter((line) => line === 'upsert a')).toHaveLength(1)
  })

  it('is an error after one more discovery if none is left', async () => {
    await serve(claims, 'v1beta2')
    await expect(api.getIPAddressClaim({ namespace, name: 'none' })).resolves.toBeUndefined()
    await uninstall(claims)
    await expect(api.getIPAddressClaim({ namespace, name: 'none' })).rejects.toMatchObject({
      kind: 'notServed',
      message: expect.stringContaining('install Cluster API core'),
    })
  })
})

describe("a ClusterClass's variables", () => {
  it('are the names in its status, and none before it was reconciled', async () => {
    await serve(classes, 'v1beta2')
    const path = `/apis/cluster.x-k8s.io/v1beta2/namespaces/${namespace}/clusterclasses`
    const templateRef = { apiVersion: 'x.example/v1', kind: 'Template', name: 'x' }
    await admin.create(path, {
      apiVersion: 'cluster.x-k8s.io/v1beta2',
      kind: 'ClusterClass',
      metadata: { name: 'rke2' },
      spec: { infrastructure: { templateRef }, controlPlane: { templateRef } },
    })
    const ref = { namespace, name: 'rke2' }
    await expect(api.getClusterClass(ref)).resolves.toMatchObject({ acceptedVariables: [] })
    await admin.patch(`${path}/rke2/status`, {
      status: { variables: [variableStatus('clusterVip'), variableStatus('ingressVip')] },
    })
    await expect(api.getClusterClass(ref)).resolves.toMatchObject({
      acceptedVariables: [
        { name: 'clusterVip', schema: { type: 'string' } },
        { name: 'ingressVip', schema: { type: 'string' } },
      ],
    })
  })
})

describe('a webhook that cannot be reached', () => {
  it('makes a write unavailable, not invalid', async () => {
    await serve(claims, 'v1beta2')
    const hooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
    await admin.create(hooks, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'away' },
      webhooks: [
        {
          name: 'away.kubernetes-test.example',
          clientConfig: { url: 'https://127.0.0.1:1/validate' },
          rules: [
            {
              apiGroups: ['ipam.cluster.x-k8s.io'],
              apiVersions: ['*'],
              operations: ['CREATE'],
              resources: ['*'],
            },
          ],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    })
    cleanup.after(() => admin.remove(`${hooks}/away`))
    await expect(
      untilRefused(() => api.createIPAddressClaim(claimObject(namespace, 'a'))),
    ).resolves.toMatchObject({
      kind: 'unavailable',
      status: 500,
      message: expect.stringContaining('failed calling webhook "away.kubernetes-test.example"'),
    })
  })

  /** The API server takes a moment to call a new webhook; a name that is taken is only found out after it. */
  async function untilRefused(create: () => Promise<unknown>): Promise<unknown> {
    for (;;) {
      const error: unknown = await create().then(
        () => undefined,
        (failure: unknown) => failure,
      )
      if (error !== undefined && (error as { kind?: string }).kind !== 'alreadyExists') return error
    }
  }
})

function variableStatus(name: string): object {
  const schema = { openAPIV3Schema: { type: 'string' } }
  return { name, definitionsConflict: false, definitions: [{ from: 'inline', required: false, schema }] }
}
