import { needsAllocation } from '../domain/allocation/eligibility.ts'
import type { ClusterClass } from '../domain/model/cluster-class.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import type { ResourceEventHandler } from '../kubernetes/informer/informer-types.ts'
import type { HandlerContext } from './handler-context.ts'

export function onClusterClass(context: HandlerContext): ResourceEventHandler<ClusterClass> {
  const { vips, queries, requests, resync } = context
  return {
    onUpsert(clusterClass, previous) {
      // The first list is no change: its end comes back to all Clusters.
      if (!resync.isListed('clusterclasses')) return
      if (String(previous?.acceptedVariables) === String(clusterClass.acceptedVariables)) return
      for (const cluster of queries.clustersOf(clusterClass)) {
        const changed = { ...queries.contextOf(cluster), clusterClass }
        if (vips.some((vip) => needsAllocation(cluster, vip, changed))) {
          requests.retry(cluster, `ClusterClass ${formatKey(clusterClass)} changed`)
        }
      }
    },
    onDelete() {
      // Nothing can be written to its Clusters until it is back.
    },
    onListed: () => resync.listed('clusterclasses'),
  }
}
