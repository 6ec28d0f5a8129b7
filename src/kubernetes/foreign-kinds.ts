import type { IPPoolReference } from '../domain/model/pool.ts'
import { arrayOf, objectOf, stringOf } from '../domain/model/decode.ts'
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

/** Whether the API server serves a kind; undefined if it does not say so. */
export async function servesKind(
  connection: Requests,
  kind: Pick<IPPoolReference, 'apiGroup' | 'kind'>,
): Promise<boolean | undefined> {
  const served = await findKind(connection, kind)
  return served === 'unknown' ? undefined : served !== undefined
}

interface ServedKind {
  readonly resource: Pick<Resource, 'group' | 'plural' | 'namespaced'>
  readonly apiVersion: string
}

async function findKind(
  connection: Requests,
  { apiGroup, kind }: Pick<IPPoolReference, 'apiGroup' | 'kind'>,
): Promise<ServedKind | 'unknown' | undefined> {
  try {
    const group = await discover(connection, `/apis/${apiGroup}`, apiGroup)
    for (const entry of arrayOf(group['versions'])) {
      const apiVersion = apiVersionOf({ group: apiGroup }, stringOf(objectOf(entry)['version']))
      const list = await discover(connection, rootOf(apiVersion), apiVersion)
      const found = arrayOf(list['resources'])
        .map(objectOf)
        .find((each) => each['kind'] === kind && !stringOf(each['name']).includes('/'))
      if (found !== undefined) {
        const { name, namespaced } = found
        const resource = { group: apiGroup, plural: stringOf(name), namespaced: namespaced === true }
        return { resource, apiVersion }
      }
    }
    return undefined
  } catch (error) {
    if (isKubernetesError(error, 'notServed', 'notFound')) return undefined
    if (isKubernetesError(error)) return 'unknown'
    throw error
  }
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
