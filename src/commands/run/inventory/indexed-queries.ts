import type { Cluster } from '../../../domain/model/cluster.ts'
import { explicitPoolOf, poolRequestFor } from '../../../domain/allocation/eligibility.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { formatPool, type IPPool } from '../../../domain/model/pool.ts'
import { declaredNamespaces, matchingPools } from '../../../domain/allocation/pool-selection.ts'
import { roles } from '../../../domain/role.ts'
import {
  createSnapshotQueries,
  poolsIn,
  type Snapshot,
  type SnapshotQueries,
} from '../../../domain/allocation/snapshot.ts'

/**
 * A view for one look at all Clusters, over objects that do not change meanwhile. Most pools are not for a given Cluster,
 * and to judge each pool for each Cluster takes seconds where there are thousands. So this view leaves out the global
 * pools that could serve no Cluster of its class: every phase and reason is the same, messages name fewer pools.
 */
export function createIndexedQueries(known: Snapshot): SnapshotQueries {
  const view = createSnapshotQueries(() => known)
  const byNamespace = Map.groupBy(poolsIn(known), ({ namespace }) => namespace)
  const globalPools = byNamespace.get('') ?? []
  const byName = new Map(globalPools.map((pool) => [formatPool(pool), pool]))
  const matching = new Map<string, ReadonlySet<IPPool>>()

  const matchingFor = (cluster: Cluster): ReadonlySet<IPPool> => {
    const key = matchingKey(cluster)
    const found = matching.get(key) ?? new Set(globalPools.filter((pool) => mayServe(pool, cluster)))
    matching.set(key, found)
    return found
  }

  /** An unbound claim is judged by its pool, also where the pool is no longer for this class. */
  const claimed = (cluster: Cluster): readonly IPPool[] =>
    roles.flatMap((role) => {
      const { claim } = view.bindingOf(cluster, { role, variable: '' })
      const pool = claim && byName.get(formatPool(claim.poolRef))
      return pool === undefined ? [] : [pool]
    })

  return {
    ...view,
    contextOf: (cluster) => {
      const ref = cluster.topology?.clusterClass
      return {
        clusterClass: ref && known.clusterClasses.get(formatKey(ref)),
        pools: [
          ...(byNamespace.get(cluster.namespace) ?? []),
          ...new Set([...matchingFor(cluster), ...claimed(cluster)]),
        ],
      }
    },
  }
}

/** All that decides whether a global pool matches, but for the namespace. */
function matchingKey(cluster: Cluster): string {
  const ref = cluster.topology?.clusterClass
  return JSON.stringify([
    ref && formatKey(ref),
    ...roles.map((role) => explicitPoolOf(cluster, role) ?? null),
  ])
}

/** Whether a global pool is for such Clusters, in this namespace or another. */
function mayServe(pool: IPPool, cluster: Cluster): boolean {
  return namespacesOf(pool).some((namespace) =>
    roles.some((role) => matchingPools({ ...poolRequestFor(cluster, role), namespace }, [pool]).length > 0),
  )
}

/** The namespaces whose Clusters can use the pool; any one where all can. */
export function namespacesOf(pool: IPPool): readonly string[] {
  return declaredNamespaces(pool) ?? [pool.namespace]
}
