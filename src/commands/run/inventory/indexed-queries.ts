import type { EligibilitySettings } from '../../../domain/allocation/action.ts'
import { poolRequestFor, type ClusterContext } from '../../../domain/allocation/eligibility.ts'
import { matchingPools } from '../../../domain/allocation/pool-selection.ts'
import { poolsIn, SnapshotQueries, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { asksToReserve } from '../../../domain/allocation/reserved-endpoint.ts'
import { explicitPoolOf } from '../../../domain/allocation/vip-role.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { formatPool, type IPPool } from '../../../domain/model/pool.ts'
import { openingOf, type Opening } from './opening.ts'
import { roleOf, roles, vipParts } from '../../../domain/role.ts'

/**
 * Queries over a fixed snapshot that skip global pools which cannot serve the class of a Cluster: to evaluate every pool
 * for every Cluster takes seconds if there are thousands. Phases and reasons stay the same, but messages name fewer pools.
 */
export function createIndexedQueries(snapshot: Snapshot, settings: EligibilitySettings): SnapshotQueries {
  const queries = new SnapshotQueries(() => snapshot, settings)
  const byNamespace = Map.groupBy(poolsIn(snapshot), ({ namespace }) => namespace)
  const globalPools = byNamespace.get('') ?? []
  const byName = new Map(globalPools.map((pool) => [formatPool(pool), pool]))
  const openings = globalPools.flatMap((pool) => {
    const opening = openingOf(pool, snapshot)
    return opening === undefined ? [] : [{ pool, opening }]
  })
  const matching = new Map<string, ReadonlySet<IPPool>>()

  const matchingFor = (cluster: Cluster): ReadonlySet<IPPool> => {
    const key = matchingKey(cluster)
    const known = matching.get(key)
    if (known !== undefined) return known
    const serving = openings.filter(({ opening }) => mayServe(opening, cluster))
    const found = new Set(serving.map(({ pool }) => pool))
    matching.set(key, found)
    return found
  }

  /** The pools of the Cluster's claims, even if they are no longer for its class: an unbound claim depends on its pool. */
  const claimed = (cluster: Cluster): readonly IPPool[] =>
    vipParts.flatMap((part) => {
      const { claim } = queries.bindingOf(cluster, part)
      const pool = claim && byName.get(formatPool(claim.poolRef))
      return pool === undefined ? [] : [pool]
    })

  return Object.assign(queries, {
    contextOf: (cluster: Cluster): ClusterContext => {
      const ref = cluster.topology?.clusterClass
      return {
        clusterClass: ref && snapshot.clusterClasses.get(formatKey(ref)),
        requiresOptIn: settings.requiresOptIn,
        pools: queries.usableBy(cluster.namespace, [
          ...(byNamespace.get(cluster.namespace) ?? []),
          ...new Set([...matchingFor(cluster), ...claimed(cluster)]),
        ]),
      }
    },
  })
}

/** Everything on which a match with a global pool depends, except the namespace. */
function matchingKey(cluster: Cluster): string {
  const ref = cluster.topology?.clusterClass
  return JSON.stringify([
    ref && formatKey(ref),
    ...vipParts.map((part) => explicitPoolOf(cluster, part) ?? null),
    ...roles.map((role) => asksToReserve(cluster, role)),
  ])
}

/** Whether a global pool can serve such Clusters in at least one namespace. */
function mayServe({ namespace, pools }: Opening, cluster: Cluster): boolean {
  // Families are left to the decision: they may be the class's.
  return vipParts.some((part) => {
    // An endpoint is reserved whatever class and role the pool is for.
    if (asksToReserve(cluster, roleOf(part))) return true
    const request = {
      ...poolRequestFor(cluster, part, {}),
      namespace,
      address: undefined,
      family: undefined,
    }
    return matchingPools(request, pools).length > 0
  })
}
