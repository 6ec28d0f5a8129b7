import { inParallel } from '../domain/in-parallel.ts'
import { arrayOf, nonEmptyStringOf, objectOf, stringOf, type JsonObject } from '../domain/model/decode.ts'
import type { JsonPatch } from '../domain/model/json-patch.ts'
import {
  formatKey,
  objectMetaFrom,
  type NamespacedName,
  type ObjectMeta,
} from '../domain/model/object-meta.ts'
import { fieldManager } from '../domain/names.ts'
import type { ApiVersions } from './api-versions.ts'
import { isKubernetesError, isUnreadable, type KubernetesError } from './errors.ts'
import { pathOf, type DecodedResource, type Resource } from './resources.ts'
import type { ApiRequest, Verb } from './transport/api-request.ts'
import type { KubernetesConnection } from './transport/connection.ts'

/** Objects in one page of a list: etcd, the API server and we hold one page at a time. */
export const defaultPageSize = 1_000

/** Objects that are read one by one at the same time. */
const readsAtOnce = 8

export interface ObjectAccess {
  readonly connection: KubernetesConnection
  readonly versions: ApiVersions
}

/** Reads and writes the objects of one kind in the best served version. */
export interface ObjectClient<T> {
  /** Undefined if the object does not exist. */
  readonly get: (key: NamespacedName) => Promise<T | undefined>
  /** Creates an object in the served version, whatever its apiVersion. */
  readonly create: (object: JsonObject) => Promise<T>
  /** Applies a JSON merge patch (null removes, lists are replaced whole) or a JSON patch. Default: the served version. */
  readonly patch: (key: NamespacedName, patch: JsonObject | JsonPatch, apiVersion?: string) => Promise<T>
  /**
   * Makes an object as given by server-side apply, also fields that others have written: its name is ours. Sets the served
   * apiVersion.
   */
  readonly apply: (object: JsonObject) => Promise<void>
  /** Requests the deletion of an object as it was read, else it is a conflict. One that is gone already is a success. */
  readonly delete: (object: ObjectMeta) => Promise<void>
  readonly list: (query: ListQuery) => Promise<T[]>
}

export function createObjectClient<T>(
  { connection, versions }: ObjectAccess,
  resource: DecodedResource<T>,
): ObjectClient<T> {
  const { kind, plural, decode } = resource
  const send = (verb: Verb, key: NamespacedName, more: Partial<ApiRequest>, apiVersion: string) =>
    connection.request({
      verb,
      resource: plural,
      action: `${verb} ${kind} ${resource.namespaced ? formatKey(key) : key.name}`,
      path: pathOf(resource, apiVersion, key),
      ...more,
    })
  return {
    async get(key) {
      const found = await unlessNotFound(versions.using(resource, (version) => send('get', key, {}, version)))
      return found && decode(found)
    },
    async create(object) {
      const { namespace, name } = objectMetaFrom(object)
      const created = await versions.using(resource, (apiVersion) => {
        const path = pathOf(resource, apiVersion, { namespace })
        const body = { ...object, apiVersion, kind }
        return send('create', { namespace, name }, { path, body }, apiVersion)
      })
      return decode(created)
    },
    async patch(key, body, apiVersion) {
      const apply = (version: string): Promise<JsonObject> => send('patch', key, { body }, version)
      return decode(await (apiVersion === undefined ? versions.using(resource, apply) : apply(apiVersion)))
    },
    async apply(object) {
      const { namespace, name } = objectMetaFrom(object)
      const key = { namespace, name }
      const action = `apply ${kind} ${namespace === '' ? name : formatKey(key)}`
      await versions.using(resource, (apiVersion) => {
        const body = { ...object, apiVersion, kind }
        return send(
          'patch',
          key,
          { action, query: { force: 'true' }, applyAs: fieldManager, body },
          apiVersion,
        )
      })
    },
    async delete({ namespace, name, uid, resourceVersion }) {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } }
      await unlessNotFound(
        versions.using(resource, (version) => send('delete', { namespace, name }, { body }, version)),
      )
    },
    async list(query) {
      const listed = await versions.using(resource, (version) =>
        listObjects(connection, resource, version, query),
      )
      return listed.items
    },
  }
}

/** The answer; undefined if there is no such object. */
export async function unlessNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (isKubernetesError(error, 'notFound')) return undefined
    throw error
  })
}

export interface ListQuery {
  /** Empty: all namespaces. */
  readonly namespace: string
  readonly labelSelector?: string | undefined
  readonly pageSize?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Lists objects page by page, as of one resourceVersion, from which a watch can start. No page is kept once decoded. */
export async function listObjects<T>(
  connection: KubernetesConnection,
  resource: DecodedResource<T>,
  apiVersion: string,
  query: ListQuery,
): Promise<{ readonly items: T[]; readonly resourceVersion: string }> {
  const items: T[] = []
  let next: string | undefined
  for (;;) {
    const page = await connection.request(pageRequest(resource, apiVersion, query, next))
    for (const item of arrayOf(page['items'])) items.push(resource.decode(item))
    const metadata = objectOf(page['metadata'])
    next = nonEmptyStringOf(metadata['continue'])
    if (next === undefined) return { items, resourceVersion: stringOf(metadata['resourceVersion']) }
  }
}

/**
 * Lists the objects in the given namespaces, or in all if there are none or the kind is cluster-scoped. Leaves out the
 * namespaces in which the kind cannot be read, and rejects if that is all of them.
 *
 * @param onUnlisted called with each namespace that is left out
 */
export async function listIn<T>(
  access: ObjectAccess,
  found: DecodedResource<T> | Promise<DecodedResource<T>>,
  namespaces: readonly string[],
  onUnlisted?: (namespace: string) => void,
): Promise<T[]> {
  const resource = await found
  const scopes = namespaces.length === 0 || !resource.namespaced ? [''] : [...new Set(namespaces)]
  const { list } = createObjectClient(access, resource)
  const lists = await Promise.allSettled(scopes.map((namespace) => list({ namespace })))
  const objects = mergeReadable(lists)
  scopes.filter((_, index) => lists[index]?.status === 'rejected').forEach((scope) => onUnlisted?.(scope))
  return objects
}

/** As `listIn`, and empty if the kind cannot be read at all: then `onUnlisted` is called with the reason. */
export async function listReadable<T>(
  access: ObjectAccess,
  resource: DecodedResource<T> | Promise<DecodedResource<T>>,
  namespaces: readonly string[],
  onUnlisted?: (namespace: string, error?: KubernetesError) => void,
): Promise<T[]> {
  try {
    return await listIn(access, resource, namespaces, onUnlisted)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    onUnlisted?.('', error)
    return []
  }
}

/**
 * Reads objects one by one if their namespace could not be listed, for lack of a permission.
 *
 * @param refusal of the list; thrown if no object may be read either
 * @param onRefused called for each object that may not be read
 */
export async function getEach<T>(
  access: ObjectAccess,
  resource: DecodedResource<T>,
  keys: readonly NamespacedName[],
  refusal: KubernetesError,
  onRefused?: (key: NamespacedName, error: KubernetesError) => void,
): Promise<T[]> {
  const { get } = createObjectClient(access, resource)
  const answers = await inParallel(readsAtOnce, keys, (key) =>
    get(key).catch((error: unknown): 'forbidden' => {
      if (!isKubernetesError(error, 'forbidden')) throw error
      onRefused?.(key, error)
      return 'forbidden'
    }),
  )
  if (answers.every((answer) => answer === 'forbidden')) throw refusal
  return answers.flatMap((answer) => (answer === undefined || answer === 'forbidden' ? [] : [answer]))
}

/** Merges lists of which some may have failed since they cannot be read. @throws the failure if all have failed */
export function mergeReadable<T>(lists: readonly PromiseSettledResult<readonly T[]>[]): T[] {
  const failures = lists.flatMap((list) => (list.status === 'rejected' ? [list.reason as unknown] : []))
  const fatal = failures.find((failure) => !isUnreadable(failure))
  if (fatal !== undefined) throw fatal
  // A missing permission is the nearer reason: somebody has installed the kind.
  const unread = failures.find((failure) => isKubernetesError(failure, 'forbidden')) ?? failures[0]
  if (unread !== undefined && failures.length === lists.length) throw unread
  return lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []))
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
