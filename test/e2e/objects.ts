import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { StackConnection } from '../../dev/stack/connection.ts'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import { fieldManager } from '../../src/domain/names.ts'
import { eventually } from '../support/eventually.ts'
import type { Plural } from '../../dev/stack/resource-path.ts'
import type { Testbed } from './testbed.ts'

/** Objects as the API server stores them, for tests about single fields, their owners and their API version. */

/** An object as the API server answers it. */
export interface StoredObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly generation?: number
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
    readonly finalizers?: readonly string[]
    readonly deletionTimestamp?: string
    readonly managedFields: readonly ManagedFields[]
  }
  readonly spec: JsonObject
  readonly status?: JsonObject
}

/** What one writer has written last, and when. */
interface ManagedFields {
  readonly manager: string
  readonly operation: string
  readonly time: string
  readonly fieldsV1: JsonObject
}

export type ClusterVersion = 'v1beta1' | 'v1beta2'

/** A finalizer by which a test holds an object that is being deleted. */
export const testFinalizer = 'test.vip.capi.gorizond.io/hold'

export interface ClusterSettings {
  readonly version?: ClusterVersion
  readonly className?: string
  /** Fields of the spec besides the topology. */
  readonly spec?: JsonObject
  /** Entries of `spec.topology.variables`. */
  readonly variables?: readonly JsonObject[]
  readonly metadata?: JsonObject
}

/** A Cluster to create or apply, in the API version asked for. */
export function clusterManifest(testbed: Testbed, name: string, settings: ClusterSettings = {}): JsonObject {
  const { version = 'v1beta2', className = 'rke2-cluster-class', spec, variables, metadata } = settings
  return {
    apiVersion: `cluster.x-k8s.io/${version}`,
    kind: 'Cluster',
    metadata: { ...metadata, name, namespace: testbed.namespace },
    spec: {
      ...spec,
      topology: {
        ...(version === 'v1beta1' ? { class: className } : { classRef: { name: className } }),
        version: 'v1.35.4',
        controlPlane: { replicas: 1 },
        ...(variables && { variables }),
      },
    },
  }
}

/** Creates a Cluster as a person does, and answers what was stored. */
export async function postCluster(
  testbed: Testbed,
  name: string,
  settings: ClusterSettings = {},
): Promise<StoredObject> {
  return testbed.api.send({
    method: 'POST',
    path: pathOf(testbed, 'clusters', { version: settings.version }),
    body: clusterManifest(testbed, name, settings),
  })
}

/** Path of an object in the testbed's namespace, in another version than the present one where asked for. */
export function pathOf(
  testbed: Testbed,
  plural: Plural,
  options: { readonly name?: string; readonly version?: ClusterVersion | undefined } = {},
): string {
  const path = testbed.path(plural, options.name)
  return options.version === undefined ? path : path.replace('/v1beta2/', `/${options.version}/`)
}

/** Reads an object in the testbed's namespace. */
export async function getObject(testbed: Testbed, plural: Plural, name: string): Promise<StoredObject> {
  return testbed.api.send({ method: 'GET', path: testbed.path(plural, name) })
}

const contentTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/** Changes an object as the writer `manager`: by merge patch unless another kind of patch is named. */
export async function patchObject(
  testbed: Testbed,
  path: string,
  body: unknown,
  { kind = 'merge', manager = 'person' }: { kind?: keyof typeof contentTypes; manager?: string } = {},
): Promise<StoredObject> {
  const query = new URLSearchParams({ fieldManager: manager }).toString()
  return testbed.api.send({
    method: 'PATCH',
    path: `${path}?${query}`,
    body,
    contentType: contentTypes[kind],
  })
}

/** Lets an object go that a test holds. */
export async function removeTestFinalizer(testbed: Testbed, plural: Plural, name: string): Promise<void> {
  await eventually(`${name} to lose the test's finalizer`, async () => {
    const { metadata } = await getObject(testbed, plural, name)
    const finalizers = (metadata.finalizers ?? []).filter((each) => each !== testFinalizer)
    const { resourceVersion } = metadata
    await patchObject(testbed, testbed.path(plural, name), { metadata: { finalizers, resourceVersion } })
    return true
  })
}

/** Adds the test's finalizer to an object. */
export async function addTestFinalizer(testbed: Testbed, plural: Plural, name: string): Promise<void> {
  await eventually(`${name} to have the test's finalizer`, async () => {
    const { metadata } = await getObject(testbed, plural, name)
    const finalizers = [...(metadata.finalizers ?? []), testFinalizer]
    const { resourceVersion } = metadata
    await patchObject(testbed, testbed.path(plural, name), { metadata: { finalizers, resourceVersion } })
    return true
  })
}

/** What the allocator has written to an object, with the times of its writes. */
export function ourWrites(object: StoredObject): readonly ManagedFields[] {
  return object.metadata.managedFields.filter(({ manager }) => manager === fieldManager)
}

/** The values of a Cluster's variables by name. */
export function variablesOf({ spec }: StoredObject): Readonly<Record<string, unknown>> {
  const { variables = [] } = spec['topology'] as { variables?: readonly { name: string; value: unknown }[] }
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]))
}

/** The endpoint of a Cluster; what is not set is absent. */
export function endpointOf({ spec }: StoredObject): { readonly host?: string; readonly port?: number } {
  return spec['controlPlaneEndpoint'] ?? {}
}

/** Changes a ClusterClass and waits until Cluster API has taken the change in. */
export async function changeClass(testbed: Testbed, className: string, spec: JsonObject): Promise<void> {
  await patchObject(testbed, testbed.path('clusterclasses', className), { spec })
  await untilClassReconciled(testbed, className)
}

/** Resolves when Cluster API has taken in the ClusterClass as it is now. */
export async function untilClassReconciled(testbed: Testbed, className: string): Promise<void> {
  await eventually(`${className} to be taken in`, async () => {
    const { metadata, status } = await getObject(testbed, 'clusterclasses', className)
    return status?.['observedGeneration'] === metadata.generation ? true : undefined
  })
}

/** Entries of `spec.variables` of a ClusterClass: texts that a Cluster may leave out. */
export function optionalStringVariables(...names: readonly string[]): readonly JsonObject[] {
  return names.map((name) => ({
    name,
    required: false,
    schema: { openAPIV3Schema: { type: 'string' } },
  }))
}

/** Resolves when all addresses of an InClusterIPPool are free again. */
export async function untilAllFree(testbed: Testbed, pool: string): Promise<void> {
  await eventually(`all addresses of ${pool} to be free`, async () => {
    const { status } = await getObject(testbed, 'inclusterippools', pool)
    const { free, total } = (status?.['ipAddresses'] ?? {}) as { free?: number; total?: number }
    return free !== undefined && free === total ? true : undefined
  })
}

/**
 * Creates a claim under a name of the allocator's, as somebody else; unlabeled and without owner unless `metadata`
 * says more.
 */
export async function postClaim(
  testbed: Testbed,
  cluster: string,
  pool: string,
  metadata: JsonObject = {},
): Promise<StoredObject> {
  return testbed.api.send({
    method: 'POST',
    path: testbed.path('ipaddressclaims'),
    body: {
      apiVersion: 'ipam.cluster.x-k8s.io/v1beta2',
      kind: 'IPAddressClaim',
      metadata: { ...metadata, name: `vip-cp-${cluster}`, namespace: testbed.namespace },
      spec: {
        clusterName: cluster,
        poolRef: { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'InClusterIPPool', name: pool },
      },
    },
  })
}

/** Runs the real `kubectl apply` on one manifest. */
export async function kubectlApply(stack: StackConnection, manifest: JsonObject): Promise<void> {
  const file = join(stack.runDirectory, `${crypto.randomUUID()}.json`)
  await writeFile(file, JSON.stringify(manifest))
  await promisify(execFile)(stack.paths.kubectl, [
    '--kubeconfig',
    stack.kubeconfigPath,
    'apply',
    '--filename',
    file,
  ])
}
