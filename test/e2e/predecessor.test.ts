import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubernetesObject } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { claimNameFor } from '../../src/domain/model/claim.ts'
import type { Role } from '../../src/domain/role.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { changeClass, getObject, optionalStringVariables, postCluster, type StoredObject } from './objects.ts'
import { createShell } from './shell.ts'
import type { Testbed } from './testbed.ts'

/*
 * The objects are as the sources of 0.7.1 leave them: pools of the global kind with a label for the role, v1beta1, claims with
 * the label of the role alone, the ingress VIP in an annotation and a label.
 */

const { stack } = realParts()
const prefix = 'vip.capi.gorizond.io'

let suite: Fixture
let testbed: Testbed

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed } = suite)
})

afterAll(() => suite.close(removeExtensionConfigs))

/** Creates a class, whose variables are those that the predecessor's pages show, and a pool for one role. */
async function createClassWithPools(name: string, addresses: Partial<Record<Role, string>>): Promise<string> {
  const className = `${name}-class`
  await testbed.createClass(className)
  await changeClass(testbed, className, { variables: optionalStringVariables('clusterVip', 'ingressVip') })
  for (const [role, range] of Object.entries(addresses)) {
    await testbed.createPool(range, {
      name: `${name}-${role}`,
      kind: 'GlobalInClusterIPPool',
      className,
      labels: { [`${prefix}/role`]: role },
    })
  }
  return className
}

/** Creates a claim as the predecessor does: its reconciler as the Cluster's, its runtime extension as nobody's. */
async function leaveClaim(
  { metadata: { name, uid } }: { readonly metadata: Pick<StoredObject['metadata'], 'name' | 'uid'> },
  role: Role,
  by = 'reconciler',
): Promise<void> {
  const claimName = claimNameFor({ name }, role)
  const owner = { apiVersion: 'cluster.x-k8s.io/v1beta1', kind: 'Cluster', name, uid }
  const owners = by === 'reconciler' ? [{ ...owner, controller: true, blockOwnerDeletion: true }] : []
  await testbed.api.send({
    method: 'POST',
    path: testbed.path('ipaddressclaims').replace('/v1beta2/', '/v1beta1/'),
    body: {
      apiVersion: 'ipam.cluster.x-k8s.io/v1beta1',
      kind: 'IPAddressClaim',
      metadata: {
        name: claimName,
        namespace: testbed.namespace,
        labels: { [`${prefix}/role`]: role },
        ownerReferences: owners,
      },
      spec: {
        poolRef: {
          apiGroup: 'ipam.cluster.x-k8s.io',
          kind: 'GlobalInClusterIPPool',
          name: `${testbed.namespace}-${name}-${role}`,
        },
      },
    },
  })
  await testbed.untilClaim(claimName, (now) => now?.addressName !== undefined)
}

interface LeftCluster {
  readonly className: string
  readonly host: string
  readonly ingressVip?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** Creates a Cluster as it is when the predecessor has served it. */
function leaveCluster(
  name: string,
  { className, host, ingressVip, annotations }: LeftCluster,
): Promise<StoredObject> {
  const ingress = ingressVip === undefined ? {} : { [`${prefix}/ingress-vip`]: ingressVip }
  return postCluster(testbed, name, {
    version: 'v1beta1',
    className,
    spec: { controlPlaneEndpoint: { host, port: 6443 } },
    variables: [{ name: 'clusterVip', value: host }],
    metadata: { annotations: { ...ingress, ...annotations }, labels: ingress },
  })
}

/** Waits until Cluster API has rendered a Cluster. Resolves with it. */
async function untilRendered(name: string): Promise<StoredObject> {
  await testbed.untilCluster(name, (now) => now?.isRendered === true)
  return eventually(`${name} to be rendered`, async () => {
    const now = await getObject(testbed, 'clusters', name)
    return now.spec['controlPlaneRef'] === undefined ? undefined : now
  })
}

async function untilAllocated(name: string, role: Role = 'control-plane'): Promise<void> {
  await testbed.untilCluster(
    name,
    (now) => now !== undefined && vipConditionOf(now, role)?.reason === 'Allocated',
  )
}

async function addressOf(claim: string): Promise<string | undefined> {
  return (await testbed.ipAddresses()).find(({ name }) => name === claim)?.address
}

/** What the predecessor has left, before the allocator starts. */
const left = new Map<string, StoredObject>()

beforeAll(async () => {
  const [old, unowned, typed, named] = await Promise.all([
    createClassWithPools('old', {
      'control-plane': '10.162.0.10-10.162.0.12',
      ingress: '10.162.1.10-10.162.1.12',
    }),
    createClassWithPools('unowned', { 'control-plane': '10.162.2.10-10.162.2.12' }),
    createClassWithPools('typed', { 'control-plane': '10.162.3.10-10.162.3.12' }),
    createClassWithPools('by-name', { 'control-plane': '10.162.8.10-10.162.8.12' }),
  ])
  const served = await leaveCluster('old', {
    className: old,
    host: '10.162.0.10',
    ingressVip: '10.162.1.10',
  })
  const extended = await leaveCluster('unowned', { className: unowned, host: '10.162.2.10' })
  const manual = await leaveCluster('typed', { className: typed, host: '10.162.9.9' })
  const byName = await leaveCluster('by-name', { className: named, host: 'api.named.example.test' })
  await Promise.all([
    leaveClaim(served, 'control-plane'),
    leaveClaim(served, 'ingress'),
    leaveClaim(extended, 'control-plane', 'runtime extension'),
    // It claims an address for every Cluster, also for one whose endpoint is set by hand.
    leaveClaim(manual, 'control-plane'),
    leaveClaim(byName, 'control-plane'),
  ])
  for (const name of ['old', 'unowned', 'typed', 'by-name']) left.set(name, await untilRendered(name))
  await applyManifests(stack, installation())
})

const extensionConfigs = '/apis/runtime.cluster.x-k8s.io/v1beta2/extensionconfigs'
const manager = 'capi-vip-allocator-controller-manager'

/** The predecessor's own objects, which its manifests create, in the testbed. Names of cluster-scoped ones begin with it. */
function installation(): readonly (KubernetesObject & { readonly spec?: object })[] {
  const { namespace } = testbed
  const labels = { 'control-plane': manager }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: manager, namespace } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: manager, namespace, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: manager,
            containers: [{ name: 'manager', image: 'ghcr.io/gorizond/capi-vip-allocator:v0.7.1' }],
          },
        },
      },
    },
    {
      apiVersion: 'runtime.cluster.x-k8s.io/v1beta2',
      kind: 'ExtensionConfig',
      metadata: { name: `${namespace}-vip-allocator` },
      spec: {
        clientConfig: { service: { name: 'capi-vip-allocator-runtime-extension', namespace, port: 443 } },
        // Empty in its manifest, which is all namespaces; those of other suites must not notice.
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
    },
  ]
}

/** They are of no namespace, so they would stay if a test failed. */
async function removeExtensionConfigs(): Promise<void> {
  const { items } = await testbed.api.send<{ items: readonly KubernetesObject[] }>({
    method: 'GET',
    path: extensionConfigs,
  })
  for (const { metadata } of items.filter(({ metadata: { name } }) => name.startsWith(testbed.namespace))) {
    await testbed.api.send({ method: 'DELETE', path: `${extensionConfigs}/${metadata.name}` })
  }
}

/** The commands of the steps on the page, for the testbed. */
function stepsOfPage(): readonly string[] {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'upgrading.md'), 'utf8')
  const [, section = ''] = /^### Step by step\n(.*?)^### /ms.exec(page) ?? []
  return [...section.matchAll(/^ *```bash\n(.*?)^ *```$/gms)].map(([, commands = '']) =>
    commands
      .replaceAll('capi-system', testbed.namespace)
      .replaceAll('x-k8s.io vip-allocator', `x-k8s.io ${testbed.namespace}-vip-allocator`)
      .replaceAll('clusters/demo-cluster', `${testbed.namespace}/old`),
  )
}

describe('the page about upgrading', () => {
  it('leads from the predecessor to the allocator, as doctor, plan and status confirm', async () => {
    const shell = createShell(stack)
    const run = async (command = ''): Promise<string> => {
      const { text } = await shell(command, {
        CAPI_VIP_ALLOCATOR_NAMESPACE: testbed.namespace,
        CAPI_VIP_ALLOCATOR_TASK_QUEUE: suite.taskQueue,
      })
      return text
    }
    const [look, ...others] = stepsOfPage()
    const [check, ...changes] = others.toReversed()
    const before = await run(look)
    expect(before).toContain(
      `the predecessor is still installed: Deployment ${testbed.namespace}/${manager} wants`,
    )
    expect(before).toContain(`kubectl --namespace ${testbed.namespace} delete deployment ${manager}`)
    expect(before).toContain(`ExtensionConfig ${testbed.namespace}-vip-allocator is the predecessor's`)
    expect(before).toContain('write 10.162.0.10:6443 to the Cluster')
    // The plan, which comes last, ends with the difference that it makes to the Cluster.
    const difference = before.slice(before.indexOf('\n@@ ')).split('\n')
    const changed = difference.filter((line) => /^[+-]/.test(line))
    expect(changed.filter((line) => !line.includes(`${prefix}/`))).toEqual([])
    expect(changed).toContainEqual(expect.stringContaining(`${prefix}/control-plane-vip: 10.162.0.10`))

    expect(changes).toHaveLength(3)
    for (const change of changes.toReversed()) expect(await run(change)).not.toMatch(/error/i)
    await suite.start()
    await untilAllocated('old')
    await untilAllocated('unowned')

    const after = await run(check)
    expect(after).toContain('nothing is left of the predecessor 0.7.1')
    expect(after).toMatch(/old +control-plane .*Served/)
    expect(after).toMatch(/typed +control-plane .*Manual/)
  })
})

describe('a Cluster that the predecessor served', () => {
  it('is adopted: its VIPs are recorded, its claims labeled, and its spec not changed', async () => {
    await untilAllocated('old')
    await untilAllocated('old', 'ingress')
    const before = left.get('old')
    const after = await getObject(testbed, 'clusters', 'old')
    expect(after.spec).toEqual(before?.spec)
    expect(after.metadata.generation).toBe(before?.metadata.generation)
    expect(after.metadata.annotations).toMatchObject({
      [`${prefix}/control-plane-vip`]: '10.162.0.10',
      [`${prefix}/ingress-vip`]: '10.162.1.10',
    })
    expect(after.metadata.labels?.[`${prefix}/ingress-vip`]).toBe('10.162.1.10')
    for (const name of ['vip-cp-old', 'vip-ingress-old']) {
      const claim = await testbed.untilClaim(
        name,
        (now) => now?.labels['cluster.x-k8s.io/cluster-name'] === 'old',
      )
      expect(claim?.ownerReferences).toMatchObject([
        { kind: 'Cluster', name: 'old', uid: before?.metadata.uid },
      ])
    }
  })

  it('has its address again if the claim is deleted', async () => {
    const claim = await testbed.untilClaim('vip-cp-old', (now) => now !== undefined)
    await testbed.delete('ipaddressclaims', 'vip-cp-old')
    await testbed.untilClaim('vip-cp-old', (now) => now?.addressName !== undefined && now.uid !== claim?.uid)
    expect(await addressOf('vip-cp-old')).toBe('10.162.0.10')
    expect(await testbed.hostOf('old')).toBe('10.162.0.10')
  })

  it('adopts a claim that nobody owns if that holds its endpoint, and is guarded from then on', async () => {
    await untilAllocated('unowned')
    const { metadata, spec } = await getObject(testbed, 'clusters', 'unowned')
    expect(spec).toEqual(left.get('unowned')?.spec)
    expect(metadata.annotations?.[`${prefix}/control-plane-vip`]).toBe('10.162.2.10')
    const owned = await testbed.untilClaim('vip-cp-unowned', (now) => now?.ownerReferences.length === 1)
    expect(owned?.ownerReferences).toMatchObject([{ kind: 'Cluster', uid: metadata.uid }])
    await testbed.delete('ipaddressclaims', 'vip-cp-unowned')
    await testbed.untilClaim(
      'vip-cp-unowned',
      (now) => now?.addressName !== undefined && now.uid !== owned?.uid,
    )
    expect(await addressOf('vip-cp-unowned')).toBe('10.162.2.10')
  })

  it('adopts such a claim also while the allocator runs, and none that holds another address', async () => {
    const className = await createClassWithPools('late', { 'control-plane': '10.162.4.10-10.162.4.12' })
    const [right, wrong] = await Promise.all(
      [
        ['late', '10.162.4.10'],
        ['late-2', '10.162.4.99'],
      ].map(([name = '', host = '']) => leaveCluster(name, { className, host })),
    )
    if (right === undefined || wrong === undefined) throw new Error('there are two Clusters')
    await untilRendered('late-2')
    await leaveClaim(right, 'control-plane', 'runtime extension')
    await untilAllocated('late')
    await testbed.createPool('10.162.5.10-10.162.5.12', {
      name: 'late-2-control-plane',
      kind: 'GlobalInClusterIPPool',
      className: 'late-2-none',
    })
    await leaveClaim(wrong, 'control-plane', 'runtime extension')
    // What the allocator does about the claim has been done when a later Cluster is served.
    const beside = await testbed.createClassWithPool('beside', '10.162.6.10')
    await testbed.createCluster('beside', { className: beside })
    await testbed.untilServed('beside')
    const alone = await testbed.untilClaim('vip-cp-late-2', (now) => now !== undefined)
    expect(alone?.ownerReferences).toEqual([])
    expect(alone?.labels['cluster.x-k8s.io/cluster-name']).toBeUndefined()
    // It would stay, since it is nobody's.
    await testbed.delete('ipaddressclaims', 'vip-cp-late-2')
  })

  it('adopts such a claim also if it comes after the claim, is unpaused, or no longer refuses the VIP', async () => {
    const paused = 'cluster.x-k8s.io/paused'
    const enabled = `${prefix}/control-plane-enabled`
    const className = await createClassWithPools('restored', { 'control-plane': '10.162.7.10' })
    const clusters = [
      { name: 'restored', host: '10.162.7.10', change: {} },
      { name: 'unpaused', host: '10.162.7.20', annotations: { [paused]: '' }, change: { [paused]: null } },
      {
        name: 'asking',
        host: '10.162.7.30',
        annotations: { [enabled]: 'false' },
        change: { [enabled]: null },
      },
    ]
    for (const { name, host } of clusters.slice(1)) {
      await testbed.createPool(host, {
        name: `${name}-control-plane`,
        kind: 'GlobalInClusterIPPool',
        className: 'restored-none',
      })
    }
    const [restored, ...waiting] = clusters
    if (restored === undefined) throw new Error('there are three Clusters')
    await Promise.all(waiting.map(({ name, ...cluster }) => leaveCluster(name, { className, ...cluster })))
    await Promise.all(
      clusters.map(({ name }) =>
        leaveClaim({ metadata: { name, uid: '' } }, 'control-plane', 'runtime extension'),
      ),
    )
    await leaveCluster(restored.name, { className, host: restored.host })
    for (const { name, change } of waiting) {
      await testbed.patch(testbed.path('clusters', name), { metadata: { annotations: change } })
    }
    for (const { name, host } of clusters) {
      await untilAllocated(name)
      expect(await testbed.hostOf(name)).toBe(host)
      const claim = await testbed.untilClaim(`vip-cp-${name}`, (now) => now?.ownerReferences.length === 1)
      expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', name }])
    }
  })

  it('keeps an endpoint that was set by hand, and the address that the predecessor took beside it is free again', async () => {
    await testbed.untilClaim('vip-cp-typed', (now) => now === undefined)
    const { spec } = await getObject(testbed, 'clusters', 'typed')
    expect(spec).toEqual(left.get('typed')?.spec)
  })

  it('keeps the address beside an endpoint that is a DNS name, which may lead to it, and status says so', async () => {
    const said = await suite.print('status', `${testbed.namespace}/by-name`)
    expect(said).toContain('Manual')
    expect(said).toContain('vip-cp-by-name of before keeps its address, since that name may lead to it')
    // What the allocator does about the claim has been done when a later Cluster is served.
    const beside = await testbed.createClassWithPool('beside-by-name', '10.162.10.10')
    await testbed.createCluster('beside-by-name', { className: beside })
    await testbed.untilServed('beside-by-name')
    const claim = await testbed.untilClaim('vip-cp-by-name', (now) => now !== undefined)
    expect(claim).toMatchObject({ isDeleting: false, addressName: 'vip-cp-by-name' })
    expect(claim?.labels['cluster.x-k8s.io/cluster-name']).toBeUndefined()
    expect((await getObject(testbed, 'clusters', 'by-name')).spec).toEqual(left.get('by-name')?.spec)
  })
})
