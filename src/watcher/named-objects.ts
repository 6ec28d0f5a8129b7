import type { Cluster } from '../domain/model/cluster.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { ResourceEventHandler } from '../kubernetes/informer/informer-types.ts'

/**
 * Has the objects watched that Clusters name. They may be in namespaces that are not served, or be readable only one by one.
 *
 * @param namedBy the objects that Clusters name
 */
export function watchingNamed(
  handler: ResourceEventHandler<Cluster>,
  namedBy: (clusters: readonly Cluster[]) => readonly NamespacedName[],
  watch: (named: readonly NamespacedName[]) => void,
): ResourceEventHandler<Cluster> {
  let named = new Map<string, NamespacedName>()
  return {
    onUpsert(cluster, previous) {
      const added = namedBy([cluster]).filter((name) => !named.has(formatKey(name)))
      for (const name of added) named.set(formatKey(name), name)
      if (added.length > 0) watch([...named.values()])
      handler.onUpsert(cluster, previous)
    },
    onDelete: (cluster) => handler.onDelete(cluster),
    onListed(clusters) {
      const present = namedBy(clusters)
      named = new Map(present.map((name) => [formatKey(name), name]))
      watch(present)
      handler.onListed?.(clusters)
    },
  }
}
