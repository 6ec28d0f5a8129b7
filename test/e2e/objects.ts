import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { arrayOf, objectOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { fieldManager } from '../../src/domain/names.ts'
import { eventually } from '../support/eventually.ts'
import type { Plural } from '../../dev/stack/resource-path.ts'
import type { Testbed } from './testbed.ts'

/** Access to stored objects, for tests of single fields, their owners and API versions. */

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

/** Ownership of one field manager, and the time of its last write. */
interface ManagedFields {
  readonly manager: string
  readonly operation: string
  readonly time: string
  readonly fieldsV1: JsonObject
}

export type ClusterVersion = 'v1beta1' | 'v1beta2'

/** Prevents the deletion of an object. */
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

/** A Cluster manifest in the given API version. */
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

/** Creates a Cluster. Resolves with the stored object. */
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

/** Path of an object in the testbed's namespace, in another API version if one is given. */
export function pathOf(
  testbed: Testbed,
  plural: Plural,
  options: { readonly name?: string; readonly version?: ClusterVersion | undefined } = {},
): string {
  const path = testbed.path(plural, options.name)
  return options.version === undefined ? path : path.replace('/v1beta2/', `/${options.version}/`)
}

export async function getObject(testbed: Testbed, plural: Plural, name: string): Promise<StoredObject> {
  return testbed.api.send({ method: 'GET', path: testbed.path(plural, name) })
}

const contentTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/** Patches an object as field manager `manager`, by merge patch by default. */
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

/** Removes the test's finalizer from an object. */
export async function removeTestFinalizer(
  testbed: Testbed,
  plural: Plural,
  name: string,
  finalizer = testFinalizer,
): Promise<void> {
  await eventually(`${name} to lose the test's finalizer`, async () => {
    const { metadata } = await getObject(testbed, plural, name)
    const finalizers = (metadata.finalizers ?? []).filter((each) => each !== finalizer)
    const { resourceVersion } = metadata
    await patchObject(testbed, testbed.path(plural, name), { metadata: { finalizers, resourceVersion } })
    return true
  })
}

/** Adds the test's finalizer to an object. */
export async function addTestFinalizer(
  testbed: Testbed,
  plural: Plural,
  name: string,
  finalizer = testFinalizer,
): Promise<void> {
  await eventually(`${name} to have the test's finalizer`, async () => {
    const { metadata } = await getObject(testbed, plural, name)
    const finalizers = [...(metadata.finalizers ?? []), finalizer]
    const { resourceVersion } = metadata
    await patchObject(testbed, testbed.path(plural, name), { metadata: { finalizers, resourceVersion } })
    return true
  })
}

/** Managed fields of the allocator, with the times of its writes. */
export function ourWrites(object: StoredObject): readonly ManagedFields[] {
  return object.metadata.managedFields.filter(({ manager }) => manager === fieldManager)
}

/** Values of a Cluster's variables by name. */
export function variablesOf({ spec }: StoredObject): Readonly<Record<string, unknown>> {
  const { variables = [] } = spec['topology'] as { variables?: readonly { name: string; value: unknown }[] }
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]))
}

/** Endpoint of a Cluster; unset fields are absent. */
export function endpointOf({ spec }: StoredObject): { readonly host?: string; readonly port?: number } {
  return spec['controlPlaneEndpoint'] ?? {}
}

/** Patches a ClusterClass, and waits until Cluster API has reconciled it. */
export async function changeClass(testbed: Testbed, className: string, spec: JsonObject): Promise<void> {
  await patchObject(testbed, testbed.path('clusterclasses', className), { spec })
  await untilClassReconciled(testbed, className)
}

/** Waits until Cluster API has reconciled the current ClusterClass. */
export async function untilClassReconciled(testbed: Testbed, className: string): Promise<void> {
  await eventually(`${className} to be taken in`, async () => {
    const { metadata, status } = await getObject(testbed, 'clusterclasses', className)
    return status?.['observedGeneration'] === metadata.generation ? true : undefined
  })
}

/** Optional string variables for `spec.variables` of a ClusterClass. */
export function optionalStringVariables(...names: readonly string[]): readonly JsonObject[] {
  return names.map((name) => ({
    name,
    required: false,
    schema: { openAPIV3Schema: { type: 'string' } },
  }))
}

/** Waits until all addresses of an InClusterIPPool are free. */
export async function untilAllFree(testbed: Testbed, pool: string): Promise<void> {
  await eventually(`all addresses of ${pool} to be free`, async () => {
    const { status } = await getObject(testbed, 'inclusterippools', pool)
    const { free, total } = (status?.['ipAddresses'] ?? {}) as { free?: number; total?: number }
    return free !== undefined && free === total ? true : undefined
  })
}

/** Creates a claim with the allocator's name for a Cluster, but not as the allocator; without label and owner by default. */
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

/** Runs `kubectl apply` on one manifest. */
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

/** The events about the object of this name. */
export async function eventsAbout(testbed: Testbed, name: string): Promise<readonly JsonObject[]> {
  const path = `/apis/events.k8s.io/v1/namespaces/${testbed.namespace}/events`
  const { items } = await testbed.api.send<{ items: unknown }>({ method: 'GET', path })
  return arrayOf(items)
    .map(objectOf)
    .filter((event) => objectOf(event['regarding'])['name'] === name)
}
