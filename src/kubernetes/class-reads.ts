import type { ClusterClass } from '../domain/model/cluster-class.ts'
import { classesNamedBy, type Cluster } from '../domain/model/cluster.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import { isKubernetesError, isUnreadable, type KubernetesError } from './errors.ts'
import { getEach, listIn, mergeReadable, type ObjectAccess } from './objects.ts'
import { resources } from './resources.ts'

/**
 * Reads the ClusterClasses of the given namespaces (none: of all), and those that the Clusters name elsewhere. A namespace
 * that may not be listed has only those that Clusters name, and none if these may not be read either.
 *
 * @param onRefused called for each class that a Cluster names and that may not be read
 */
export async function readClassesFor(
  access: ObjectAccess,
  namespaces: readonly string[],
  clusters: Iterable<Cluster>,
  onRefused?: (ref: NamespacedName, error: KubernetesError) => void,
): Promise<readonly ClusterClass[]> {
  const named = classesNamedBy(clusters)
  const scopes =
    namespaces.length === 0 ? [''] : [...new Set([...namespaces, ...named.map(({ namespace }) => namespace)])]
  const lists = await Promise.allSettled(scopes.map((scope) => readScope(access, scope, named, onRefused)))
  try {
    return mergeReadable(lists)
  } catch (error) {
    if (isUnreadable(error)) return []
    throw error
  }
}

async function readScope(
  access: ObjectAccess,
  scope: string,
  named: readonly NamespacedName[],
  onRefused: ((ref: NamespacedName, error: KubernetesError) => void) | undefined,
): Promise<ClusterClass[]> {
  try {
    return await listIn(access, resources.clusterclasses, [scope])
  } catch (error) {
    if (!isKubernetesError(error, 'forbidden')) throw error
    const within = named.filter(({ namespace }) => scope === '' || namespace === scope)
    return getEach(access, resources.clusterclasses, within, error, onRefused)
  }
}
