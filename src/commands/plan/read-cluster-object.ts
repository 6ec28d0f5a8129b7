import type { JsonObject } from '../../domain/model/decode.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import { discoverApiVersions } from '../../kubernetes/api-versions.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import { getObject } from '../../kubernetes/objects.ts'
import { resources } from '../../kubernetes/resources.ts'

/**
 * Reads a Cluster with all its fields, for people to see; undefined where there is none.
 *
 * @param version for example `v1beta1`; undefined: the best one served
 * @throws KubernetesError
 */
export function readClusterObject(
  connection: KubernetesConnection,
  key: NamespacedName,
  version?: string,
): Promise<JsonObject | undefined> {
  const { clusters } = resources
  const resource = version === undefined ? clusters : { ...clusters, versions: [version] }
  return getObject({ connection, versions: discoverApiVersions(connection) }, resource, key)
}
