import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { eventually } from '../support/eventually.ts'
import {
  add,
  createClassOfShape,
  fromTemplate,
  hostRequiredShape,
  infrastructurePatch,
  ownAddressShape,
  projectShapes,
  renderedPath,
  untilRendered,
  variable,
  type ClassShape,
  type RenderedObject,
} from './class-shapes.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { getObject, patchObject, postCluster, variablesOf } from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
})

afterAll(() => suite.close())

/** Creates a class with a pool of its own. Resolves with the name of the class. */
async function createClass(name: string, addresses: string, shape: ClassShape): Promise<string> {
  const className = `${name}-class`
  await createClassOfShape(testbed, className, shape)
  await testbed.createPool(addresses, { name: `${name}-pool`, className })
  return className
}

/** Waits until Cluster API has rendered the VIP into an object. Resolves with the object's spec. */
async function specWith(host: string, cluster: string, ref: RenderedObject): Promise<JsonObject> {
  const object = await untilRendered(testbed, cluster, ref, (spec) => JSON.stringify(spec).includes(host))
  return object.spec
}

describe('the ClusterClass of a project', () => {
  const projects = projectShapes.map((shape, index) => {
    const name = shape.project.toLowerCase()
    return { name, host: `10.182.${index}.10`, shape }
  })

  // All at once: Cluster API takes some seconds for a class and its Cluster, and waits most of the time.
  beforeAll(async () => {
    await Promise.all(
      projects.map(async ({ name, host, shape }) => {
        const { given, spec = {} } = shape
        const className = await createClass(name, host, shape)
        await postCluster(testbed, name, { className, spec, ...(given.length > 0 && { variables: given }) })
      }),
    )
  })

  it.each(projects.map((each) => [each.shape.project, each] as const))(
    'of %s gets the VIP wherever it needs it',
    async (_, { name, host, shape }) => {
      const { gets, patches, port } = shape
      expect((await testbed.untilServed(name)).controlPlaneEndpoint).toEqual({ host, port })
      expect(variablesOf(await getObject(testbed, 'clusters', name))).toEqual(gets(host))
      const infrastructure = await specWith(host, name, 'infrastructureRef')
      expect(infrastructure['controlPlaneEndpoint']).toEqual({ host, port })
      if (patches.length > 1) await specWith(host, name, 'controlPlaneRef')
    },
  )
})

describe('a ClusterClass whose variable cannot be empty, as that of CAREN', () => {
  it('takes the VIP of a claim that was made before the Cluster, and the Cluster adopts it', async () => {
    const className = await createClass('caren', '10.182.20.10', hostRequiredShape)
    const variables = (host: string): readonly JsonObject[] => [
      { name: 'clusterConfig', value: { nutanix: { controlPlaneEndpoint: { host, port: 6443 } } } },
    ]
    await expect(postCluster(testbed, 'caren', { className, variables: variables('') })).rejects.toThrow(
      'spec.topology.variables[clusterConfig].value.nutanix.controlPlaneEndpoint.host',
    )

    // The IPAM provider skips a claim that names a Cluster which does not exist.
    const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'InClusterIPPool', name: 'caren-pool' }
    await testbed.api.send({
      method: 'POST',
      path: testbed.path('ipaddressclaims'),
      body: {
        apiVersion: 'ipam.cluster.x-k8s.io/v1beta2',
        kind: 'IPAddressClaim',
        metadata: { name: 'vip-cp-caren', namespace: testbed.namespace },
        spec: { poolRef },
      },
    })
    await testbed.untilClaim('vip-cp-caren', (now) => now?.addressName !== undefined)
    const host = (await testbed.ipAddresses()).find(({ name }) => name === 'vip-cp-caren')?.address ?? ''
    expect(host).toBe('10.182.20.10')
    const posted = await postCluster(testbed, 'caren', { className, variables: variables(host) })

    const adopted = await testbed.untilCluster(
      'caren',
      (now) => now !== undefined && vipConditionOf(now, 'control-plane')?.reason === 'Allocated',
    )
    expect(adopted?.controlPlaneEndpoint).toEqual({ host, port: 6443 })
    const claim = await testbed.untilClaim('vip-cp-caren', (now) => now?.ownerReferences.length === 1)
    expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', uid: posted.metadata.uid }])
    expect(variablesOf(await getObject(testbed, 'clusters', 'caren'))).toEqual(variablesOf(posted))
  })
})

describe('a ClusterClass whose provider has an address of its own, as that of CAPHV', () => {
  it('refuses a VIP, and the Cluster takes the address of the provider', async () => {
    const className = await createClass('caphv', '10.182.21.10', ownAddressShape)
    await postCluster(testbed, 'caphv', { className })
    const { metadata } = await untilRendered(testbed, 'caphv', 'infrastructureRef', () => true)
    const endpoint = { host: '10.182.121.1', port: 6443 }
    const path = renderedPath(testbed, 'infrastructureRef', metadata.name)
    await patchObject(testbed, path, { spec: { controlPlaneEndpoint: endpoint } })
    await patchObject(testbed, `${path}/status`, { status: { initialization: { provisioned: true } } })
    expect(await testbed.hostOf('caphv')).toBe(endpoint.host)
    expect(await testbed.claims()).not.toContain('vip-cp-caphv')
  })
})

describe('a ClusterClass that requires its variable', () => {
  it('can wait for the VIP by a template that fails while the value is empty', async () => {
    const className = 'failing-class'
    await createClassOfShape(testbed, className, {
      annotations: { 'vip.capi.gorizond.io/control-plane-variable': 'controlPlaneIpAddr' },
      variables: [variable('controlPlaneIpAddr', { type: 'string' })],
      patches: [
        infrastructurePatch(
          add(
            'controlPlaneEndpoint',
            fromTemplate(
              '{{ if not .controlPlaneIpAddr }}{{ fail "the VIP is not there yet" }}{{ end }}',
              "host: '{{ .controlPlaneIpAddr }}'",
              'port: 6443',
            ),
          ),
        ),
      ],
    })
    await postCluster(testbed, 'failing', {
      className,
      variables: [{ name: 'controlPlaneIpAddr', value: '' }],
    })
    await temporal.untilPending(testbed.keyOf('failing'), { reason: 'NoMatchingPool' })
    const waiting = await eventually('TopologyReconciled to say why', async () => {
      const cluster = await getObject(testbed, 'clusters', 'failing')
      return JSON.stringify(cluster.status ?? {}).includes('the VIP is not there yet') ? cluster : undefined
    })
    expect(waiting.spec['infrastructureRef']).toBeUndefined()

    await testbed.createPool('10.182.22.10', { name: 'failing-pool', className })
    const infrastructure = await specWith('10.182.22.10', 'failing', 'infrastructureRef')
    expect(infrastructure['controlPlaneEndpoint']).toEqual({ host: '10.182.22.10', port: 6443 })
  })
})
