import type { JsonObject } from '../../src/domain/model/decode.ts'
import type { Testbed } from './testbed.ts'
import { changeClass, getObject, patchObject, type StoredObject } from './objects.ts'
import { eventually } from '../support/eventually.ts'

/** Small ClusterClasses in the shapes of real projects: how their VIP gets to its place. */

const prefix = 'vip.capi.gorizond.io'

export const controlPlaneVariable = `${prefix}/control-plane-variable`
export const controlPlanePortVariable = `${prefix}/control-plane-port-variable`
export const controlPlaneEnabled = `${prefix}/control-plane-enabled`

/** What differs from class to class. */
export interface ClassShape {
  readonly annotations?: Readonly<Record<string, string>>
  /** `spec.variables`. */
  readonly variables: readonly JsonObject[]
  /** `spec.patches`. */
  readonly patches: readonly JsonObject[]
}

/** The shape of a project's class, with what a Cluster of it gives and gets. */
export interface ProjectShape extends ClassShape {
  /** As in the first column of docs/compatibility.md. */
  readonly project: string
  /** What the Cluster gives. */
  readonly given: readonly JsonObject[]
  /** Fields of the Cluster's spec besides the topology. */
  readonly spec?: JsonObject
  /** The variables of the Cluster once it has its VIP. */
  readonly gets: (host: string) => JsonObject
  /** The port of its endpoint. */
  readonly port: number
}

const text = { type: 'string' }
const integer = { type: 'integer' }

export function variable(name: string, openAPIV3Schema: JsonObject, required = true): JsonObject {
  return { name, required, schema: { openAPIV3Schema } }
}

/** A patch of the template for the infrastructure cluster. */
export function infrastructurePatch(...jsonPatches: readonly JsonObject[]): JsonObject {
  return patchOf('infrastructure', 'DemoClusterTemplate', { infrastructureCluster: true }, jsonPatches)
}

/** A patch of the template for the control plane. */
export function controlPlanePatch(...jsonPatches: readonly JsonObject[]): JsonObject {
  return patchOf('controlplane', 'DemoControlPlaneTemplate', { controlPlane: true }, jsonPatches)
}

function patchOf(
  group: 'infrastructure' | 'controlplane',
  kind: string,
  matchResources: JsonObject,
  jsonPatches: readonly JsonObject[],
): JsonObject {
  const selector = { apiVersion: `${group}.demo.${prefix}/v1alpha1`, kind, matchResources }
  return { name: group, definitions: [{ selector, jsonPatches }] }
}

/** One operation that adds a field of the rendered object's spec. */
export function add(field: string, value: JsonObject): JsonObject {
  return { op: 'add', path: `/spec/template/spec/${field}`, ...value }
}

export function fromVariable(path: string): JsonObject {
  return { valueFrom: { variable: path } }
}

export function fromTemplate(...lines: readonly string[]): JsonObject {
  return { valueFrom: { template: lines.join('\n') } }
}

const endpointObject = { type: 'object', properties: { host: text, port: integer } }

/** Two variables, as the vSphere classes have them. */
const addressAndPort: Pick<ProjectShape, 'annotations' | 'variables' | 'patches'> = {
  annotations: {
    [controlPlaneVariable]: 'controlPlaneIpAddr',
    [controlPlanePortVariable]: 'controlPlanePort',
  },
  variables: [variable('controlPlaneIpAddr', text), variable('controlPlanePort', integer)],
  patches: [
    infrastructurePatch(
      add(
        'controlPlaneEndpoint',
        fromTemplate("host: '{{ .controlPlaneIpAddr }}'", 'port: {{ .controlPlanePort }}'),
      ),
    ),
    controlPlanePatch(add('kubeVip', fromTemplate('address: "{{ .controlPlaneIpAddr }}"'))),
  ],
}

/** A variable of one's own, for projects whose public classes have none for the VIP. */
const ownVariable: Pick<ProjectShape, 'variables' | 'given' | 'gets' | 'port'> = {
  variables: [variable('clusterVip', text, false)],
  given: [],
  gets: (host) => ({ clusterVip: host }),
  port: 6443,
}

const ownEndpoint = [
  add('controlPlaneEndpoint', { value: { port: 6443 } }),
  add('controlPlaneEndpoint/host', fromVariable('clusterVip')),
]

/** The shapes whose Clusters get their VIP by variables. */
export const projectShapes: readonly ProjectShape[] = [
  {
    project: 'CAPV',
    ...addressAndPort,
    given: [
      { name: 'controlPlaneIpAddr', value: '' },
      { name: 'controlPlanePort', value: 6443 },
    ],
    gets: (host) => ({ controlPlaneIpAddr: host, controlPlanePort: 6443 }),
    port: 6443,
  },
  {
    project: 'CAPM3',
    annotations: { [controlPlaneVariable]: 'controlPlaneEndpoint' },
    variables: [variable('controlPlaneEndpoint', endpointObject)],
    patches: [infrastructurePatch(add('controlPlaneEndpoint', fromVariable('controlPlaneEndpoint')))],
    given: [{ name: 'controlPlaneEndpoint', value: { host: '', port: 6443 } }],
    gets: (host) => ({ controlPlaneEndpoint: { host, port: 6443 } }),
    port: 6443,
  },
  {
    project: 'CAPMOX',
    annotations: { [controlPlaneVariable]: 'controlPlaneEndpoint' },
    variables: [
      variable('controlPlaneEndpoint', {
        type: 'object',
        properties: { host: text, port: { ...integer, default: 6443 } },
      }),
    ],
    patches: [
      infrastructurePatch(
        add('controlPlaneEndpoint', { value: {} }),
        add('controlPlaneEndpoint/host', fromVariable('controlPlaneEndpoint.host')),
        add('controlPlaneEndpoint/port', fromVariable('controlPlaneEndpoint.port')),
      ),
      controlPlanePatch(add('kubeVip', fromTemplate('address: "{{ .controlPlaneEndpoint.host }}"'))),
    ],
    given: [{ name: 'controlPlaneEndpoint', value: { host: '' } }],
    gets: (host) => ({ controlPlaneEndpoint: { host, port: 6443 } }),
    port: 6443,
  },
  {
    project: 'BYOH',
    annotations: { [controlPlaneVariable]: 'controlPlaneIpAddr' },
    variables: [variable('controlPlaneIpAddr', text), variable('kubeVipPodManifest', text)],
    patches: [
      infrastructurePatch(
        add('controlPlaneEndpoint', fromTemplate("host: '{{ .controlPlaneIpAddr }}'", 'port: 6443')),
      ),
      controlPlanePatch(
        add(
          'kubeVip',
          fromTemplate('{{ .kubeVipPodManifest | replace "VIP_ADDRESS" .controlPlaneIpAddr | toJson }}'),
        ),
      ),
    ],
    given: [
      { name: 'controlPlaneIpAddr', value: '' },
      { name: 'kubeVipPodManifest', value: 'address: VIP_ADDRESS' },
    ],
    gets: (host) => ({ controlPlaneIpAddr: host, kubeVipPodManifest: 'address: VIP_ADDRESS' }),
    port: 6443,
  },
  {
    project: 'RKE2',
    ...addressAndPort,
    spec: { clusterNetwork: { apiServerPort: 7443 } },
    given: [
      { name: 'controlPlaneIpAddr', value: '' },
      { name: 'controlPlanePort', value: 0 },
    ],
    gets: (host) => ({ controlPlaneIpAddr: host, controlPlanePort: 7443 }),
    port: 7443,
  },
  {
    project: 'k3s',
    ...ownVariable,
    patches: [
      infrastructurePatch(...ownEndpoint),
      controlPlanePatch(add('kubeVip', fromTemplate('address: "{{ .clusterVip }}"'))),
    ],
  },
  {
    project: 'Talos',
    ...ownVariable,
    patches: [
      infrastructurePatch(...ownEndpoint),
      controlPlanePatch(
        add(
          'configPatches',
          fromTemplate(
            '- op: add',
            '  path: /machine/network/interfaces/0/vip',
            '  value: { ip: "{{ .clusterVip }}" }',
          ),
        ),
      ),
    ],
  },
]

/** The shape of CAREN's variable: Cluster API refuses a Cluster without a host in it. */
export const hostRequiredShape: ClassShape = {
  annotations: { [controlPlaneVariable]: 'clusterConfig.nutanix.controlPlaneEndpoint' },
  variables: [
    variable('clusterConfig', {
      type: 'object',
      properties: {
        nutanix: {
          type: 'object',
          properties: {
            controlPlaneEndpoint: {
              type: 'object',
              required: ['host', 'port'],
              properties: { host: { ...text, minLength: 1 }, port: { ...integer, minimum: 1 } },
            },
          },
        },
      },
    }),
  ],
  patches: [
    infrastructurePatch(
      add('controlPlaneEndpoint', fromVariable('clusterConfig.nutanix.controlPlaneEndpoint')),
    ),
  ],
}

/** The shape of CAPHV's class: no variable, since the provider's load balancer has an address of its own. */
export const ownAddressShape: ClassShape = {
  annotations: { [controlPlaneEnabled]: 'false' },
  variables: [],
  patches: [],
}

/** Creates a class of a shape, without a pool. */
export async function createClassOfShape(
  testbed: Testbed,
  className: string,
  { annotations = {}, variables, patches }: ClassShape,
): Promise<void> {
  await testbed.createClass(className)
  await patchObject(testbed, testbed.path('clusterclasses', className), { metadata: { annotations } })
  await changeClass(testbed, className, {
    variables: variables.length === 0 ? null : variables,
    patches: patches.length === 0 ? null : patches,
  })
}

/** What Cluster API renders for a Cluster. */
export type RenderedObject = 'infrastructureRef' | 'controlPlaneRef'

/** Path of an object that Cluster API renders. */
export function renderedPath(testbed: Testbed, ref: RenderedObject, name: string): string {
  const [group, plural] =
    ref === 'infrastructureRef' ? ['infrastructure', 'democlusters'] : ['controlplane', 'democontrolplanes']
  return `/apis/${group}.demo.${prefix}/v1alpha1/namespaces/${testbed.namespace}/${plural}/${name}`
}

/** Waits until Cluster API has rendered an object of a Cluster, and its spec has a field. Resolves with the object. */
export async function untilRendered(
  testbed: Testbed,
  cluster: string,
  ref: RenderedObject,
  has: (spec: JsonObject) => boolean,
): Promise<StoredObject> {
  return eventually(`the ${ref} of ${cluster}`, async () => {
    const { spec } = await getObject(testbed, 'clusters', cluster)
    const { name = '' } = (spec[ref] ?? {}) as { readonly name?: string }
    if (name === '') return undefined
    const path = renderedPath(testbed, ref, name)
    const object = await testbed.api.send<StoredObject>({ method: 'GET', path })
    return has(object.spec) ? object : undefined
  })
}
