import { arrayOf, objectOf } from '../domain/model/decode.ts'
import type { KubernetesConnection } from './transport/connection.ts'
import { isKubernetesError, KubernetesError } from './errors.ts'
import { apiVersionOf, crdNameOf, rootOf, type Resource } from './resources.ts'

/** The versions that the API server serves, discovered once. */
export interface ApiVersions {
  /** The best served version of a kind, as of `apiVersionOf`. Rejects with `notServed` if there is none, for this call only. */
  of(resource: Resource): Promise<string>
  /** Runs a request with the served version, and repeats it once after a new discovery if that version is gone. */
  using<T>(resource: Resource, request: (apiVersion: string) => Promise<T>): Promise<T>
}

export function discoverApiVersions(connection: Pick<KubernetesConnection, 'request'>): ApiVersions {
  const found = new Map<Resource, Promise<string>>()

  function of(resource: Resource): Promise<string> {
    const cached = found.get(resource)
    if (cached !== undefined) return cached
    const version = findVersion(connection, resource)
    found.set(resource, version)
    version.catch(() => forget(resource, version))
    return version
  }

  /** Keeps the result of a newer discovery by another caller. */
  function forget(resource: Resource, version: Promise<string>): void {
    if (found.get(resource) === version) found.delete(resource)
  }

  return {
    of,
    async using(resource, request) {
      const version = of(resource)
      const apiVersion = await version
      try {
        return await request(apiVersion)
      } catch (error) {
        if (!isKubernetesError(error, 'notServed')) throw error
        forget(resource, version)
        return request(await of(resource))
      }
    },
  }
}

async function findVersion(
  connection: Pick<KubernetesConnection, 'request'>,
  resource: Resource,
): Promise<string> {
  for (const version of resource.versions) {
    const apiVersion = apiVersionOf(resource, version)
    const plurals = await pluralsOf(connection, apiVersion)
    if (plurals.includes(resource.plural)) return apiVersion
  }
  throw new KubernetesError(
    `${crdNameOf(resource)} is not served by this API server in ${resource.versions.join(' or ')}: ` +
      `install ${resource.provider}`,
    { kind: 'notServed', status: 404 },
  )
}

/** The kinds of one version: a group serves different kinds in different versions. */
async function pluralsOf(
  connection: Pick<KubernetesConnection, 'request'>,
  apiVersion: string,
): Promise<readonly unknown[]> {
  try {
    const path = rootOf(apiVersion)
    const action = `get the kinds of ${apiVersion}`
    const list = await connection.request({ verb: 'get', resource: 'apiresources', action, path })
    return arrayOf(list['resources']).map((resource) => objectOf(resource)['name'])
  } catch (error) {
    if (isKubernetesError(error, 'notServed', 'notFound')) return []
    throw error
  }
}
