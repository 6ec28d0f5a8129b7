import type { IPPoolReference } from '../domain/model/pool.ts'
import { arrayOf, objectOf, stringOf } from '../domain/model/decode.ts'
import type { KindScope } from './cluster-api.ts'
import { isKubernetesError } from './errors.ts'
import { apiVersionOf, pathOf, rootOf, type Resource } from './resources.ts'
import type { KubernetesConnection } from './transport/connection.ts'

type Requests = Pick<KubernetesConnection, 'request'>

/** What is known of the pool of another IPAM provider. `unknown`: it may not be read. */
export type ForeignPoolState = 'kind-not-served' | 'absent' | 'present' | 'unknown'

/** Looks up a pool of another IPAM provider. Every account may ask which kinds are served; few may read their objects. */
export async function readForeignPool(
  connection: Requests,
  { apiGroup, kind, name }: IPPoolReference,
  namespace: string,
): Promise<ForeignPoolState> {
  const served = await findKind(connection, { apiGroup, kind })
  if (served === undefined || served === 'unknown') return served ?? 'kind-not-served'
  const { resource, apiVersion } = served
  try {
    const path = pathOf(resource, apiVersion, { namespace, name })
    await connection.request({ verb: 'get', resource: resource.plural, action: `get ${kind} ${name}`, path })
    return 'present'
  } catch (error) {
    if (isKubernetesError(error, 'notFound', 'notServed')) return 'absent'
    if (isKubernetesError(error)) return 'unknown'
    throw error
  }
}

/** Whether the objects of a kind are in namespaces, as the API server says; undefined if it does not say so. */
export async function scopeOfKind(
  connection: Requests,
  kind: Pick<IPPoolReference, 'apiGroup' | 'kind'>,
): Promise<KindScope | undefined> {
  const served = await findKind(connection, kind)
  if (served === 'unknown') return undefined
  if (served === undefined) return 'not-served'
  return served.resource.namespaced ? 'namespaced' : 'cluster'
}

interface ServedKind {
  readonly resource: Pick<Resource, 'group' | 'plural' | 'namespaced'>
  readonly apiVersion: string
}

async function findKind(
  connection: Requests,
  ref: Pick<IPPoolReference, 'apiGroup' | 'kind'>,
): Promise<ServedKind | 'unknown' | undefined> {
  try {
    const found = await discoverKind(connection, ref)
    if (found === undefined) return undefined
    const { plural, namespaced, versions } = found
    const resource = { group: ref.apiGroup, plural, namespaced }
    return { resource, apiVersion: apiVersionOf(resource, versions[0] ?? '') }
  } catch (error) {
    if (isKubernetesError(error)) return 'unknown'
    throw error
  }
}

/** The API of a kind, in the versions that serve it. */
export type DiscoveredKind = Pick<Resource, 'plural' | 'namespaced' | 'versions'>

/** Asks the API server for a kind; undefined if it does not serve it. @param only the version to look at; absent: all */
export async function discoverKind(
  connection: Requests,
  { apiGroup, kind }: Pick<IPPoolReference, 'apiGroup' | 'kind'>,
  only?: string,
): Promise<DiscoveredKind | undefined> {
  const group = await unlessAbsent(discover(connection, `/apis/${apiGroup}`, apiGroup))
  const preferred = stringOf(objectOf(group?.['preferredVersion'])['version'])
  const versions = [
    preferred,
    ...arrayOf(group?.['versions']).map((each) => stringOf(objectOf(each)['version'])),
  ]
  for (const version of new Set(only === undefined ? versions.filter((each) => each !== '') : [only])) {
    const apiVersion = apiVersionOf({ group: apiGroup }, version)
    const list = await unlessAbsent(discover(connection, rootOf(apiVersion), apiVersion))
    const found = arrayOf(list?.['resources'])
      .map(objectOf)
      .find((each) => each['kind'] === kind && !stringOf(each['name']).includes('/'))
    if (found !== undefined) {
      return {
        plural: stringOf(found['name']),
        namespaced: found['namespaced'] === true,
        versions: [version],
      }
    }
  }
  return undefined
}

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (isKubernetesError(error, 'notServed', 'notFound')) return undefined
    throw error
  })
}

function discover(
  connection: Requests,
  path: string,
  what: string,
): Promise<Readonly<Record<string, unknown>>> {
  return connection.request({
    verb: 'get',
    resource: 'apiresources',
    action: `get the kinds of ${what}`,
    path,
  })
}
