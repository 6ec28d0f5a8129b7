import { holdersOf } from '../../domain/allocation/address-holder.ts'
import { obstacleOf } from '../../domain/allocation/claim-obstacle.ts'
import { claimNameFor, type IPAddressClaim } from '../../domain/model/claim.ts'
import type { ClusterClass } from '../../domain/model/cluster-class.ts'
import type { Cluster, ClusterClassRef } from '../../domain/model/cluster.ts'
import { needsAllocation, poolRequestFor } from '../../domain/allocation/eligibility.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { availableAddresses, formatPool, type IPPool } from '../../domain/model/pool.ts'
import { matchingPools, preferredFirst, selectIPPool } from '../../domain/allocation/pool-selection.ts'
import type { Reason } from '../../domain/reason.ts'
import { decideRestoration } from '../../domain/allocation/restoration.ts'
import {
  defaultRole,
  roles,
  vipRole,
  type Role,
  type VariableNames,
  type VipRole,
} from '../../domain/role.ts'
import { vipOwnershipOf } from '../../domain/allocation/vip-ownership.ts'
import {
  addressUseIn,
  createSnapshotQueries,
  poolsIn,
  poolsUsableBy,
  type Snapshot,
  type SnapshotQueries,
} from '../../domain/allocation/snapshot.ts'

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
  const view = createSnapshotQueries(() => known)
  /** The pools that have given something already. */
  const left = new Map<string, IPPool>()
  const expectations: Expectation[] = []
  for (const wanted of toBeServed(known, view, variables)) {
    const pools = view.contextOf(wanted.cluster).pools.map((pool) => left.get(pool.uid) ?? pool)
    const expectation = expect(wanted, pools)
    expectations.push(expectation)
    const { pool } = expectation
    if (pool !== undefined && expectation.gets === 'address') left.set(pool.uid, withOneTaken(pool))
  }
  return { expectations, classesWithoutPool: classesWithoutPool(known, view) }
}

interface Wanted {
  readonly cluster: Cluster
  readonly vip: VipRole
  /** Unbound, and usable. */
  readonly claim: IPAddressClaim | undefined
}

function toBeServed(known: Snapshot, view: SnapshotQueries, variables: VariableNames): readonly Wanted[] {
  return [...known.clusters.values()].toSorted(byAge).flatMap((cluster) =>
    roles
      .map((role) => vipRole(role, variables))
      .filter(
        (vip) =>
          needsAllocation(cluster, vip, view.contextOf(cluster)) &&
          takesNewAddress(cluster, vip, { known, view, variables }),
      )
      .map((vip) => ({ cluster, vip, claim: view.bindingOf(cluster, vip).claim }))
      .map(({ claim, ...wanted }) => ({
        ...wanted,
        claim: claim !== undefined && obstacleOf(claim, cluster) === undefined ? claim : undefined,
      }))
      .filter(({ claim }) => claim?.addressName === undefined),
  )
}

/** A Cluster without a VIP, also one whose annotation names an address that it cannot have. */
function takesNewAddress(
  cluster: Cluster,
  vip: VipRole,
  {
    known,
    view,
    variables,
  }: { readonly known: Snapshot; readonly view: SnapshotQueries; readonly variables: VariableNames },
): boolean {
  const ownership = vipOwnershipOf(cluster, vip)
  if (ownership.state !== 'drifted') return ownership.state === 'unset'
  if (view.bindingOf(cluster, vip).claim !== undefined) return false
  const { address } = ownership
  const seeker = { cluster, vip, claimName: claimNameFor(cluster, vip.role) }
  const holders = holdersOf(address, seeker, addressUseIn(known), variables)
  const { pools } = view.contextOf(cluster)
  return decideRestoration(cluster, vip, address, holders, pools).decision === 'allocate-anew'
}

function byAge(a: Cluster, b: Cluster): number {
  return ageKey(a) < ageKey(b) ? -1 : 1
}

function ageKey(cluster: Cluster): string {
  return `${cluster.creationTimestamp} ${formatKey(cluster)}`
}

/** A claim keeps to its pool, and leaves it only where that is exhausted and another one has room. */
function expect({ cluster, vip, claim }: Wanted, pools: readonly IPPool[]): Expectation {
  const about = { cluster: { namespace: cluster.namespace, name: cluster.name }, role: vip.role }
  const claimed = claim && pools.find((pool) => formatPool(pool) === formatPool(claim.poolRef))
  if (claimed !== undefined && canGive(claimed)) {
    return { ...about, pool: claimed, hasClaim: true, gets: certainty(claimed) }
  }
  const request = poolRequestFor(cluster, vip.role)
  const selection = selectIPPool(request, pools)
  if (selection.outcome === 'selected') {
    return { ...about, pool: selection.pool, hasClaim: false, gets: certainty(selection.pool) }
  }
  const [preferred] = preferredFirst(request, matchingPools(request, pools))
  const { reason, message } = selection
  const pool = claimed ?? preferred
  return { ...about, pool, hasClaim: claimed !== undefined, gets: 'nothing', reason, message }
}

function canGive(pool: IPPool): boolean {
  return !pool.isPaused && (availableAddresses(pool) ?? 1) > 0
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
function classesWithoutPool(known: Snapshot, view: SnapshotQueries): readonly NamespacedName[] {
  const allPools = poolsIn(known)
  const isServed = (clusterClass: ClusterClass): boolean => {
    const places = [clusterClass, ...view.clustersOf(clusterClass)].map(({ namespace }) => namespace)
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
