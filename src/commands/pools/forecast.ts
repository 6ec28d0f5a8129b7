import type { EligibilitySettings } from '../../domain/allocation/action.ts'
import type { Action, Observed } from '../../domain/allocation/action.ts'
import { afterAction } from '../../domain/allocation/after-action.ts'
import { poolRequestFor } from '../../domain/allocation/eligibility.ts'
import { pendingAction } from '../../domain/allocation/after-action.ts'
import { matchingPools, preferredFirst } from '../../domain/allocation/pool-selection.ts'
import { SnapshotQueries, usablePoolsIn, type Snapshot } from '../../domain/allocation/snapshot.ts'
import { vipOwnershipOf } from '../../domain/allocation/vip-ownership.ts'
import { vipRoleIn } from '../../domain/allocation/vip-role.ts'
import type { ClusterClass } from '../../domain/model/cluster-class.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { formatPool, type IPPool } from '../../domain/model/pool.ts'
import type { Reason } from '../../domain/reason.ts'
import { defaultRole, roles, type Role } from '../../domain/role.ts'

/** What one missing VIP will get, if nothing changes and the oldest Cluster goes first. */
export interface Expectation {
  readonly cluster: NamespacedName
  readonly role: Role
  /** `unknown`: the pool has not been counted yet. */
  readonly gets: 'address' | 'nothing' | 'unknown'
  /** The pool of the address; without an address, the preferred one. Undefined: none matches. */
  readonly pool: Pick<IPPool, 'kind' | 'namespace' | 'name'> | undefined
  /** Its claim is on that pool already. */
  readonly hasClaim: boolean
  /** Why it gets nothing. */
  readonly reason?: Reason
  readonly message?: string
}

export interface Forecast {
  /** Oldest Cluster first. */
  readonly expectations: readonly Expectation[]
  /** ClusterClasses for whose control planes there is no pool, whether Clusters use them or not. */
  readonly classesWithoutPool: readonly NamespacedName[]
}

/** Serves, on paper, every Cluster that lacks a VIP. Paused Clusters and VIPs that are to be restored do not count. */
export function forecastOf(snapshot: Snapshot, settings: EligibilitySettings): Forecast {
  const queries = new SnapshotQueries(() => snapshot, settings)
  /** What the pools that have given an address have left, by uid. */
  const left = new Map<string, IPPool['capacity']>()
  const expectations: Expectation[] = []
  const clusters = [...snapshot.clusters.values()].map((cluster) => ({
    cluster,
    age: `${cluster.creationTimestamp} ${formatKey(cluster)}`,
  }))
  for (const { cluster } of clusters.toSorted((a, b) => (a.age < b.age ? -1 : 1))) {
    for (const role of roles) {
      const observed = queries.observed(cluster, role)
      const pools = observed.pools?.map((pool) =>
        left.has(pool.uid) ? { ...pool, capacity: left.get(pool.uid) } : pool,
      )
      const found = expectationFor({ ...observed, pools: pools ?? [] }, role)
      if (found === undefined) continue
      const { pool, ...rest } = found
      const named = pool && { kind: pool.kind, namespace: pool.namespace, name: pool.name }
      expectations.push({ cluster: observed.key, role, ...rest, pool: named })
      if (pool !== undefined && found.gets === 'address') left.set(pool.uid, withOneTaken(pool.capacity))
    }
  }
  return { expectations, classesWithoutPool: classesWithoutPool(queries) }
}

type Found = Omit<Expectation, 'cluster' | 'role' | 'pool'> & { readonly pool: IPPool | undefined }

/** Follows a run until it takes an address or waits for one; undefined if it does neither. */
function expectationFor(observed: Observed, role: Role): Found | undefined {
  const { cluster, claim, pools = [] } = observed
  const action = pendingAction(observed, role)
  const claimed = claim && poolNamed(claim.poolRef, pools)
  const after = (performed: Action): Found | undefined =>
    expectationFor(afterAction(observed, role, performed), role)
  switch (action.action) {
    case 'selectPool': {
      const { poolRef, restore } = action.choice
      const pool = poolNamed(poolRef, pools)
      return pool === undefined || restore !== undefined ? undefined : given(pool, false)
    }
    case 'wait': {
      const { reason, message } = action
      if (cluster === undefined || reason === 'ClusterPaused') return undefined
      if (claim?.isDeleting) return expectationFor({ ...observed, claim: undefined }, role)
      const vip = vipRoleIn(cluster, role, observed.variables, observed.clusterClass)
      const isNew = vipOwnershipOf(cluster, vip).state === 'unset' && observed.namedAddress === undefined
      if (claim !== undefined && (!isNew || claim.addressName !== undefined)) return undefined
      if (claimed !== undefined && reason === 'WaitingForAddress') return given(claimed, true)
      const request = poolRequestFor(cluster, role, observed)
      const pool = claimed ?? preferredFirst(request, matchingPools(request, pools))[0]
      return { pool, hasClaim: claimed !== undefined, gets: 'nothing', reason, message }
    }
    case 'refuse': {
      if (action.reason === 'AddressLost' || action.reason === 'DuplicateAddress') return undefined
      const { reason, message } = action
      return { pool: undefined, hasClaim: false, gets: 'nothing', reason, message }
    }
    case 'deleteClaim':
      return action.outcome === 'restart' ? after(action) : undefined
    case 'adoptClaim':
    case 'discardClaim':
    case 'stepBack':
      return after(action)
    default:
      return undefined
  }
}

function poolNamed(ref: Parameters<typeof formatPool>[0], pools: readonly IPPool[]): IPPool | undefined {
  return pools.find((pool) => formatPool(pool) === formatPool(ref))
}

function given(pool: IPPool, hasClaim: boolean): Found {
  return { pool, hasClaim, gets: pool.capacity === undefined ? 'unknown' : 'address' }
}

function withOneTaken(capacity: IPPool['capacity']): IPPool['capacity'] {
  return capacity && { ...capacity, free: capacity.free - 1 }
}

/** A pool may serve a class only in the namespaces of its Clusters, or in the class's own if it has no Clusters yet. */
function classesWithoutPool(queries: SnapshotQueries): readonly NamespacedName[] {
  const snapshot = queries.snapshot()
  const isServed = (clusterClass: ClusterClass): boolean =>
    [clusterClass, ...queries.clustersOf(clusterClass)].some(({ namespace }) => {
      const request = { namespace, role: defaultRole, clusterClass, explicitPool: undefined }
      return matchingPools(request, usablePoolsIn(snapshot, namespace)).length > 0
    })
  return [...snapshot.clusterClasses.values()]
    .filter((clusterClass) => !isServed(clusterClass))
    .map(({ namespace, name }) => ({ namespace, name }))
    .toSorted((a, b) => (formatKey(a) < formatKey(b) ? -1 : 1))
}
