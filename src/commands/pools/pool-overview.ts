import type { IPPoolKind } from '../../domain/model/pool-kind.ts'
import {
  declaredClasses,
  declaredNamespaces,
  declaredRoles,
  priorityOf,
} from '../../domain/allocation/pool-selection.ts'
import { poolsIn, type Snapshot } from '../../domain/allocation/snapshot.ts'
import { poolPlaceOf } from '../../domain/model/claim.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { availableAddresses, placeOf, type IPPool, type IPPoolCapacity } from '../../domain/model/pool.ts'
import { defaultRole } from '../../domain/role.ts'
import type { Forecast } from './forecast.ts'

/** Whether a pool can give an address now. */
export type PoolState = 'Ready' | 'Exhausted' | 'Paused' | 'Deleting' | 'NotCounted'

/** The state of a pool, for people. */
export interface PoolOverview extends NamespacedName {
  readonly kind: IPPoolKind
  readonly state: PoolState
  /** `spec.addresses`. */
  readonly addresses: readonly string[]
  /** As counted by the provider; undefined until it has. */
  readonly capacity: IPPoolCapacity | undefined
  /** Addresses that are at least still available. */
  readonly available: number | undefined
  /** Unbound claims on the pool, including those of others. */
  readonly claimsWaiting: number
  /** VIPs without a claim for which this pool would be selected. */
  readonly clustersWaiting: number
  /** As the pool names them: `*`, a name, or `namespace/name`. Empty: none. */
  readonly classes: readonly string[]
  readonly roles: readonly string[]
  /** Undefined if the annotation is no integer. */
  readonly priority: number | undefined
  /** The namespaces that may use a global pool; undefined: all. */
  readonly namespaces: readonly string[] | undefined
}

/** All pools, sorted by kind, namespace and name. */
export function poolOverviews(snapshot: Snapshot, forecast: Forecast): readonly PoolOverview[] {
  return poolsIn(snapshot)
    .map((pool) => overviewOf(pool, snapshot, forecast))
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

function overviewOf(pool: IPPool, snapshot: Snapshot, { expectations }: Forecast): PoolOverview {
  const { kind, namespace, name, addresses, capacity } = pool
  const declared = declaredRoles(pool)
  return {
    kind,
    namespace,
    name,
    state: stateOf(pool),
    addresses,
    capacity,
    available: availableAddresses(pool),
    claimsWaiting: [...snapshot.claims.values()].filter(
      (claim) => claim.addressName === undefined && !claim.isDeleting && poolPlaceOf(claim) === placeOf(pool),
    ).length,
    clustersWaiting: expectations.filter((each) => each.pool?.uid === pool.uid && !each.hasClaim).length,
    classes: declaredClasses(pool),
    roles: declared.length === 0 ? [defaultRole] : declared,
    priority: priorityOf(pool),
    namespaces: declaredNamespaces(pool),
  }
}

function stateOf(pool: IPPool): PoolState {
  if (pool.isDeleting) return 'Deleting'
  if (pool.isPaused) return 'Paused'
  const available = availableAddresses(pool)
  if (available === undefined) return 'NotCounted'
  return available > 0 ? 'Ready' : 'Exhausted'
}

function sortKey(pool: PoolOverview): string {
  return `${pool.kind} ${formatKey(pool)}`
}
