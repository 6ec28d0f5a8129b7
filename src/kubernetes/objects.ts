import { arrayOf, nonEmptyStringOf, objectOf, stringOf, type JsonObject } from '../domain/model/decode.ts'
import type { JsonPatch } from '../domain/model/json-patch.ts'
import { formatKey, type NamespacedName, type ObjectMeta } from '../domain/model/object-meta.ts'
import type { ApiVersions } from './api-versions.ts'
import { isKubernetesError } from './errors.ts'
import { pathOf, type DecodedResource, type Resource } from './resources.ts'
import type { ApiRequest, Verb } from './transport/api-request.ts'
import type { KubernetesConnection } from './transport/connection.ts'

/** Objects in one page of a list: etcd, the API server and we hold one page at a time. */
export const defaultPageSize = 1_000

export interface ObjectAccess {
  readonly connection: KubernetesConnection
  readonly versions: ApiVersions
}

/** Reads one object; undefined if it does not exist. */
export function getObject(
  { connection, versions }: ObjectAccess,
  resource: Resource,
  key: NamespacedName,
): Promise<JsonObject | undefined> {
  return unlessNotFound(
    versions.using(resource, (apiVersion) =>
      connection.request(objectRequest('get', resource, apiVersion, key)),
    ),
  )
}

/** Creates an object in the served version, whatever its apiVersion. */
export function createObject(
  { connection, versions }: ObjectAccess,
  resource: Resource,
  object: JsonObject,
): Promise<JsonObject> {
  const metadata = objectOf(object['metadata'])
  const key = { namespace: stringOf(metadata['namespace']), name: stringOf(metadata['name']) }
  return versions.using(resource, (apiVersion) =>
    connection.request({
      ...objectRequest('create', resource, apiVersion, key),
      path: pathOf(resource, apiVersion, { namespace: key.namespace }),
      body: { ...object, apiVersion, kind: resource.kind },
    }),
  )
}

/** Patches an object by a JSON merge patch (null removes, lists are replaced whole) or a JSON patch. */
export function patchObject(
  connection: KubernetesConnection,
  resource: Resource,
  at: { readonly apiVersion: string; readonly key: NamespacedName },
  patch: JsonObject | JsonPatch,
): Promise<JsonObject> {
  return connection.request({ ...objectRequest('patch', resource, at.apiVersion, at.key), body: patch })
}

/**
 * Requests the deletion of an object as it was read: another uid or resourceVersion is a conflict. Succeeds if the object is
 * gone. Finalizers may keep it for a while.
 */
export async function deleteObject(
  { connection, versions }: ObjectAccess,
  resource: Resource,
  { namespace, name, uid, resourceVersion }: ObjectMeta,
): Promise<void> {
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } }
  await unlessNotFound(
    versions.using(resource, (apiVersion) =>
      connection.request({ ...objectRequest('delete', resource, apiVersion, { namespace, name }), body }),
    ),
  )
}

function objectRequest(verb: Verb, resource: Resource, apiVersion: string, key: NamespacedName): ApiRequest {
  return {
    verb,
    resource: resource.plural,
    action: `${verb} ${resource.kind} ${formatKey(key)}`,
    path: pathOf(resource, apiVersion, key),
  }
}

/** Resolves with undefined if the object does not exist. */
async function unlessNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (isKubernetesError(error, 'notFound')) return undefined
    throw error
  })
}

/** Which objects to list, and how. */
export interface ListQuery {
  /** Empty: all namespaces. */
  readonly namespace: string
  readonly labelSelector?: string | undefined
  readonly pageSize?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Lists objects page by page, as of one resourceVersion.
 *
 * @param decode is called for each object as its page arrives, so that no page is kept
 * @returns `resourceVersion`: a watch can start from it
 */
export async function listObjects<T>(
  connection: KubernetesConnection,
  resource: Resource,
  apiVersion: string,
  query: ListQuery,
  decode: (object: unknown) => T,
): Promise<{ readonly items: T[]; readonly resourceVersion: string }> {
  const items: T[] = []
  let next: string | undefined
  for (;;) {
    const page = await connection.request(pageRequest(resource, apiVersion, query, next))
    for (const item of arrayOf(page['items'])) items.push(decode(item))
    const metadata = objectOf(page['metadata'])
    next = nonEmptyStringOf(metadata['continue'])
    if (next === undefined) return { items, resourceVersion: stringOf(metadata['resourceVersion']) }
  }
}

/** Lists the objects in the given namespaces, or in all if there are none or the kind is cluster-scoped. */
export async function listIn<T>(
  access: ObjectAccess,
  resource: DecodedResource<T>,
  namespaces: readonly string[],
): Promise<T[]> {
  const scopes = namespaces.length === 0 || !resource.namespaced ? [''] : [...new Set(namespaces)]
  const lists = await Promise.all(
    scopes.map((namespace) =>
      access.versions.using(resource, (apiVersion) =>
        listObjects(access.connection, resource, apiVersion, { namespace }, resource.decode),
      ),
    ),
  )
  return lists.flatMap(({ items }) => items)
}

function pageRequest(
  resource: Resource,
  apiVersion: string,
  { namespace, labelSelector, pageSize = defaultPageSize, signal }: ListQuery,
  next: string | undefined,
): ApiRequest {
  return {
    verb: 'list',
    resource: resource.plural,
    action: namespace === '' ? `list ${resource.plural}` : `list ${resource.plural} in ${namespace}`,
    path: pathOf(resource, apiVersion, { namespace }),
    query: {
      limit: String(pageSize),
      ...(labelSelector !== undefined && { labelSelector }),
      ...(next !== undefined && { continue: next }),
    },
    ...(signal !== undefined && { signal }),
  }
}
