import { explicitPoolOf, isWritable, poolRequestFor } from '../../../domain/allocation/eligibility.ts'
import { howToAdd, matchingPools } from '../../../domain/allocation/pool-selection.ts'
import { poolsUsableBy } from '../../../domain/allocation/snapshot.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { isValidEndpoint } from '../../../domain/model/endpoint.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import type { IPPool } from '../../../domain/model/pool.ts'
import { counted, few } from '../../../domain/quote.ts'
import { defaultRole } from '../../../domain/role.ts'
import { fault, orOk, type CheckOutcome } from './check-result.ts'

/** Checks that every ClusterClass whose Clusters wait for an endpoint has a matching pool. */
export function checkClusterClasses(
  clusters: readonly Cluster[],
  pools: readonly IPPool[],
): readonly CheckOutcome[] {
  const waiting = clusters.filter((cluster) => waitsWithoutPool(cluster, pools))
  const classes = Map.groupBy(waiting, ({ topology }) => formatKey(topology?.clusterClass ?? noClass))
  return orOk(
    [...classes].flatMap(([name, [first, ...others]]) =>
      first === undefined ? [] : [reportUnserved(name, first, others)],
    ),
    'every Cluster without endpoint has a pool that is meant for its ClusterClass',
  )
}

const noClass = { namespace: '', name: '' }

function reportUnserved(name: string, first: Cluster, others: readonly Cluster[]): CheckOutcome {
  const waiting = few([first, ...others].map(formatKey))
  return fault(
    `no pool serves ClusterClass ${name}, and ${counted(others.length + 1, 'Cluster')} of it waiting: ${waiting}`,
    howToAdd(poolRequestFor(first, defaultRole)),
  )
}

/** `checkClusters` handles Clusters that name their pool themselves. */
function waitsWithoutPool(cluster: Cluster, pools: readonly IPPool[]): boolean {
  return (
    cluster.topology !== undefined &&
    explicitPoolOf(cluster, defaultRole) === undefined &&
    isWritable(cluster) &&
    !isValidEndpoint(cluster.controlPlaneEndpoint) &&
    matchingPools(poolRequestFor(cluster, defaultRole), poolsUsableBy(cluster.namespace, pools)).length === 0
  )
}
