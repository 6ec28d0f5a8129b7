import { discoverApiVersions } from '../../kubernetes/api-versions.ts'
import { isKubernetesError } from '../../kubernetes/errors.ts'
import { crdNameOf, poolResources, resources, type Resource } from '../../kubernetes/resources.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import type { ServedKind } from './checks/api-versions.ts'

/**
 * Reads the version in which the API server serves each kind that the allocator uses.
 *
 * @throws KubernetesError if it does not answer
 */
export async function readServedKinds(
  connection: Pick<KubernetesConnection, 'request'>,
): Promise<readonly ServedKind[]> {
  const versions = discoverApiVersions(connection)
  return Promise.all(
    Object.values(resources).map(async (resource: Resource) => ({
      name: crdNameOf(resource),
      preferred: resource.versions[0] ?? '',
      served: await servedVersion(() => versions.of(resource)),
      provider: resource.provider,
      isAlternative: Object.values(poolResources).some((pools) => pools === resource),
    })),
  )
}

async function servedVersion(find: () => Promise<string>): Promise<string | undefined> {
  try {
    return (await find()).split('/').at(-1)
  } catch (error) {
    if (isKubernetesError(error, 'notServed')) return undefined
    throw error
  }
}
