import type { EligibilitySettings } from '../../../domain/allocation/action.ts'
import { selectIPPool } from '../../../domain/allocation/pool-selection.ts'
import {
  orphanedClaims,
  poolsIn,
  type Snapshot,
  type SnapshotQueries,
} from '../../../domain/allocation/snapshot.ts'
import { vipStateOf, type VipState } from '../../../domain/allocation/vip-state.ts'
import { queuesByPool } from '../../../domain/allocation/waiting-queue.ts'
import { roleOfOwnClaim } from '../../../domain/model/claim.ts'
import { isReservation } from '../../../domain/model/ip-address.ts'
import { formatKey, type NamespacedName } from '../../../domain/model/object-meta.ts'
import { availableAddresses, formatPool, placeOf, poolPlacesOf } from '../../../domain/model/pool.ts'
import { clusterClassKey, retainAnnotation } from '../../../domain/names.ts'
import { keptAddressesIn, keptOn } from '../../../domain/release/kept-addresses.ts'
import type { Reason } from '../../../domain/reason.ts'
import { leakAfterMs } from '../../../domain/timings.ts'
import { roles, type Role } from '../../../domain/role.ts'
import { createIndexedQueries } from './indexed-queries.ts'
import { openingOf, type Opening } from './opening.ts'

/** The counts of everything in the management cluster that concerns VIPs. */
export interface Inventory {
  readonly poolsAvailable: readonly PoolsAvailable[]
  readonly poolAddresses: readonly PoolCount[]
  readonly claims: readonly ClaimCount[]
  /** Clusters that wait for a VIP. Reasons that no Cluster has are left out. */
  readonly waiting: readonly { readonly role: Role; readonly reason: Reason; readonly clusters: number }[]
  /** Who waits for each pool. Pools for which nobody waits are left out. */
  readonly queues: readonly PoolQueue[]
  /** Our VIPs that are in place, but not held by a claim. Every role is present. */
  readonly lost: readonly { readonly role: Role; readonly addresses: number }[]
  /** Our claims whose Cluster has been gone for a while. Every role is present. */
  readonly leaked: readonly { readonly role: Role; readonly claims: number }[]
  /** Duplicate addresses that are kept reserved. */
  readonly reserved: number
  /** Addresses that pools keep for Clusters that are gone. Pools that keep none, and retain nothing, are left out. */
  readonly kept: readonly KeptCount[]
}

interface KeptCount {
  readonly kind: string
  /** `""` for a global pool. */
  readonly namespace: string
  readonly name: string
  readonly addresses: number
}

/** Milliseconds for which an inventory is reused: a scrape reads it once for each series. */
const keptMs = 3_000

/** The inventory of the watcher's cache; undefined until every kind is listed: partial counts would raise alarms. */
export function inventoryOf(
  snapshot: () => Snapshot,
  settings: EligibilitySettings,
  now: () => number,
): () => Inventory | undefined {
  let since: OrphanedSince = new Map()
  let last: { readonly at: number; readonly inventory: Inventory } | undefined
  return () => {
    const at = now()
    const objects = snapshot()
    if (!objects.isComplete) return undefined
    if (last === undefined || at - last.at > keptMs) {
      since = orphanedSince(objects, since, at)
      last = { at, inventory: takeInventory(objects, settings, orphanedForLong(since, at)) }
    }
    return last.inventory
  }
}

/** Counts the objects of a snapshot in one pass over each kind. @param orphaned uids of the claims that count as leaked */
export function takeInventory(
  snapshot: Snapshot,
  settings: EligibilitySettings,
  orphaned: ReadonlySet<string>,
): Inventory {
  const queries = createIndexedQueries(snapshot, settings)
  const states = [...snapshot.clusters.values()].flatMap((cluster) =>
    queries.vipsOf(cluster).map((vip) => vipStateOf(cluster, vip, queries)),
  )
  const leaked = [...snapshot.claims.values()].filter(({ uid }) => orphaned.has(uid)).map(roleOfOwnClaim)
  return {
    poolsAvailable: countAvailablePools(snapshot),
    poolAddresses: countPoolAddresses(snapshot),
    claims: countClaims(snapshot),
    waiting: countWaiting(states),
    queues: countQueues(snapshot, queries),
    lost: roles.map((role) => ({
      role,
      addresses: states.filter((state) => state.phase === 'Lost' && state.role === role).length,
    })),
    leaked: roles.map((role) => ({ role, claims: leaked.filter((each) => each === role).length })),
    reserved: [...snapshot.ipAddresses.values()].filter(isReservation).length,
    kept: countKept(snapshot),
  }
}

function countKept(snapshot: Snapshot): readonly KeptCount[] {
  const kept = keptAddressesIn(snapshot)
  const pools = poolsIn(snapshot).map((pool) => ({ pool, addresses: keptOn(pool, kept) }))
  const placed = new Set(pools.flatMap(({ addresses }) => addresses))
  // A pool that is gone counts as one of the claim's namespace.
  const unplaced = Map.groupBy(
    kept.filter((each) => !placed.has(each)),
    ({ claim, pool }) => `${claim.namespace} ${formatPool(pool)}`,
  )
  return [
    ...pools
      .filter(({ pool, addresses }) => addresses.length > 0 || retainAnnotation in pool.annotations)
      .map(({ pool: { kind, namespace, name }, addresses }) => ({
        kind,
        namespace,
        name,
        addresses: addresses.length,
      })),
    ...[...unplaced.values()].flatMap((alike) =>
      alike.slice(0, 1).map(({ claim: { namespace }, pool: { kind, name } }) => ({
        kind,
        namespace,
        name,
        addresses: alike.length,
      })),
    ),
  ]
}

function countWaiting(states: readonly VipState[]): Inventory['waiting'] {
  const waiting = states.filter(({ phase }) => phase === 'Waiting' || phase === 'Paused')
  return [...Map.groupBy(waiting, ({ role, reason }) => `${role} ${reason}`).values()].flatMap((alike) =>
    alike.slice(0, 1).map(({ role, reason }) => ({ role, reason, clusters: alike.length })),
  )
}

/** The queue of one pool. */
interface PoolQueue {
  readonly kind: string
  /** `""` for a global pool. */
  readonly namespace: string
  readonly name: string
  readonly vips: number
  /** RFC 3339: since when the VIP waits that has waited longest. */
  readonly since: string
}

function countQueues(snapshot: Snapshot, queries: SnapshotQueries): readonly PoolQueue[] {
  const queues = queuesByPool(queries.waitingQueue(), queries.settings)
  return poolsIn(snapshot).flatMap((pool) => {
    const { kind, namespace, name } = pool
    const [since] = (queues.get(placeOf(pool)) ?? []).map((waiter) => waiter.since).toSorted()
    return since === undefined
      ? []
      : [{ kind, namespace, name, vips: queues.get(placeOf(pool))?.length ?? 0, since }]
  })
}

interface ClaimCount {
  readonly role: Role
  readonly namespace: string
  readonly total: number
  /** Bound to an address. */
  readonly ready: number
  readonly pending: number
}

/** Counts our claims by role and namespace. */
function countClaims({ claims }: Snapshot): readonly ClaimCount[] {
  const ours = [...claims.values()].flatMap((claim) => {
    const role = roleOfOwnClaim(claim)
    return role === undefined ? [] : [{ claim, role, namespace: claim.namespace }]
  })
  const groups = Map.groupBy(ours, ({ role, namespace }) => `${role} ${namespace}`)
  return [...groups.values()].flatMap((alike) =>
    alike.slice(0, 1).map(({ role, namespace }) => {
      const ready = alike.filter(({ claim }) => claim.addressName !== undefined).length
      return { role, namespace, total: alike.length, ready, pending: alike.length - ready }
    }),
  )
}

/** When a claim was first seen without its Cluster, in milliseconds since the epoch, by the claim's uid. */
type OrphanedSince = ReadonlyMap<string, number>

/** Tracks since when each of our claims has been without its Cluster: garbage collection needs a moment to delete it. */
export function orphanedSince(snapshot: Snapshot, before: OrphanedSince, now: number): OrphanedSince {
  return new Map(orphanedClaims(snapshot, now).map(({ uid }) => [uid, before.get(uid) ?? now]))
}

/** The uids of the claims that count as leaked. */
export function orphanedForLong(since: OrphanedSince, now: number): ReadonlySet<string> {
  return new Set([...since].filter(([, at]) => now - at >= leakAfterMs).map(([uid]) => uid))
}

/** The number of pools that could give a VIP to Clusters of a ClusterClass now. */
interface PoolsAvailable {
  /** Without its namespace: classes of the same name count as one. */
  readonly clusterClass: string
  readonly role: Role
  readonly pools: number
}

/** The number of addresses of a pool. */
interface PoolCount {
  readonly kind: string
  /** `""` for a global pool. */
  readonly namespace: string
  readonly name: string
  readonly total: number
  readonly free: number
  /** Within the pool's current ranges: addresses from earlier ranges are not part of the total. */
  readonly used: number
}

/** Counts the pools that match and have a free address, for every class that exists or that a Cluster names. */
function countAvailablePools(snapshot: Snapshot): readonly PoolsAvailable[] {
  const openings = poolsIn(snapshot)
    .map((pool) => openingOf(pool, snapshot))
    .filter((opening) => opening !== undefined)
  return [...classesByName(snapshot)].flatMap(([clusterClass, refs]) =>
    roles.map((role) => ({
      clusterClass,
      role,
      pools: openings.filter((opening) => refs.some((ref) => canServe(opening, ref, role))).length,
    })),
  )
}

/** Counts the addresses of the pools for VIPs: those that name a ClusterClass, or hold one of our claims. */
function countPoolAddresses(snapshot: Snapshot): readonly PoolCount[] {
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
}: Snapshot): ReadonlyMap<string, readonly NamespacedName[]> {
  const named = [...clusters.values()].flatMap(({ topology }) => (topology ? [topology.clusterClass] : []))
  const refs = new Map([...clusterClasses.values(), ...named].map((ref) => [formatKey(ref), ref]))
  return Map.groupBy(refs.values(), ({ name }) => name)
}

/** Whether the pool has an address for the class in at least one namespace. */
function canServe({ namespace, pools }: Opening, clusterClass: NamespacedName, role: Role): boolean {
  const request = { namespace, role, clusterClass, explicitPool: undefined }
  return selectIPPool(request, pools).outcome === 'selected'
}

function claimedPools({ claims }: Snapshot): ReadonlySet<string> {
  const ours = [...claims.values()].filter((claim) => roleOfOwnClaim(claim) !== undefined)
  return new Set(ours.flatMap(poolPlacesOf))
}
