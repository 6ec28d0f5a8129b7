import { objectOf, type JsonObject } from '../../domain/model/decode.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import { discoverApiVersions } from '../../kubernetes/api-versions.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import { createObjectClient } from '../../kubernetes/objects.ts'
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
  const versions = version === undefined ? clusters.versions : [version]
  const access = { connection, versions: discoverApiVersions(connection) }
  return createObjectClient(access, { ...clusters, versions, decode: objectOf }).get(key)
}
