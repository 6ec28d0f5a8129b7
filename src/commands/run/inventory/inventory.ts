import type { Snapshot } from '../../../domain/allocation/snapshot.ts'
import { vipStateOf, type VipState } from '../../../domain/allocation/vip-state.ts'
import { roleOfOwnClaim } from '../../../domain/model/claim.ts'
import { isReservation } from '../../../domain/model/ip-address.ts'
import type { Reason } from '../../../domain/reason.ts'
import { roles, vipRole, type Role, type VariableNames } from '../../../domain/role.ts'
import {
  countClaims,
  orphanedForLong,
  orphanedSince,
  type ClaimCount,
  type OrphanedSince,
} from './claim-inventory.ts'
import { createIndexedQueries } from './indexed-queries.ts'
import {
  countAvailablePools,
  countPoolAddresses,
  type PoolCount,
  type PoolsAvailable,
} from './pool-inventory.ts'

/** The counts of everything in the management cluster that concerns VIPs. */
export interface Inventory {
  readonly poolsAvailable: readonly PoolsAvailable[]
  readonly poolAddresses: readonly PoolCount[]
  readonly claims: readonly ClaimCount[]
  /** Clusters that wait for a VIP. Reasons that no Cluster has are left out. */
  readonly waiting: readonly { readonly role: Role; readonly reason: Reason; readonly clusters: number }[]
  /** Our VIPs that are in place, but not held by a claim. Every role is present. */
  readonly lost: readonly { readonly role: Role; readonly addresses: number }[]
  /** Our claims whose Cluster has been gone for a while. Every role is present. */
  readonly leaked: readonly { readonly role: Role; readonly claims: number }[]
  /** Duplicate addresses that are kept reserved. */
  readonly reserved: number
}

/** Milliseconds for which an inventory is reused: a scrape reads it once for each series. */
const keptMs = 3_000

/**
 * The inventory of the watcher's cache, for the metrics.
 *
 * @returns undefined until every kind has been listed, since partial counts would raise alarms
 */
export function inventoryOf(
  snapshot: () => Snapshot,
  variables: VariableNames,
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
      last = { at, inventory: takeInventory(objects, variables, orphanedForLong(since, at)) }
    }
    return last.inventory
  }
}

/**
 * Counts the objects of a snapshot, in one pass over each kind.
 *
 * @param orphaned uids of the claims that count as leaked
 */
export function takeInventory(
  snapshot: Snapshot,
  variables: VariableNames,
  orphaned: ReadonlySet<string>,
): Inventory {
  const queries = createIndexedQueries(snapshot)
  const states = roles.flatMap((role) => {
    const vip = vipRole(role, variables)
    return [...snapshot.clusters.values()].map((cluster) => vipStateOf(cluster, vip, queries, variables))
  })
  const leaked = [...snapshot.claims.values()].filter(({ uid }) => orphaned.has(uid)).map(roleOfOwnClaim)
  return {
    poolsAvailable: countAvailablePools(snapshot),
    poolAddresses: countPoolAddresses(snapshot),
    claims: countClaims(snapshot),
    waiting: countWaiting(states),
    lost: roles.map((role) => ({
      role,
      addresses: states.filter((state) => state.phase === 'Lost' && state.role === role).length,
    })),
    leaked: roles.map((role) => ({ role, claims: leaked.filter((each) => each === role).length })),
    reserved: [...snapshot.ipAddresses.values()].filter(isReservation).length,
  }
}

function countWaiting(states: readonly VipState[]): Inventory['waiting'] {
  const waiting = states.filter(({ phase }) => phase === 'Waiting' || phase === 'Paused')
  return [...Map.groupBy(waiting, ({ role, reason }) => `${role} ${reason}`).values()].flatMap((alike) =>
    alike.slice(0, 1).map(({ role, reason }) => ({ role, reason, clusters: alike.length })),
  )
}
