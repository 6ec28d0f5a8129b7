import type { IPPoolKind } from '../../../domain/model/pool-kind.ts'
import { selectIPPool } from '../../../domain/allocation/pool-selection.ts'
import { poolsIn, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { poolPlaceOf, roleOfOwnClaim } from '../../../domain/model/claim.ts'
import type { ClusterClassRef } from '../../../domain/model/cluster.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { availableAddresses, placeOf, type IPPool } from '../../../domain/model/pool.ts'
import { clusterClassKey } from '../../../domain/names.ts'
import { roles, type Role } from '../../../domain/role.ts'
import { namespacesOf } from './indexed-queries.ts'

/** The number of pools that could give a VIP to Clusters of a ClusterClass now. */
export interface PoolsAvailable {
  /** Without its namespace: classes of the same name count as one. */
  readonly clusterClass: string
  readonly role: Role
  readonly pools: number
}

/** The number of addresses of a pool. */
export interface PoolCount {
  readonly kind: IPPoolKind
  /** `""` for a global pool. */
  readonly namespace: string
  readonly name: string
  readonly total: number
  readonly free: number
  /** Within the pool's current ranges: addresses from earlier ranges are not part of the total. */
  readonly used: number
}

/** Counts the pools that match and have a free address, for every class that exists or that a Cluster names. */
export function countAvailablePools(snapshot: Snapshot): readonly PoolsAvailable[] {
  const pools = poolsIn(snapshot)
  return [...classesByName(snapshot)].flatMap(([clusterClass, refs]) =>
    roles.map((role) => ({
      clusterClass,
      role,
      pools: pools.filter((pool) => refs.some((ref) => canServe(pool, ref, role))).length,
    })),
  )
}

/** Counts the addresses of the pools for VIPs: those that name a ClusterClass, or hold one of our claims. */
export function countPoolAddresses(snapshot: Snapshot): readonly PoolCount[] {
  const claimed = claimedPools(snapshot)
  return poolsIn(snapshot).flatMap((pool) => {
    const { kind, namespace, name, capacity } = pool
    if (capacity === undefined || !(clusterClassKey in pool.labels || claimed.has(placeOf(pool)))) return []
    const { total } = capacity
    const free = Math.max(0, availableAddresses(pool) ?? 0)
    return [{ kind, namespace, name, total, free, used: Math.max(0, total - free) }]
  })
}

function classesByName({
  clusters,
  clusterClasses,
}: Snapshot): ReadonlyMap<string, readonly ClusterClassRef[]> {
  const named = [...clusters.values()].flatMap(({ topology }) => (topology ? [topology.clusterClass] : []))
  const refs = new Map([...clusterClasses.values(), ...named].map((ref) => [formatKey(ref), ref]))
  return Map.groupBy(refs.values(), ({ name }) => name)
}

/** Whether the pool has an address for the class in at least one namespace. */
function canServe(pool: IPPool, clusterClass: ClusterClassRef, role: Role): boolean {
  return namespacesOf(pool).some((namespace) => {
    const request = { namespace, role, clusterClass, explicitPool: undefined }
    return selectIPPool(request, [pool]).outcome === 'selected'
  })
}

function claimedPools({ claims }: Snapshot): ReadonlySet<string> {
  const ours = [...claims.values()].filter((claim) => roleOfOwnClaim(claim) !== undefined)
  return new Set(ours.map(poolPlaceOf))
}
