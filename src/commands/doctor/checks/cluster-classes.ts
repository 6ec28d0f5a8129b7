import { explicitPoolOf, poolRequestFor } from '../../../domain/allocation/eligibility.ts'
import { pendingAction } from '../../../domain/allocation/pending-action.ts'
import { howToAdd } from '../../../domain/allocation/pool-selection.ts'
import { SnapshotQueries, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { defaultApiServerPort } from '../../../domain/names.ts'
import { counted, few } from '../../../domain/quote.ts'
import { defaultRole, vipRole, type VariableNames } from '../../../domain/role.ts'
import { fault, orOk, type CheckOutcome } from './check-result.ts'

/** Checks that every ClusterClass whose Clusters wait for an endpoint has a matching pool. */
export function checkClusterClasses(snapshot: Snapshot, variables: VariableNames): readonly CheckOutcome[] {
  const queries = new SnapshotQueries(() => snapshot)
  const settings = { variables, defaultPort: defaultApiServerPort }
  const vip = vipRole(defaultRole, variables)
  const waitsWithoutPool = (cluster: Cluster): boolean => {
    const action = pendingAction(queries.observed(cluster, vip, settings), vip)
    return action.action === 'wait' && action.reason === 'NoMatchingPool'
  }
  // `checkClusters` handles Clusters that name their pool themselves.
  const waiting = [...snapshot.clusters.values()].filter(
    (cluster) => explicitPoolOf(cluster, defaultRole) === undefined && waitsWithoutPool(cluster),
  )
  const classes = Map.groupBy(waiting, ({ topology }) => (topology ? formatKey(topology.clusterClass) : ''))
  return orOk(
    [...classes].flatMap(([name, clusters]) =>
      clusters.slice(0, 1).map((first) => report(name, first, clusters)),
    ),
    'every Cluster without endpoint has a pool that is meant for its ClusterClass',
  )
}

function report(name: string, first: Cluster, clusters: readonly Cluster[]): CheckOutcome {
  const waiting = few(clusters.map(formatKey))
  return fault(
    `no pool serves ClusterClass ${name}, and ${counted(clusters.length, 'Cluster')} of it waiting: ${waiting}`,
    howToAdd(poolRequestFor(first, defaultRole)),
  )
}
