import { ownershipOf, type IPAddressClaim } from '../domain/claim.ts'
import type { Cluster } from '../domain/cluster.ts'
import { explicitPoolOf, isSetByOthers, needsAllocation, poolRequestFor } from '../domain/eligibility.ts'
import { isValidEndpoint } from '../domain/endpoint.ts'
import { availableAddresses, type IPPool } from '../domain/pool.ts'
import { selectIPPool } from '../domain/pool-selection.ts'
import type { Role } from '../domain/role.ts'
import { addressWatchMs } from '../domain/waiting.ts'

/**
 * What the watcher asks Temporal for:
 * `start` a run unless there is one; `wake` the run, and start one if there is none; `nudge` the run if there is one.
 */
export type Reaction = { readonly act: 'start' | 'wake' | 'nudge'; readonly because: string }

/** Decides what a Cluster that is new or changed means. `previous` is undefined for a new one. */
export function reactToCluster(
  cluster: Cluster,
  previous: Cluster | undefined,
  role: Role,
): Reaction | undefined {
  const needs = needsAllocation(cluster, role)
  if (previous === undefined) return needs ? { act: 'start', because: 'Cluster without endpoint' } : undefined
  if (needs) {
    return inputsOf(cluster, role) === inputsOf(previous, role)
      ? undefined
      : { act: 'wake', because: 'Cluster changed' }
  }
  if (!needsAllocation(previous, role)) return undefined
  if (cluster.isDeleting) return { act: 'nudge', because: 'Cluster is being deleted' }
  return isSetByOthers(cluster, role) ? { act: 'nudge', because: 'endpoint set by others' } : undefined
}

/** Decides what it means that a Cluster is gone: a run that waits for it can end. */
export function reactToClusterGone(cluster: Cluster): Reaction | undefined {
  return isValidEndpoint(cluster.controlPlaneEndpoint)
    ? undefined
    : { act: 'nudge', because: 'Cluster is gone' }
}

/** Decides what a claim that is new or changed means for its Cluster. `now` in milliseconds since the epoch. */
export function reactToClaim(
  claim: IPAddressClaim,
  previous: IPAddressClaim | undefined,
  cluster: Cluster,
  role: Role,
  now: number,
): Reaction | undefined {
  const becameBound = claim.addressName !== undefined && previous?.addressName === undefined
  const sleeps = now - Date.parse(claim.creationTimestamp) > addressWatchMs
  if (!becameBound || !sleeps || !needsAllocation(cluster, role)) return undefined
  return ownershipOf(claim, cluster).owner === 'this-cluster'
    ? { act: 'wake', because: 'claim bound' }
    : undefined
}

/**
 * Decides which Clusters a pool that is new or changed may serve now: those that wait without a claim on it
 * and would choose it, oldest first, no more than it has addresses. (Its own claims are woken by the provider.)
 *
 * @param waiting Clusters whose claim, if there is one, is unbound and on another pool
 */
export function reactToPool(
  pool: IPPool,
  previous: IPPool | undefined,
  waiting: readonly Cluster[],
  role: Role,
): readonly Cluster[] {
  if (previous !== undefined && !offersMore(pool, previous)) return []
  return waiting
    .filter((cluster) => needsAllocation(cluster, role) && wouldServe(pool, cluster, role))
    .toSorted(
      (a, b) => a.creationTimestamp.localeCompare(b.creationTimestamp) || a.name.localeCompare(b.name),
    )
    .slice(0, availableAddresses(pool))
}

function wouldServe(pool: IPPool, cluster: Cluster, role: Role): boolean {
  if (pool.kind === 'InClusterIPPool' && pool.namespace !== cluster.namespace) return false
  return selectIPPool(poolRequestFor(cluster, role), [pool]).outcome === 'selected'
}

/** All that decides whether a run would get further than it did, as one comparable text. */
function inputsOf(cluster: Cluster, role: Role): string {
  return JSON.stringify([
    needsAllocation(cluster, role),
    cluster.topology,
    cluster.controlPlaneEndpoint,
    explicitPoolOf(cluster, role),
  ])
}

/** Whether a run that this pool could not serve before may find it better now. */
function offersMore(pool: IPPool, previous: IPPool): boolean {
  if (termsOf(pool) !== termsOf(previous)) return true
  const [now, before] = [availableAddresses(pool), availableAddresses(previous)]
  return now !== undefined && (before === undefined || now > before)
}

function termsOf(pool: IPPool): string {
  return JSON.stringify([pool.labels, pool.annotations, pool.isDeleting, pool.isPaused])
}
