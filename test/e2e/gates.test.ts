import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { example } from '../../dev/demo/examples.ts'
import { messageOf } from '../../dev/stack/errors.ts'
import type { KubernetesObject } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests, readManifests } from '../../dev/stack/manifests.ts'
import type { Report } from '../../src/commands/doctor/report.ts'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { add, createClassOfShape, fromTemplate, infrastructurePatch, variable } from './class-shapes.ts'
import { openFixture, type Fixture } from './fixture.ts'
import {
  createClassWithoutVariable,
  recordRendered,
  shownTexts,
  untilTopologyWaits,
  waitsForAllocator,
  type RenderedVersions,
} from './gate-fixture.ts'
import { endpointOf, getObject, patchObject, postCluster, type StoredObject } from './objects.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'
const policyName = 'protect-vip-annotation'
/** In no pool. */
const typed = '10.174.9.9'

let suite: Fixture
let testbed: Testbed
let rendered: RenderedVersions

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  rendered = await recordRendered(stack, testbed)
  await Promise.all([
    createClassWithoutVariable(testbed, 'annotation'),
    createClassWithoutVariable(testbed, 'file', ['kube-vip']),
    testbed.createClass('variable'),
  ])
  await Promise.all(
    ['annotation', 'file', 'variable'].map(async (name, index) => {
      await testbed.createPool(`10.174.${index}.10-10.174.${index}.19`, { name, className: name })
      await testbed.createCluster(`by-${name}`, { className: name })
    }),
  )
})

afterAll(() => suite.close(() => rendered.close()))

function annotate(name: string, value: string | null): Promise<StoredObject> {
  const metadata = { annotations: { [vipAnnotation]: value } }
  return patchObject(testbed, testbed.path('clusters', name), { metadata })
}

/**
 * Waits until the annotation names the VIP, Cluster API has reconciled, and the infrastructure cluster has the VIP.
 *
 * @param since the version from which on that counts
 */
async function untilWhole(name: string, host: string, { metadata }: StoredObject): Promise<void> {
  await testbed.untilCluster(
    name,
    (now) =>
      now !== undefined &&
      BigInt(now.resourceVersion) > BigInt(metadata.resourceVersion) &&
      now.annotations[vipAnnotation] === host &&
      isReconciled(now),
  )
  await rendered.until(name, 'infrastructureRef', (now) => endpointOf(now).host === host)
}

function isReconciled({ conditions }: Cluster): boolean {
  return conditions.some(({ type, status }) => type === 'TopologyReconciled' && status === 'True')
}

describe('while the allocator is away', () => {
  it.each([['annotation'], ['variable']])('a Cluster that waits by %s says for what', async (way) => {
    const message = await untilTopologyWaits(testbed, `by-${way}`)
    expect(shownTexts()).toContain(message)
    const { spec } = await getObject(testbed, 'clusters', `by-${way}`)
    expect(spec['infrastructureRef']).toBeUndefined()
    expect(spec['controlPlaneRef']).toBeUndefined()
  })

  it('a Cluster waits by a file of its control plane alone', async () => {
    expect(await untilTopologyWaits(testbed, 'by-file')).toMatch(
      new RegExp(`error calling fail: ${waitsForAllocator}$`),
    )
    const { spec } = await getObject(testbed, 'clusters', 'by-file')
    expect(spec['infrastructureRef']).toBeUndefined()
  })
})

describe('as soon as the allocator is there', () => {
  beforeAll(() => suite.start())

  it.each([['annotation'], ['variable']])(
    'the first version of the infrastructure cluster has the VIP, by %s',
    async (way) => {
      const host = await testbed.hostOf(`by-${way}`)
      const first = await rendered.first(`by-${way}`, 'infrastructureRef')
      expect(first.metadata.generation).toBe(1)
      expect(endpointOf(first)).toEqual({ host, port: 6443 })
    },
  )

  it.each([['annotation'], ['file']])(
    'the first version of the control plane has the VIP in the manifest of kube-vip, by %s',
    async (way) => {
      const host = await testbed.hostOf(`by-${way}`)
      const { metadata, spec } = await rendered.first(`by-${way}`, 'controlPlaneRef')
      expect(metadata.generation).toBe(1)
      expect(spec).toMatchObject({
        kubeadmConfigSpec: {
          files: [
            {
              path: '/etc/kubernetes/manifests/kube-vip.yaml',
              content: expect.stringContaining(`- name: address\n          value: "${host}"\n`),
            },
          ],
        },
      })
    },
  )

  it('doctor names the gate of each class, and warns of one without', async () => {
    await createClassOfShape(testbed, 'open', {
      variables: [variable('clusterVip', { type: 'string' }, false)],
      patches: [infrastructurePatch(add('controlPlaneEndpoint', fromTemplate('host: "{{ .clusterVip }}"')))],
    })
    await testbed.createPool('10.174.5.10', { name: 'open', className: 'open' })
    const report = JSON.parse(await suite.print('doctor', '--output=json')) as Report
    const key = (name: string): string => `ClusterClass ${testbed.namespace}/${name}`
    const found = report.findings.filter(({ check }) => check === 'class-gates')
    expect(found.map(({ level, found: words }) => [level, words])).toEqual(
      expect.arrayContaining([
        [
          'ok',
          `${key('annotation')} waits for the VIP: patch control-plane-endpoint fails without the annotation ${vipAnnotation}`,
        ],
        [
          'ok',
          `${key('file')} waits for the VIP: patch kube-vip fails without the annotation ${vipAnnotation}`,
        ],
        [
          'ok',
          `${key('variable')} waits for the VIP: patch control-plane-endpoint reads the variable clusterVip`,
        ],
        [
          'warning',
          `${key('open')} has no gate, so the infrastructure cluster can come without the VIP: patch infrastructure reads the variable clusterVip in a template without fail, and renders "<no value>" without it`,
        ],
      ]),
    )
  })
})

describe('an annotation that a class reads', () => {
  it.each([
    ['changes', typed],
    ['removes', null],
  ])('comes back if somebody %s it', async (_, value) => {
    const host = await testbed.hostOf('by-annotation')
    await untilWhole('by-annotation', host, await annotate('by-annotation', value))
    expect(await testbed.hostOf('by-annotation')).toBe(host)
  })

  it('opens the gate if a new Cluster brings it along, and is replaced by the VIP', async () => {
    await testbed.createCluster('brought', {
      className: 'annotation',
      annotations: { [vipAnnotation]: typed },
    })
    const created = await getObject(testbed, 'clusters', 'brought')
    const host = await testbed.hostOf('brought')
    expect(host).toMatch(/^10\.174\.0\./)
    const { metadata } = await rendered.first('brought', 'infrastructureRef')
    expect(metadata.generation).toBe(1)
    await untilWhole('brought', host, created)
  })

  describe('while the allocator is away', () => {
    beforeAll(() => suite.allocator.stop())

    it('lets Cluster API go on with what there is', async () => {
      await testbed.editCluster('by-annotation', { topology: { controlPlane: { replicas: 3 } } })
      const { spec } = await rendered.until(
        'by-annotation',
        'controlPlaneRef',
        (now) => now.spec['replicas'] === 3,
      )
      expect(spec['replicas']).toBe(3)
    })

    it('takes the infrastructure cluster along if somebody changes it, until the allocator is back', async () => {
      const { controlPlaneEndpoint } = await testbed.untilServed('by-annotation')
      const edited = await annotate('by-annotation', typed)
      await rendered.until('by-annotation', 'infrastructureRef', (now) => endpointOf(now).host === typed)
      const cluster = await getObject(testbed, 'clusters', 'by-annotation')
      expect(endpointOf(cluster)).toEqual(controlPlaneEndpoint)
      await suite.start()
      await untilWhole('by-annotation', controlPlaneEndpoint.host, edited)
    })
  })
})

describe('an annotation that examples/protect-vip-annotation.yaml protects', () => {
  const refusal = `only capi-vip-allocator writes the annotation ${vipAnnotation}`
  const own = (): string => `${policyName}-${testbed.namespace}`
  const kinds = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings']

  beforeAll(async () => {
    await protectAnnotation(own())
    await eventually('the policy to be in force', async () => {
      const error = await annotate('by-annotation', typed).then(() => undefined, messageOf)
      return error?.includes(refusal) === true ? true : undefined
    })
  })

  afterAll(async () => {
    for (const kind of kinds) {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind}/${own()}`
      await testbed.api.send({ method: 'DELETE', path })
    }
  })

  it('is neither changed nor removed by anybody else', async () => {
    await expect(annotate('by-annotation', typed)).rejects.toThrow(refusal)
    await expect(annotate('by-annotation', null)).rejects.toThrow(refusal)
  })

  it('is brought along only by a Cluster that is paused, as after a move', async () => {
    const create = (name: string, spec: object): Promise<StoredObject> =>
      postCluster(testbed, name, {
        className: 'annotation',
        metadata: { annotations: { [vipAnnotation]: typed } },
        spec: { ...spec },
      })
    await expect(create('refused', {})).rejects.toThrow(refusal)
    const { metadata } = await create('paused', { paused: true })
    expect(metadata.annotations).toEqual({ [vipAnnotation]: typed })
    await testbed.editCluster('paused', { paused: null })
    expect(await testbed.hostOf('paused')).toMatch(/^10\.174\.0\./)
  })

  it('is written by the allocator, and everybody may edit the rest of the Cluster', async () => {
    await testbed.createCluster('protected', { className: 'annotation' })
    const host = await testbed.hostOf('protected')
    await testbed.editCluster('protected', { topology: { controlPlane: { replicas: 3 } } })
    const { metadata } = await getObject(testbed, 'clusters', 'protected')
    expect(metadata.annotations).toMatchObject({ [vipAnnotation]: host })
  })
})

/** Applies the example under another name, for this suite's Clusters alone. */
async function protectAnnotation(name: string): Promise<void> {
  const [policy, binding] = readManifests(example(policyName)) as unknown as [StoredPolicy, StoredPolicy]
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': testbed.namespace } }
  await applyManifests(stack, [
    { ...policy, metadata: { name } },
    {
      ...binding,
      metadata: { name },
      spec: { ...binding.spec, policyName: name, matchResources: { namespaceSelector } },
    },
  ])
}

type StoredPolicy = KubernetesObject & { readonly spec: object }
