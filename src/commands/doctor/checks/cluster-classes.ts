import { counted, few } from '../../../domain/quote.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { explicitPoolOf, isWritable, poolRequestFor } from '../../../domain/allocation/eligibility.ts'
import { isValidEndpoint } from '../../../domain/model/endpoint.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import type { IPPool } from '../../../domain/model/pool.ts'
import { howToAdd, matchingPools } from '../../../domain/allocation/pool-selection.ts'
import { defaultRole } from '../../../domain/role.ts'
import { fault, orOk, type Judgment } from './check-result.ts'

/** Judges whether every ClusterClass whose Clusters wait for an endpoint has a pool that is meant for it. */
export function judgeClusterClasses(
  clusters: readonly Cluster[],
  pools: readonly IPPool[],
): readonly Judgment[] {
  const waiting = clusters.filter((cluster) => waitsWithoutPool(cluster, pools))
  const classes = Map.groupBy(waiting, ({ topology }) => formatKey(topology?.clusterClass ?? noClass))
  return orOk(
    [...classes].flatMap(([name, [first, ...others]]) =>
      first === undefined ? [] : [judgeUnserved(name, first, others)],
    ),
    'every Cluster without endpoint has a pool that is meant for its ClusterClass',
  )
}

const noClass = { namespace: '', name: '' }

function judgeUnserved(name: string, first: Cluster, others: readonly Cluster[]): Judgment {
  const waiting = few([first, ...others].map(formatKey))
  return fault(
    `no pool serves ClusterClass ${name}, and ${counted(others.length + 1, 'Cluster')} of it waiting: ${waiting}`,
    howToAdd(poolRequestFor(first, defaultRole)),
  )
}

/** A Cluster that names its pool itself is another check's. */
function waitsWithoutPool(cluster: Cluster, pools: readonly IPPool[]): boolean {
  return (
    cluster.topology !== undefined &&
    explicitPoolOf(cluster, defaultRole) === undefined &&
    isWritable(cluster) &&
    !isValidEndpoint(cluster.controlPlaneEndpoint) &&
    matchingPools(poolRequestFor(cluster, defaultRole), poolsFor(cluster, pools)).length === 0
  )
}

/** The pools a Cluster could use: global ones, and those of its namespace. */
export function poolsFor(cluster: Cluster, pools: readonly IPPool[]): readonly IPPool[] {
  return pools.filter(({ namespace }) => namespace === '' || namespace === cluster.namespace)
}
