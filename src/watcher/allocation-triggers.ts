import { ownershipOf, type IPAddressClaim } from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import {
  explicitPoolOf,
  needsAllocation,
  poolRequestFor,
  type ClusterContext,
} from '../domain/allocation/eligibility.ts'
import { ingressEnabledAnnotation } from '../domain/names.ts'
import { availableAddresses, type IPPool } from '../domain/model/pool.ts'
import { selectIPPool } from '../domain/allocation/pool-selection.ts'
import { lossOf, poolToRestoreFrom } from '../domain/allocation/restoration.ts'
import type { Role, VipRole } from '../domain/role.ts'
import { addressIn, vipOwnershipOf } from '../domain/allocation/vip-ownership.ts'
import { poolsUsableBy, type ClaimBinding } from '../domain/allocation/snapshot.ts'
import { vipConditionOf } from '../domain/allocation/vip-condition.ts'
import { fastPathPollTimeoutMs, beginsWithinMs } from '../domain/timings.ts'

/**
 * What the watcher asks Temporal for:
 * `start` a run unless there is one; `wake` the run, and start one if there is none; `nudge` the run if there is one.
 */
export type Reaction = { readonly act: 'start' | 'wake' | 'nudge'; readonly because: string }

/** Decides what a Cluster that is new or changed means for one of its VIPs. `previous` is undefined for a new one. */
export function reactToCluster(
  cluster: Cluster,
  previous: Cluster | undefined,
  vip: VipRole,
  around: ClusterContext,
): Reaction | undefined {
  const needs = needsAllocation(cluster, vip, around)
  if (previous === undefined) {
    return needs ? { act: 'start', because: `Cluster without ${vip.role} VIP` } : undefined
  }
  if (needs) {
    return inputsOf(cluster, vip) === inputsOf(previous, vip)
      ? undefined
      : { act: 'wake', because: 'Cluster changed' }
  }
  if (!needsAllocation(previous, vip, around)) return undefined
  if (cluster.isDeleting) return { act: 'nudge', because: 'Cluster is being deleted' }
  return vipOwnershipOf(cluster, vip).state === 'external'
    ? { act: 'nudge', because: `${vip.role} VIP set by others` }
    : undefined
}

/** What a change of a claim or an IPAddress is judged by. */
export interface HoldingContext {
  readonly around: ClusterContext
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Claims and IPAddresses have been listed: what is not known does not exist. */
  readonly isComplete: boolean
}

/** Decides what it means for a VIP that its claim, or the claim's IPAddress, is new, changed or gone. */
export function reactToHolding(
  holding: ClaimBinding,
  previous: ClaimBinding,
  cluster: Cluster,
  vip: VipRole,
  { around, now, isComplete }: HoldingContext,
): Reaction | undefined {
  const loss = isComplete ? lossOf(cluster, vip, holding.claim, holding.ipAddress) : undefined
  if (loss !== undefined) {
    const known = lossOf(cluster, vip, previous.claim, previous.ipAddress)
    return loss === known ? undefined : { act: 'wake', because: loss }
  }
  if (!needsAllocation(cluster, vip, around)) return undefined
  if (holding.claim === undefined && previous.claim !== undefined) {
    return { act: 'wake', because: 'claim deleted' }
  }
  return becameBoundLate(holding.claim, previous.claim, cluster, now)
    ? { act: 'wake', because: 'claim bound' }
    : undefined
}

/** A run that has just made the claim looks at it itself. */
function becameBoundLate(
  claim: IPAddressClaim | undefined,
  previous: IPAddressClaim | undefined,
  cluster: Cluster,
  now: number,
): boolean {
  return (
    claim?.addressName !== undefined &&
    previous?.addressName === undefined &&
    now - Date.parse(claim.creationTimestamp) > fastPathPollTimeoutMs &&
    ownershipOf(claim, cluster).owner === 'this-cluster'
  )
}

/**
 * Decides which Clusters a pool that is new or changed may serve now: those that wait without a claim on it
 * and would choose it, oldest first, no more than it has addresses. (Its own claims are woken by the provider.) One whose
 * run has just begun does not wait.
 *
 * @param waiting Clusters that need the VIP and whose claim, if there is one, is unbound and on another pool; asked only
 *   where the pool has more to offer, which is seldom
 * @param now milliseconds since the epoch
 */
export function reactToPool(
  pool: IPPool,
  previous: IPPool | undefined,
  waiting: () => readonly Cluster[],
  { role }: VipRole,
  now: number,
): readonly Cluster[] {
  if (previous !== undefined && !offersMore(pool, previous)) return []
  return waiting()
    .filter((cluster) => isFor(pool, cluster) && !hasJustBegun(cluster, role, now))
    .filter((cluster) => selectIPPool(poolRequestFor(cluster, role), [pool]).outcome === 'selected')
    .toSorted(
      (a, b) => a.creationTimestamp.localeCompare(b.creationTimestamp) || a.name.localeCompare(b.name),
    )
    .slice(0, availableAddresses(pool))
}

/** It has said nothing yet, and had no time to. */
function hasJustBegun(cluster: Cluster, role: Role, now: number): boolean {
  const ageMs = now - Date.parse(cluster.creationTimestamp)
  return ageMs < beginsWithinMs && vipConditionOf(cluster, role) === undefined
}

/**
 * Decides which Clusters may have their VIP reserved again in a pool that is new, or has other addresses or terms now.
 *
 * @param lost Clusters whose VIP no claim holds; asked only where the pool has news, which is seldom
 */
export function restorableFrom(
  pool: IPPool,
  previous: IPPool | undefined,
  lost: () => readonly Cluster[],
  vip: VipRole,
): readonly Cluster[] {
  if (previous !== undefined && offerOf(pool) === offerOf(previous)) return []
  return lost().filter(
    (cluster) =>
      isFor(pool, cluster) && poolToRestoreFrom(cluster, vip, addressIn(cluster, vip), [pool]) !== undefined,
  )
}

function isFor(pool: IPPool, cluster: Cluster): boolean {
  return poolsUsableBy(cluster.namespace, [pool]).length > 0
}

/**
 * All that decides whether a run would get further than it did, as one comparable text. Every change of the spec counts:
 * what Cluster API refuses to take from us may be the fault of any part of it.
 */
function inputsOf(cluster: Cluster, vip: VipRole): string {
  return JSON.stringify([
    cluster.uid,
    cluster.isPaused,
    cluster.generation,
    explicitPoolOf(cluster, vip.role),
    cluster.annotations[ingressEnabledAnnotation],
    vipOwnershipOf(cluster, vip),
  ])
}

/** Whether a run that this pool could not serve before may find it better now. */
function offersMore(pool: IPPool, previous: IPPool): boolean {
  if (termsOf(pool) !== termsOf(previous)) return true
  const [now, before] = [availableAddresses(pool), availableAddresses(previous)]
  return now !== undefined && (before === undefined || now > before)
}

/** All that decides which addresses a pool can give to whom. */
function offerOf(pool: IPPool): string {
  const { labels, annotations, addresses, excludedAddresses, prefix, gateway, givesReserved } = pool
  return JSON.stringify([labels, annotations, addresses, excludedAddresses, prefix, gateway, givesReserved])
}

function termsOf(pool: IPPool): string {
  return JSON.stringify([pool.labels, pool.annotations, pool.isDeleting, pool.isPaused])
}
