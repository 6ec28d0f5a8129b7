import { classesNamedBy, type Cluster } from '../domain/model/cluster.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { ResourceEventHandler } from '../kubernetes/informer/informer-types.ts'

/** Has the ClusterClasses watched that Clusters name, since they may be in namespaces that are not served. */
export function watchingNamedClasses(
  handler: ResourceEventHandler<Cluster>,
  watch: (classes: readonly NamespacedName[]) => void,
): ResourceEventHandler<Cluster> {
  let named = new Map<string, NamespacedName>()
  return {
    onUpsert(cluster, previous) {
      const name = cluster.topology?.clusterClass
      if (name !== undefined && !named.has(formatKey(name))) {
        named.set(formatKey(name), name)
        watch([...named.values()])
      }
      handler.onUpsert(cluster, previous)
    },
    onDelete: (cluster) => handler.onDelete(cluster),
    onListed(clusters) {
      const present = classesNamedBy(clusters)
      named = new Map(present.map((name) => [formatKey(name), name]))
      watch(present)
      handler.onListed?.(clusters)
    },
  }
}
