import type { EligibilitySettings } from '../../domain/allocation/action.ts'
import type { Action, ActionOf, Observed, ObservedCluster } from '../../domain/allocation/action.ts'
import { nextAction } from '../../domain/allocation/next-action.ts'
import { subjectOf } from '../../domain/allocation/second-view.ts'
import { afterAction } from '../../domain/allocation/after-action.ts'
import { poolRequestFor } from '../../domain/allocation/eligibility.ts'
import { pendingAction } from '../../domain/allocation/after-action.ts'
import { matchingPools, preferredFirst } from '../../domain/allocation/pool-selection.ts'
import { SnapshotQueries, usablePoolsIn, type Snapshot } from '../../domain/allocation/snapshot.ts'
import { compareTurns, turnOf } from '../../domain/allocation/waiter.ts'
import { vipOwnershipOf } from '../../domain/allocation/vip-ownership.ts'
import { secondOf, vipRoleIn } from '../../domain/allocation/vip-role.ts'
import type { ClusterClass } from '../../domain/model/cluster-class.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { findPool, type IPPool } from '../../domain/model/pool.ts'
import type { Reason } from '../../domain/reason.ts'
import { defaultRole, roles, type Role } from '../../domain/role.ts'

/** What one missing VIP will get, if nothing changes. */
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
  /** In the order of their turns. */
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
  const turns = [...snapshot.clusters.values()].flatMap((cluster) =>
    roles.map((role) => turnOf(cluster, role)),
  )
  for (const { cluster, role } of turns.toSorted(compareTurns)) {
    // Who has an earlier turn has been served already.
    const { waiting: _waiting, ...observed } = queries.observed(cluster, role)
    const pools = observed.pools?.map((pool) =>
      left.has(pool.uid) ? { ...pool, capacity: left.get(pool.uid) } : pool,
    )
    const facts = { ...observed, pools: pools ?? [], waitingCount: 0 }
    for (const { pool, ...rest } of expectationsFor(facts, role)) {
      const named = pool && { kind: pool.kind, namespace: pool.namespace, name: pool.name }
      expectations.push({ cluster: observed.key, role, ...rest, pool: named })
      if (pool !== undefined && rest.gets === 'address') left.set(pool.uid, withOneTaken(pool.capacity))
    }
  }
  return { expectations, classesWithoutPool: classesWithoutPool(queries) }
}

type Found = Omit<Expectation, 'cluster' | 'role' | 'pool'> & { readonly pool: IPPool | undefined }

/** Follows a run until it has taken every address, or waits for one; empty if it does neither. */
function expectationsFor(observed: Observed, role: Role): readonly Found[] {
  const { cluster, pools = [] } = observed
  const action = pendingAction(observed, role)
  const after = (performed: Action): readonly Found[] =>
    expectationsFor(afterAction(observed, role, performed), role)
  switch (action.action) {
    case 'selectPool': {
      const { poolRef, restore } = action.choice
      const pool = findPool(pools, poolRef)
      if (pool === undefined || restore !== undefined) return []
      return [given(pool, false), ...(action.half === undefined ? secondOfPair(observed, role, action) : [])]
    }
    case 'wait':
      return cluster === undefined || action.reason === 'ClusterPaused'
        ? []
        : expectationsOfWait({ ...observed, cluster }, role, action)
    case 'refuse': {
      if (action.reason === 'AddressLost' || action.reason === 'DuplicateAddress') return []
      const { reason, message } = action
      return [{ pool: undefined, hasClaim: false, gets: 'nothing', reason, message }]
    }
    case 'deleteClaim':
      return action.outcome === 'restart' ? after(action) : []
    case 'adoptClaim':
    case 'discardClaim':
    case 'stepBack':
      return after(action)
    default:
      return []
  }
}

/** The second address of a pair, once a claim holds the first one; empty if the VIP is none. */
function secondOfPair(observed: Observed, role: Role, selected: Action): readonly Found[] {
  const { cluster, variables, clusterClass } = observed
  const isPair =
    cluster !== undefined && secondOf(vipRoleIn(cluster, role, variables, clusterClass)) !== undefined
  if (!isPair) return []
  const chosen = afterAction(observed, role, selected)
  const claimed = nextAction(chosen, role)
  return claimed.action === 'createClaim' ? expectationsFor(afterAction(chosen, role, claimed), role) : []
}

function expectationsOfWait(
  observed: ObservedCluster,
  role: Role,
  action: ActionOf<'wait'>,
): readonly Found[] {
  const { cluster, variables, clusterClass, pools = [] } = observed
  const { part, view, from } = subjectOf(observed, role, action)
  const { claim, namedAddress } = view
  if (claim?.isDeleting) return expectationsFor(from({ ...view, claim: undefined }), role)
  const vip = vipRoleIn(cluster, role, variables, clusterClass)
  const isNew = vipOwnershipOf(cluster, vip).state === 'unset' && namedAddress === undefined
  if (claim !== undefined && (!isNew || claim.addressName !== undefined)) return []
  const { reason, message } = action
  const claimed = claim && findPool(pools, claim.poolRef)
  if (claimed !== undefined && reason === 'WaitingForAddress') return [given(claimed, true)]
  const request = poolRequestFor(cluster, part, observed)
  const pool = claimed ?? preferredFirst(request, matchingPools(request, pools))[0]
  return [{ pool, hasClaim: claimed !== undefined, gets: 'nothing', reason, message }]
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
