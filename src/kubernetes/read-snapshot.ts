import { ipPoolKinds } from '../domain/model/pool-kind.ts'
import { formatKey, type ObjectMeta } from '../domain/model/object-meta.ts'
import type { Snapshot } from '../domain/allocation/snapshot.ts'
import { discoverApiVersions } from './api-versions.ts'
import type { KubernetesConnection } from './transport/connection.ts'
import { isKubernetesError } from './errors.ts'
import { listIn } from './objects.ts'
import { poolResources, resources, type DecodedResource } from './resources.ts'

/** Lists once what the watcher watches. A kind of pool that is not served has no pools. @param namespaces empty: all */
export async function readSnapshot(
  connection: KubernetesConnection,
  namespaces: readonly string[],
): Promise<Snapshot> {
  const access = { connection, versions: discoverApiVersions(connection) }
  const read = async <T extends ObjectMeta>(
    resource: DecodedResource<T>,
  ): Promise<ReadonlyMap<string, T>> => {
    const objects = await listIn(access, resource, namespaces)
    return new Map(objects.map((object) => [formatKey(object), object]))
  }
  const [clusters, clusterClasses, claims, ipAddresses, ...pools] = await Promise.all([
    read(resources.clusters),
    read(resources.clusterclasses),
    read(resources.ipaddressclaims),
    read(resources.ipaddresses),
    ...ipPoolKinds.map((kind) =>
      read(poolResources[kind]).catch((error: unknown) => {
        if (isKubernetesError(error, 'notServed')) return new Map()
        throw error
      }),
    ),
  ])
  return { clusters, clusterClasses, claims, ipAddresses, pools, isComplete: true }
}
