import { ownershipOf, type IPAddressClaim } from '../model/claim.ts'
import { decideVariable, type ClusterClass } from '../model/cluster-class.ts'
import { variableOf, type Cluster } from '../model/cluster.ts'
import { nonEmptyStringOf } from '../model/decode.ts'
import { isValidEndpoint } from '../model/endpoint.ts'
import { ingressEnabledAnnotation } from '../names.ts'
import { formatKey } from '../model/object-meta.ts'
import type { IPPool } from '../model/pool.ts'
import { matchingPools, type PoolRequest } from './pool-selection.ts'
import { quoted } from '../quote.ts'
import {
  defaultRole,
  roleNames,
  roles,
  vipRole,
  type Role,
  type VariableNames,
  type VipRole,
} from '../role.ts'
import { describeVip, recordedVip, vipOwnershipOf } from './vip-ownership.ts'

/** Whether a Cluster may be written to as it is now. */
export type WriteDecision =
  | { readonly decision: 'write' }
  /** Not now. */
  | { readonly decision: 'wait'; readonly reason: 'ClusterPaused'; readonly message: string }
  /** Never again. */
  | { readonly decision: 'end'; readonly reason: 'ClusterDeleted'; readonly message: string }

/** What an allocation has to do next for a Cluster as it is now. */
export type AllocationDecision =
  /** Take an address, or go on with the claim that is there. */
  | { readonly decision: 'allocate' }
  /** The VIP is one we assigned, and its claim is gone: the same address has to be had again. */
  | { readonly decision: 'restore'; readonly address: string }
  /** The host is somebody else's and stays; only its port is missing. */
  | { readonly decision: 'complete-port' }
  /** Nothing to do until somebody changes the Cluster. */
  | {
      readonly decision: 'skip'
      readonly reason: 'EndpointAlreadySet' | 'NoMatchingPool'
      readonly message: string
    }
  /** A person has to correct the Cluster. */
  | { readonly decision: 'refuse'; readonly reason: 'AllocationFailed'; readonly message: string }
  | Exclude<WriteDecision, { readonly decision: 'write' }>

/** A Cluster that is being deleted or is paused is not touched. */
export function decideWrite(cluster: Cluster): WriteDecision {
  const key = formatKey(cluster)
  if (cluster.isDeleting) {
    return { decision: 'end', reason: 'ClusterDeleted', message: `Cluster ${key} is being deleted` }
  }
  if (cluster.isPaused) {
    const message = `Cluster ${key} is paused; nothing is written until it is unpaused`
    return { decision: 'wait', reason: 'ClusterPaused', message }
  }
  return { decision: 'write' }
}

/**
 * Decides whether a Cluster needs an address for one of its roles.
 *
 * @param claim the claim under our name, if there is one: an endpoint with a claim of ours is one we assign,
 *   an endpoint without is somebody else's and costs no address, unless our annotation says otherwise.
 * @param pools those the Cluster could use
 */
export function decideAllocation(
  cluster: Cluster,
  vip: VipRole,
  claim: IPAddressClaim | undefined,
  pools: readonly IPPool[],
): AllocationDecision {
  const write = decideWrite(cluster)
  if (write.decision === 'end') return write
  const wish = wishOf(cluster, vip, pools)
  if (wish.wish === 'none') return { decision: 'skip', reason: 'NoMatchingPool', message: wish.message }
  if (write.decision === 'wait') return write
  if (wish.wish === 'unreadable') {
    return { decision: 'refuse', reason: 'AllocationFailed', message: wish.message }
  }
  return decideByStanding(cluster, vip, claim)
}

function decideByStanding(
  cluster: Cluster,
  vip: VipRole,
  claim: IPAddressClaim | undefined,
): AllocationDecision {
  if (claim !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster') {
    return { decision: 'allocate' }
  }
  const ownership = vipOwnershipOf(cluster, vip)
  switch (ownership.state) {
    case 'unset':
      return { decision: 'allocate' }
    case 'managed':
    case 'drifted':
      return claim === undefined
        ? { decision: 'restore', address: ownership.address }
        : { decision: 'allocate' }
    case 'incomplete':
      return { decision: 'complete-port' }
    case 'external':
      return {
        decision: 'skip',
        reason: 'EndpointAlreadySet',
        message: `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} already, and not from a claim of ours; no address is taken`,
      }
    default:
      return ownership satisfies never
  }
}

/** Whether a Cluster is to have a VIP for a role at all. */
export type Wish =
  | { readonly wish: 'vip' }
  | { readonly wish: 'none'; readonly message: string }
  /** The Cluster's word on it cannot be read. */
  | { readonly wish: 'unreadable'; readonly message: string }

/**
 * A control plane has a VIP in Clusters of a ClusterClass, and in those that name a pool themselves. Ingress has one
 * where the Cluster says so, or says nothing and a pool for it matches. What we once assigned stays wanted.
 */
export function wishOf(cluster: Cluster, { role }: VipRole, pools: readonly IPPool[]): Wish {
  const key = formatKey(cluster)
  if (explicitPoolOf(cluster, role) === undefined && cluster.topology === undefined) {
    const message = `Cluster ${key} has no spec.topology; name a pool in its annotation ${roleNames[role].poolAnnotation} to have one all the same`
    return { wish: 'none', message }
  }
  return role === 'control-plane' ? { wish: 'vip' } : ingressWishOf(cluster, pools)
}

function ingressWishOf(cluster: Cluster, pools: readonly IPPool[]): Wish {
  const key = formatKey(cluster)
  const word = cluster.annotations[ingressEnabledAnnotation]
  if (word !== undefined && word !== 'true' && word !== 'false') {
    const message = `annotation ${ingressEnabledAnnotation} of Cluster ${key} is ${quoted(word)}, expected "true" or "false"`
    return { wish: 'unreadable', message }
  }
  if (word === 'true' || recordedVip(cluster, 'ingress') !== undefined) return { wish: 'vip' }
  if (word === 'false') {
    return { wish: 'none', message: `Cluster ${key} has ${ingressEnabledAnnotation}: "false"` }
  }
  const matching = matchingPools(poolRequestFor(cluster, 'ingress'), pools)
  if (explicitPoolOf(cluster, 'ingress') !== undefined || matching.length > 0) return { wish: 'vip' }
  return {
    wish: 'none',
    message: `no pool is for ingress VIPs of Cluster ${key}, and it does not ask for one`,
  }
}

/** The roles besides the first one for which the Cluster wants a VIP, and nobody else has given it one. */
export function alsoWantedRoles(
  cluster: Cluster,
  pools: readonly IPPool[],
  variables: VariableNames,
): readonly Role[] {
  return roles.filter((role) => {
    const vip = vipRole(role, variables)
    return (
      role !== defaultRole &&
      wishOf(cluster, vip, pools).wish !== 'none' &&
      vipOwnershipOf(cluster, vip).state !== 'external'
    )
  })
}

/** The pool a Cluster names by annotation, `[Kind/]name`. */
export function explicitPoolOf(cluster: Cluster, role: Role): string | undefined {
  return nonEmptyStringOf(cluster.annotations[roleNames[role].poolAnnotation]?.trim())
}

/** What a VIP of the Cluster is wanted for, in the words of the pool choice. */
export function poolRequestFor(cluster: Cluster, role: Role): PoolRequest {
  return {
    namespace: cluster.namespace,
    role,
    clusterClass: cluster.topology?.clusterClass,
    explicitPool: explicitPoolOf(cluster, role),
  }
}

/** What is known beside a Cluster when it is asked whether a run would have anything to do. */
export interface ClusterContext {
  /** Undefined also while it is not known yet. */
  readonly clusterClass: ClusterClass | undefined
  /** Those the Cluster could use. */
  readonly pools: readonly IPPool[]
}

/** Whether a run would have anything to write now, without a look at claims. Paused and deleting ones wait. */
export function needsAllocation(
  cluster: Cluster,
  vip: VipRole,
  { clusterClass, pools }: ClusterContext,
): boolean {
  if (decideWrite(cluster).decision !== 'write' || wishOf(cluster, vip, pools).wish === 'none') return false
  const { state } = vipOwnershipOf(cluster, vip)
  if (state !== 'managed') return state !== 'external'
  return isHalfWritten(cluster, vip, clusterClass)
}

/** A later `kubectl apply` of a manifest drops what the manifest does not own: a port, or our variable. */
function isHalfWritten(
  cluster: Cluster,
  { role, variable }: VipRole,
  clusterClass: ClusterClass | undefined,
): boolean {
  if (role === 'control-plane' && !isValidEndpoint(cluster.controlPlaneEndpoint)) return true
  return (
    cluster.topology !== undefined &&
    variableOf(cluster, variable) === undefined &&
    decideVariable(clusterClass, variable) === 'write'
  )
}
