import { ownershipOf } from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { needsAllocation, poolRequestFor, type ClusterContext } from '../domain/allocation/eligibility.ts'
import { isToBeAdopted } from '../domain/allocation/unowned-claim.ts'
import { availableAddresses, type IPPool } from '../domain/model/pool.ts'
import { selectIPPool } from '../domain/allocation/pool-selection.ts'
import { lossOf, poolToRestoreFrom } from '../domain/allocation/restoration.ts'
import { queuePriorityAnnotation } from '../domain/names.ts'
import { askedAddressOf, askingOf } from '../domain/allocation/asked-address.ts'
import { familiesAnnotations } from '../domain/allocation/ip-families.ts'
import { enabledAnnotations, roleOf, type Role, type VipPart } from '../domain/role.ts'
import { vipOwnershipOf } from '../domain/allocation/vip-ownership.ts'
import { addressIn, explicitPoolOf, partsOf, type VipRole } from '../domain/allocation/vip-role.ts'
import type { ClaimBinding, SnapshotQueries } from '../domain/allocation/snapshot.ts'
import { compareTurns, turnOf } from '../domain/allocation/waiter.ts'
import { vipConditionOf } from '../domain/allocation/vip-condition.ts'
import { fastPathPollTimeoutMs, beginsWithinMs } from '../domain/timings.ts'
import type { AllocationRequest } from './workflow-request.ts'

const adoption = { action: 'signal-with-start', reason: 'claim without owner holds the VIP' } as const

/** Decides what a new or changed Cluster requests for one of its VIPs. */
export function requestForCluster(
  cluster: Cluster,
  previous: Cluster | undefined,
  vip: VipRole,
  context: ClusterContext,
): AllocationRequest | undefined {
  const needs = needsAllocation(cluster, vip, context)
  if (previous === undefined) {
    return needs ? { action: 'start', reason: `Cluster without ${vip.role} VIP` } : undefined
  }
  if (needs) {
    return inputsOf(cluster, vip) === inputsOf(previous, vip)
      ? undefined
      : { action: 'signal-with-start', reason: 'Cluster changed' }
  }
  if (!needsAllocation(previous, vip, context)) return undefined
  if (cluster.isDeleting) return { action: 'signal', reason: 'Cluster is being deleted' }
  const { state } = vipOwnershipOf(cluster, vip)
  if (state === 'external') return { action: 'signal', reason: `${vip.role} VIP set by others` }
  return state === 'unset' && !cluster.isPaused
    ? { action: 'signal', reason: `${vip.role} VIP not wanted` }
    : undefined
}

/**
 * Decides the same about a claim that was there before the Cluster, or before the Cluster could adopt it: it was created,
 * unpaused, asked for the VIP, or got the endpoint that the claim holds.
 */
export function requestForHeldVip(
  cluster: Cluster,
  previous: Cluster | undefined,
  vip: VipRole,
  binding: ClaimBinding,
  context: ClusterContext,
): AllocationRequest | undefined {
  const isHolder = (of: Cluster): boolean => isToBeAdopted(of, vip, binding, context)
  return isHolder(cluster) && (previous === undefined || !isHolder(previous)) ? adoption : undefined
}

export interface BindingContext {
  readonly cluster: ClusterContext
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Everything has been listed: what is not in the cache does not exist. */
  readonly isComplete: boolean
}

/** Decides what a new, changed or deleted claim or IPAddress requests for its VIP. */
export function requestForBinding(
  binding: ClaimBinding,
  previous: ClaimBinding,
  cluster: Cluster,
  vip: VipRole,
  context: BindingContext,
): AllocationRequest | undefined {
  const { claim } = binding
  const lossIn = (of: ClaimBinding): string | undefined =>
    context.isComplete ? lossOf(cluster, vip, of.claim, of.ipAddress) : undefined
  const [loss, before] = [lossIn(binding), lossIn(previous)]
  if (loss !== undefined) {
    return loss === before ? undefined : { action: 'signal-with-start', reason: loss }
  }
  const isHolder = (of: ClaimBinding): boolean => isToBeAdopted(cluster, vip, of, context.cluster)
  if (isHolder(binding) && !isHolder(previous)) return adoption
  const needs = needsAllocation(cluster, vip, context.cluster)
  if (claim === undefined) {
    return needs && previous.claim ? { action: 'signal-with-start', reason: 'claim deleted' } : undefined
  }
  // A run that has just created the claim polls it.
  const isPolled = context.now - Date.parse(claim.creationTimestamp) <= fastPathPollTimeoutMs
  if (isPolled || ownershipOf(claim, cluster).owner !== 'this-cluster') return undefined
  // The run that has restored a lost VIP waits for this.
  if (before !== undefined) return { action: 'signal', reason: 'claim bound' }
  const isNowRefused = claim.refusal !== undefined && previous.claim?.refusal === undefined
  if (needs && isNowRefused) return { action: 'signal', reason: 'claim refused by its IPAM provider' }
  const isNowBound = claim.addressName !== undefined && previous.claim?.addressName === undefined
  return needs && isNowBound ? { action: 'signal-with-start', reason: 'claim bound' } : undefined
}

/** A pool that is new or has changed. */
export interface PoolChange extends Pick<SnapshotQueries, 'usableBy' | 'classOf'> {
  readonly pool: IPPool
  /** Undefined: it is new, at least for the Clusters concerned. */
  readonly previous: IPPool | undefined
}

/**
 * Decides which waiting Clusters a new or changed pool can serve: those that would choose it, in the order of their turns, and
 * no more than it has addresses. The provider itself serves the claims on it.
 *
 * @param waiting Clusters that need the VIP and have no claim on the pool; only called, at a cost, if it offers more than before
 * @param now milliseconds since the epoch
 */
export function clustersToServe(
  { pool, previous, usableBy, classOf }: PoolChange,
  waiting: () => readonly Cluster[],
  part: VipPart,
  now: number,
): readonly Cluster[] {
  if (previous !== undefined && !offersMore(pool, previous)) return []
  const wouldChoose = (cluster: Cluster): boolean =>
    selectIPPool(
      poolRequestFor(cluster, part, { clusterClass: classOf(cluster) }),
      usableBy(cluster.namespace, [pool]),
    ).outcome === 'selected'
  return (
    waiting()
      // One that asks for a certain address does not take the place of another.
      .filter((cluster) => askedAddressOf(cluster, part) === undefined)
      .filter((cluster) => !hasJustBegun(cluster, roleOf(part), now) && wouldChoose(cluster))
      .toSorted((a, b) => compareTurns(turnOf(a, roleOf(part)), turnOf(b, roleOf(part))))
      .slice(0, availableAddresses(pool))
  )
}

/** Its run has not had the time to set a condition. */
function hasJustBegun(cluster: Cluster, role: Role, now: number): boolean {
  const ageMs = now - Date.parse(cluster.creationTimestamp)
  return ageMs < beginsWithinMs && vipConditionOf(cluster, role) === undefined
}

/**
 * Decides which Clusters can have their lost VIP reserved again in a new or changed pool.
 *
 * @param lost Clusters whose VIP no claim holds; only called, at a cost, if the pool's addresses or terms changed
 */
export function clustersToRestore(
  { pool, previous, usableBy }: PoolChange,
  lost: () => readonly Cluster[],
  vipOf: (cluster: Cluster) => VipRole | undefined,
): readonly Cluster[] {
  if (previous !== undefined && offerOf(pool) === offerOf(previous)) return []
  return lost().filter((cluster) => {
    const vip = vipOf(cluster)
    if (vip === undefined) return false
    const pools = usableBy(cluster.namespace, [pool])
    return poolToRestoreFrom({ cluster, vip, address: addressIn(cluster, vip), pools }) !== undefined
  })
}

/** Everything that may get a run further, as comparable text: any part of the spec may be why our patch was rejected. */
function inputsOf(cluster: Cluster, vip: VipRole): string {
  return JSON.stringify([
    cluster.uid,
    cluster.isPaused,
    cluster.generation,
    // Only a value beside an endpoint that is there depends on it. A new Cluster gets its first status at about this time.
    cluster.controlPlaneEndpoint.host !== '' && cluster.isAwaitingInfrastructure,
    ...partsOf(vip).map(({ part }) => explicitPoolOf(cluster, part)),
    askingOf(cluster, vip.role),
    cluster.annotations[queuePriorityAnnotation],
    ...[...enabledAnnotations, ...familiesAnnotations].map((annotation) => cluster.annotations[annotation]),
    vipOwnershipOf(cluster, vip),
  ])
}

/** Whether the pool may serve a run that it could not serve before. */
function offersMore(pool: IPPool, previous: IPPool): boolean {
  if (termsOf(pool) !== termsOf(previous)) return true
  // Nobody knows what a change of its spec is good for.
  if (!pool.poolKind.isCounted && pool.generation !== previous.generation) return true
  const [now, before] = [availableAddresses(pool), availableAddresses(previous)]
  return now !== undefined && (before === undefined || now > before)
}

/** Everything that decides which addresses the pool can give to whom. */
export function offerOf(pool: IPPool): string {
  const { addresses, excludedAddresses, prefix, gateway, givesReserved } = pool
  return JSON.stringify([termsOf(pool), addresses, excludedAddresses, prefix, gateway, givesReserved])
}

function termsOf(pool: IPPool): string {
  return JSON.stringify([pool.labels, pool.annotations, pool.isDeleting, pool.isPaused])
}
