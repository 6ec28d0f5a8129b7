import { arrayOf, objectOf } from '../domain/model/decode.ts'
import type { KubernetesConnection } from './transport/connection.ts'
import { isKubernetesError, KubernetesError } from './errors.ts'
import { crdNameOf, type Resource } from './resources.ts'

/** Which versions the API server serves, asked once. */
export interface ApiVersions {
  /**
   * The best served version of a kind, as `group/version`.
   * Rejects with `notServed` where its CustomResourceDefinition is missing; that is asked again next time.
   */
  of(resource: Resource): Promise<string>
  /**
   * Runs a request with the served version, and once more with the version found anew where the server
   * does not know it any more.
   */
  using<T>(resource: Resource, request: (apiVersion: string) => Promise<T>): Promise<T>
}

/** Makes ApiVersions that asks through `connection`. */
export function discoverApiVersions(connection: Pick<KubernetesConnection, 'request'>): ApiVersions {
  const found = new Map<Resource, Promise<string>>()

  function of(resource: Resource): Promise<string> {
    const known = found.get(resource)
    if (known !== undefined) return known
    const asked = findVersion(connection, resource)
    found.set(resource, asked)
    asked.catch(() => forget(resource, asked))
    return asked
  }

  /** What another caller has found anew in the meantime stays. */
  function forget(resource: Resource, asked: Promise<string>): void {
    if (found.get(resource) === asked) found.delete(resource)
  }

  return {
    of,
    async using(resource, request) {
      const asked = of(resource)
      const apiVersion = await asked
      try {
        return await request(apiVersion)
      } catch (error) {
        if (!isKubernetesError(error, 'notServed')) throw error
        forget(resource, asked)
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
    const apiVersion = `${resource.group}/${version}`
    const plurals = await pluralsOf(connection, apiVersion)
    if (plurals.includes(resource.plural)) return apiVersion
  }
  throw new KubernetesError(
    `${crdNameOf(resource)} is not served by this API server in ${resource.versions.join(' or ')}: ` +
      `install ${resource.provider}`,
    { kind: 'notServed', status: 404 },
  )
}

/** A group serves different kinds in different versions, so each version is asked for its kinds. */
async function pluralsOf(
  connection: Pick<KubernetesConnection, 'request'>,
  apiVersion: string,
): Promise<readonly unknown[]> {
  try {
    const path = `/apis/${apiVersion}`
    const action = `get the kinds of ${apiVersion}`
    const answer = await connection.request({ verb: 'get', resource: 'apiresources', action, path })
    return arrayOf(answer['resources']).map((resource) => objectOf(resource)['name'])
  } catch (error) {
    if (isKubernetesError(error, 'notServed', 'notFound')) return []
    throw error
  }
}
