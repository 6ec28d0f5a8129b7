import type { EligibilitySettings, Waiter } from '../../domain/allocation/action.ts'
import {
  declaredClasses,
  declaredNamespaces,
  declaredRoles,
  priorityOf,
} from '../../domain/allocation/pool-selection.ts'
import { poolsIn, waitingQueueIn, type Snapshot } from '../../domain/allocation/snapshot.ts'
import { queuesByPool } from '../../domain/allocation/waiting-queue.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { availableAddresses, isPoolOf, networkOf, placeOf, type IPPool } from '../../domain/model/pool.ts'
import { namespaceSelectorAnnotation, retainAnnotation } from '../../domain/names.ts'
import { keptAddressesIn, keptOn, type KeptAddress } from '../../domain/release/kept-addresses.ts'
import { defaultRole, type Role } from '../../domain/role.ts'
import { forecastOf, type Expectation, type Forecast } from './forecast.ts'

export interface PoolsReport {
  /** Sorted by kind, namespace and name. */
  readonly pools: readonly PoolOverview[]
  readonly forecast: Forecast
}

/** A VIP in the queue of a pool. */
export interface QueuedVip {
  readonly cluster: NamespacedName
  readonly role: Role
  /** RFC 3339. */
  readonly since: string
  readonly priority: number
}

/** The state of a pool, for people. */
export interface PoolOverview extends NamespacedName, Pick<IPPool, 'kind' | 'addresses' | 'capacity'> {
  /** Whether it can give an address now. `Unknown`: its provider does not say, and a claim shows it. */
  readonly state: 'Ready' | 'Exhausted' | 'Paused' | 'Deleting' | 'NotCounted' | 'Unknown'
  /** Addresses that are at least still available; undefined until the provider has counted. */
  readonly available: number | undefined
  /** Unbound claims on the pool, including those of others. */
  readonly claimsWaiting: number
  /** VIPs without a claim for which this pool would be selected. */
  readonly clustersWaiting: number
  /** The VIPs that wait for an address of it, in the order of their turns. One that could use several pools waits for each. */
  readonly queue: readonly QueuedVip[]
  /** As the pool names them: `*`, a name, or `namespace/name`. Empty: none. */
  readonly classes: readonly string[]
  readonly roles: readonly string[]
  /** Undefined if the annotation is no integer. */
  readonly priority: number | undefined
  /** The namespaces that a global pool lists; undefined: it has no list. */
  readonly namespaces: readonly string[] | undefined
  /** The label selector over Namespaces of a global pool, as written; undefined: it has none. With neither, all may use it. */
  readonly namespaceSelector: string | undefined
  /** `""`: the one that has no name. */
  readonly network: string
  /** For how long it keeps released addresses, as written; undefined: not at all. */
  readonly retain: string | undefined
  /** Its addresses that are kept for Clusters that are gone. */
  readonly kept: readonly KeptAddress[]
}

export function poolsReport(snapshot: Snapshot, settings: EligibilitySettings): PoolsReport {
  const forecast = forecastOf(snapshot, settings)
  const kept = keptAddressesIn(snapshot)
  const queues = queuesByPool(waitingQueueIn(snapshot), settings)
  const pools = poolsIn(snapshot)
    .map((pool) => {
      const about = { kept: keptOn(pool, kept), queue: queues.get(placeOf(pool)) ?? [] }
      return overviewOf(pool, snapshot, forecast, about)
    })
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
  return { pools, forecast }
}

function sortKey(pool: PoolOverview): string {
  return `${pool.kind} ${formatKey(pool)}`
}

function overviewOf(
  pool: IPPool,
  snapshot: Snapshot,
  { expectations }: Forecast,
  { kept, queue }: { readonly kept: readonly KeptAddress[]; readonly queue: readonly Waiter[] },
): PoolOverview {
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
      (claim) => claim.addressName === undefined && !claim.isDeleting && isPoolOf(pool, claim),
    ).length,
    clustersWaiting: expectations.filter((each) => isSamePool(each.pool, pool) && !each.hasClaim).length,
    queue: queue.map(({ cluster: { namespace, name }, role, since, priority }) => ({
      cluster: { namespace, name },
      role,
      since,
      priority,
    })),
    classes: declaredClasses(pool),
    roles: declared.length === 0 ? [defaultRole] : declared,
    priority: priorityOf(pool),
    namespaces: declaredNamespaces(pool),
    namespaceSelector:
      pool.namespaceSelector === undefined ? undefined : pool.annotations[namespaceSelectorAnnotation],
    network: networkOf(pool),
    retain: pool.annotations[retainAnnotation],
    kept,
  }
}

function isSamePool(named: Expectation['pool'], { kind, namespace, name }: IPPool): boolean {
  return named?.kind === kind && named.namespace === namespace && named.name === name
}

function stateOf(pool: IPPool): PoolOverview['state'] {
  if (pool.isDeleting) return 'Deleting'
  if (pool.isPaused) return 'Paused'
  const available = availableAddresses(pool)
  if (available === undefined) return pool.poolKind.isCounted ? 'NotCounted' : 'Unknown'
  return available > 0 ? 'Ready' : 'Exhausted'
}
