import type { Action, Observed } from '../../domain/allocation/action.ts'
import { afterAction } from '../../domain/allocation/after-action.ts'
import { poolRequestFor } from '../../domain/allocation/eligibility.ts'
import { pendingAction } from '../../domain/allocation/pending-action.ts'
import { matchingPools, preferredFirst, type PoolRequest } from '../../domain/allocation/pool-selection.ts'
import { poolsIn, poolsUsableBy, type Snapshot, SnapshotQueries } from '../../domain/allocation/snapshot.ts'
import { vipOwnershipOf } from '../../domain/allocation/vip-ownership.ts'
import type { ClusterClass } from '../../domain/model/cluster-class.ts'
import type { Cluster, ClusterClassRef } from '../../domain/model/cluster.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { formatPool, type IPPool } from '../../domain/model/pool.ts'
import { defaultApiServerPort } from '../../domain/names.ts'
import type { Reason } from '../../domain/reason.ts'
import {
  defaultRole,
  roles,
  vipRole,
  type Role,
  type VariableNames,
  type VipRole,
} from '../../domain/role.ts'

/** What one VIP that is still to be had will find, if nothing changes and the oldest Cluster goes first. */
export interface Expectation {
  readonly cluster: NamespacedName
  readonly role: Role
  /** `unknown`: the pool has not been counted yet. */
  readonly gets: 'address' | 'nothing' | 'unknown'
  /** The one it would come from; without an address, the one it would rather have one of. Undefined: none matches. */
  readonly pool: IPPool | undefined
  /** Its claim is on that pool already. */
  readonly hasClaim: boolean
  /** Why it gets nothing. */
  readonly reason?: Reason
  readonly message?: string
}

/** What the pools hold for the Clusters that are there. */
export interface Forecast {
  /** Oldest Cluster first. */
  readonly expectations: readonly Expectation[]
  /** ClusterClasses for whose control planes there is no pool, whether Clusters use them or not. */
  readonly classesWithoutPool: readonly NamespacedName[]
}

/** Serves, on paper, everybody who is still to be served. Paused Clusters and VIPs that are to be had again do not count. */
export function forecastOf(known: Snapshot, variables: VariableNames): Forecast {
  const queries = new SnapshotQueries(() => known)
  const settings = { variables, defaultPort: defaultApiServerPort }
  /** The pools that have given something already. */
  const left = new Map<string, IPPool>()
  const expectations: Expectation[] = []
  for (const cluster of [...known.clusters.values()].toSorted(byAge)) {
    for (const vip of roles.map((role) => vipRole(role, variables))) {
      const observed = queries.observed(cluster, vip, settings)
      const pools = observed.pools?.map((pool) => left.get(pool.uid) ?? pool) ?? []
      const found = expectationFor(observed, vip, pools)
      if (found === undefined) continue
      expectations.push({ cluster: observed.key, role: vip.role, ...found })
      if (found.pool !== undefined && found.gets === 'address')
        left.set(found.pool.uid, withOneTaken(found.pool))
    }
  }
  return { expectations, classesWithoutPool: classesWithoutPool(known, queries) }
}

type Found = Omit<Expectation, 'cluster' | 'role'>

/** Follows a run until it takes an address or waits for one; undefined if it does neither. */
function expectationFor(before: Observed, vip: VipRole, pools: readonly IPPool[]): Found | undefined {
  const observed = { ...before, pools }
  const { cluster, claim } = observed
  const action = pendingAction(observed, vip)
  const claimed = claim && pools.find((pool) => formatPool(pool) === formatPool(claim.poolRef))
  switch (action.action) {
    case 'selectPool': {
      const { poolRef, restore } = action.choice
      const pool = pools.find((each) => formatPool(each) === formatPool(poolRef))
      return pool === undefined || restore !== undefined ? undefined : given(pool, false)
    }
    case 'wait': {
      const { reason, message } = action
      if (cluster === undefined || reason === 'ClusterPaused') return undefined
      if (claim?.isDeleting) return expectationFor({ ...before, claim: undefined }, vip, pools)
      const isNew = vipOwnershipOf(cluster, vip).state === 'unset' && observed.namedAddress === undefined
      if (claim !== undefined && (!isNew || claim.addressName !== undefined)) return undefined
      if (claimed !== undefined && reason === 'WaitingForAddress') return given(claimed, true)
      const pool = claimed ?? preferredIn(poolRequestFor(cluster, vip.role), pools)
      return { pool, hasClaim: claimed !== undefined, gets: 'nothing', reason, message }
    }
    case 'refuse': {
      if (action.reason === 'AddressLost' || action.reason === 'DuplicateAddress') return undefined
      const { reason, message } = action
      return { pool: undefined, hasClaim: false, gets: 'nothing', reason, message }
    }
    case 'deleteClaim':
      return action.outcome === 'restart' ? expectationAfter(observed, vip, action) : undefined
    case 'adoptClaim':
    case 'discardClaim':
    case 'stepBack':
      return expectationAfter(observed, vip, action)
    default:
      return undefined
  }
}

function expectationAfter(observed: Observed, vip: VipRole, action: Action): Found | undefined {
  return expectationFor(afterAction(observed, vip.role, action), vip, observed.pools ?? [])
}

function given(pool: IPPool, hasClaim: boolean): Found {
  return { pool, hasClaim, gets: certainty(pool) }
}

function preferredIn(request: PoolRequest, pools: readonly IPPool[]): IPPool | undefined {
  return preferredFirst(request, matchingPools(request, pools))[0]
}

function byAge(a: Cluster, b: Cluster): number {
  return ageKey(a) < ageKey(b) ? -1 : 1
}

function ageKey(cluster: Cluster): string {
  return `${cluster.creationTimestamp} ${formatKey(cluster)}`
}

function certainty({ capacity }: IPPool): 'address' | 'unknown' {
  return capacity === undefined ? 'unknown' : 'address'
}

function withOneTaken({ capacity, ...pool }: IPPool): IPPool {
  return {
    ...pool,
    capacity: capacity && { ...capacity, free: capacity.free - 1 },
  }
}

/** A pool may be for a class in the namespaces of its Clusters only, or in the class's own, where there are none yet. */
function classesWithoutPool(known: Snapshot, queries: SnapshotQueries): readonly NamespacedName[] {
  const allPools = poolsIn(known)
  const isServed = (clusterClass: ClusterClass): boolean => {
    const places = [clusterClass, ...queries.clustersOf(clusterClass)].map(({ namespace }) => namespace)
    return [...new Set(places)].some((namespace) => hasPool(clusterClass, namespace, allPools))
  }
  return [...known.clusterClasses.values()]
    .filter((clusterClass) => !isServed(clusterClass))
    .map(({ namespace, name }) => ({ namespace, name }))
    .toSorted((a, b) => (formatKey(a) < formatKey(b) ? -1 : 1))
}

function hasPool({ namespace, name }: ClusterClassRef, place: string, pools: readonly IPPool[]): boolean {
  const request = {
    namespace: place,
    role: defaultRole,
    clusterClass: { namespace, name },
    explicitPool: undefined,
  }
  return matchingPools(request, poolsUsableBy(place, pools)).length > 0
}
