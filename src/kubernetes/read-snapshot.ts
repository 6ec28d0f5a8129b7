import { ipAddressFrom } from '../domain/model/ip-address.ts'
import { ipAddressClaimFrom } from '../domain/model/claim.ts'
import { clusterClassFrom } from '../domain/model/cluster-class.ts'
import { clusterFrom } from '../domain/model/cluster.ts'
import { formatKey, type ObjectMeta } from '../domain/model/object-meta.ts'
import { ipPoolFrom, ipPoolKinds } from '../domain/model/pool.ts'
import type { Snapshot } from '../domain/allocation/snapshot.ts'
import { discoverApiVersions } from './api-versions.ts'
import type { KubernetesConnection } from './transport/connection.ts'
import { isKubernetesError } from './errors.ts'
import { listIn } from './objects.ts'
import { poolResources, resources, type Resource } from './resources.ts'

/**
 * Reads once what the watcher keeps hearing of: all Clusters, ClusterClasses, claims, IPAddresses and pools. A kind of
 * pool that is not served is one that has no pools.
 *
 * @param namespaces empty: everywhere
 * @throws KubernetesError
 */
export async function readSnapshot(
  connection: KubernetesConnection,
  namespaces: readonly string[],
): Promise<Snapshot> {
  const access = { connection, versions: discoverApiVersions(connection) }
  const read = async <T extends ObjectMeta>(
    resource: Resource,
    decode: (object: unknown) => T,
  ): Promise<ReadonlyMap<string, T>> => {
    const objects = await listIn(access, resource, resource.namespaced ? namespaces : [], decode)
    return new Map(objects.map((object) => [formatKey(object), object]))
  }
  const [clusters, clusterClasses, claims, ipAddresses, ...pools] = await Promise.all([
    read(resources.clusters, clusterFrom),
    read(resources.clusterclasses, clusterClassFrom),
    read(resources.ipaddressclaims, ipAddressClaimFrom),
    read(resources.ipaddresses, ipAddressFrom),
    ...ipPoolKinds.map((kind) =>
      read(poolResources[kind], (object) => ipPoolFrom(kind, object)).catch((error: unknown) => {
        if (isKubernetesError(error, 'notServed')) return new Map()
        throw error
      }),
    ),
  ])
  return { clusters, clusterClasses, claims, ipAddresses, pools, isComplete: true }
}
