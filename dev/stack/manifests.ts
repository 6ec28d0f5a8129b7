import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { parseAllDocuments } from 'yaml'

import type { StackConnection } from './connection.ts'
import { messageOf } from './errors.ts'
import {
  ApiError,
  type CustomResourceDefinition,
  type KubernetesApi,
  type KubernetesObject,
  withKubernetesApi,
} from './kubernetes-api.ts'

const fieldManager = 'capi-vip-allocator-dev'
/** As long as a part may take to be ready: on a busy machine, the API server needs half a minute for all definitions. */
const servedWithinMs = 120_000
const servedIntervalMs = 50

/** YAML with any number of documents, as a file or as text, or an object. */
export type ManifestSource = ManifestText | KubernetesObject
export type ManifestText = { readonly path: string } | { readonly text: string }

/**
 * Applies manifests by server-side apply, as administrator and with strict field validation: first the
 * CustomResourceDefinitions, and once they are served, the rest in the order given. Returns the stored objects in that
 * order.
 *
 * @throws Error that names the first rejected object, with the server's message; earlier objects stay
 */
export async function applyManifests(
  connection: Pick<StackConnection, 'apiServerUrl' | 'caPath' | 'token'>,
  sources: readonly ManifestSource[],
): Promise<KubernetesObject[]> {
  return await withKubernetesApi(connection, (api) =>
    applyObjects(
      api,
      sources.flatMap((source) => ('kind' in source ? [source] : readManifests(source))),
    ),
  )
}

export function manifestText(source: ManifestText): string {
  return 'path' in source ? readFileSync(source.path, 'utf8') : source.text
}

/** The objects of a text, which are assumed to be `T`s. */
export function readManifests<T extends KubernetesObject = KubernetesObject>(source: ManifestText): T[] {
  const text = manifestText(source)
  const place = 'path' in source ? source.path : 'the manifest'
  const objects: T[] = []
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors
    if (error !== undefined) throw new Error(`${place} is not YAML`, { cause: error })
    const object: T | null = document.toJS()
    if (object !== null) objects.push(checked(object, place))
  }
  return objects
}

function checked<T extends KubernetesObject>(object: T, place: string): T {
  const partial: Partial<KubernetesObject> = object
  if (
    partial.apiVersion === undefined ||
    partial.kind === undefined ||
    partial.metadata?.name === undefined
  ) {
    throw new Error(`${place} holds a document without apiVersion, kind or metadata.name`)
  }
  return object
}

/**
 * Has the API server check an object as it would apply it, and resolves with what it would store. Nothing is stored.
 *
 * @throws Error that names the object, with the server's message
 */
export async function dryRun(api: KubernetesApi, object: KubernetesObject): Promise<KubernetesObject> {
  return await applyObject(api, pathsOf(api), object, '&dryRun=All')
}

/** Does the same as `applyManifests` with an existing client. */
export async function applyObjects(
  api: KubernetesApi,
  objects: readonly KubernetesObject[],
): Promise<KubernetesObject[]> {
  const paths = pathsOf(api)
  const crds = objects.filter(isCustomResourceDefinition)
  const applied = await Promise.all(crds.map((crd) => applyObject(api, paths, crd)))
  await Promise.all(crds.map((crd) => waitUntilServed(api, crd)))
  for (const object of objects.filter((object) => !isCustomResourceDefinition(object))) {
    applied.push(await applyObject(api, paths, object))
  }
  return applied
}

async function applyObject(
  api: KubernetesApi,
  paths: ResourcePaths,
  object: KubernetesObject,
  more = '',
): Promise<KubernetesObject> {
  try {
    const path = await paths.pathOf(object)
    return await api.send<KubernetesObject>({
      method: 'PATCH',
      path: `${path}?fieldManager=${fieldManager}&force=true&fieldValidation=Strict${more}`,
      body: object,
      contentType: 'application/apply-patch+yaml',
    })
  } catch (cause) {
    throw new Error(`${nameOf(object)} could not be applied: ${messageOf(cause)}`, { cause })
  }
}

/** The API server serves a CRD a moment after its condition Established. */
async function waitUntilServed(api: KubernetesApi, crd: CustomResourceDefinition): Promise<void> {
  const { spec } = crd
  const wanted = spec.versions
    .filter((version) => version.served)
    .map((version) => `${spec.group}/${version.name}`)
  const deadline = performance.now() + servedWithinMs
  for (;;) {
    const lists = await Promise.all(wanted.map((groupVersion) => listResources(api, groupVersion)))
    if (lists.every((resources) => resources.some((resource) => resource.name === spec.names.plural))) return
    if (performance.now() > deadline) {
      throw new Error(
        `${nameOf(crd)} was not served within ${servedWithinMs / 1000} s as ${wanted.join(', ')}`,
      )
    }
    await delay(servedIntervalMs)
  }
}

const discovered = new WeakMap<KubernetesApi, ResourcePaths>()

/** The paths that a client has discovered so far. */
function pathsOf(api: KubernetesApi): ResourcePaths {
  const known = discovered.get(api) ?? new ResourcePaths(api)
  discovered.set(api, known)
  return known
}

/** Finds the URL path of an object through discovery, and caches each group version until it lacks a kind. */
class ResourcePaths {
  readonly #api: KubernetesApi
  readonly #resources = new Map<string, ApiResource[]>()

  constructor(api: KubernetesApi) {
    this.#api = api
  }

  async pathOf(object: KubernetesObject): Promise<string> {
    const resource = await this.#resourceOf(object)
    const { name, namespace } = object.metadata
    if (!resource.namespaced) return `${rootOf(object.apiVersion)}/${resource.name}/${name}`
    return `${rootOf(object.apiVersion)}/namespaces/${namespace ?? 'default'}/${resource.name}/${name}`
  }

  async #resourceOf(object: KubernetesObject): Promise<ApiResource> {
    const cached = this.#resources.get(object.apiVersion)?.find((resource) => resource.kind === object.kind)
    if (cached !== undefined) return cached
    const resources = await listResources(this.#api, object.apiVersion)
    this.#resources.set(object.apiVersion, resources)
    const found = resources.find((resource) => resource.kind === object.kind)
    if (found === undefined)
      throw new Error(`the API server does not serve ${object.kind} in ${object.apiVersion}`)
    return found
  }
}

async function listResources(api: KubernetesApi, groupVersion: string): Promise<ApiResource[]> {
  try {
    const list = await api.send<{ resources: ApiResource[] }>({ method: 'GET', path: rootOf(groupVersion) })
    return list.resources.filter((resource) => !resource.name.includes('/'))
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return []
    throw error
  }
}

function rootOf(groupVersion: string): string {
  return groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`
}

function isCustomResourceDefinition(object: KubernetesObject): object is CustomResourceDefinition {
  return object.kind === 'CustomResourceDefinition'
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`
}

interface ApiResource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
}
