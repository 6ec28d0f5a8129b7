import { decideVariable, type ClusterClass } from '../model/cluster-class.ts'
import { variableOf, type Cluster } from '../model/cluster.ts'
import { nonEmptyStringOf } from '../model/decode.ts'
import { isValidEndpoint } from '../model/endpoint.ts'
import { formatKey } from '../model/object-meta.ts'
import type { IPPool } from '../model/pool.ts'
import { matchingPools, type PoolRequest } from './pool-selection.ts'
import { quoted } from '../quote.ts'
import {
  defaultRole,
  roleSpecs,
  roles,
  vipRole,
  type Role,
  type VariableNames,
  type VipRole,
} from '../role.ts'
import { recordedVip, vipOwnershipOf } from './vip-ownership.ts'

/** Whether a Cluster may be written to as it is now: one that is paused or being deleted is not touched. */
export function isWritable({ isDeleting, isPaused }: Pick<Cluster, 'isDeleting' | 'isPaused'>): boolean {
  return !isDeleting && !isPaused
}

/** Whether a Cluster is to have a VIP for a role at all. */
export type Desire =
  | { readonly desired: 'yes' }
  | { readonly desired: 'no'; readonly message: string }
  /** The Cluster's word on it cannot be read. */
  | { readonly desired: 'unreadable'; readonly message: string }
  /** Without a word of the Cluster's, a matching pool decides, and the pools have not been read. */
  | { readonly desired: 'depends-on-pools' }

/**
 * A control plane has a VIP in Clusters of a ClusterClass, and in those that name a pool themselves. Ingress has one
 * if the Cluster says so, or says nothing and a pool for it matches. What we once assigned stays desired.
 *
 * @param pools those that the Cluster can reach; undefined: not read
 */
export function desireFor(cluster: Cluster, { role }: VipRole, pools: readonly IPPool[] | undefined): Desire {
  const key = formatKey(cluster)
  if (explicitPoolOf(cluster, role) === undefined && cluster.topology === undefined) {
    const message = `Cluster ${key} has no spec.topology; name a pool in its annotation ${roleSpecs[role].poolAnnotation} to have one all the same`
    return { desired: 'no', message }
  }
  const { enabledAnnotation } = roleSpecs[role]
  return enabledAnnotation === undefined
    ? { desired: 'yes' }
    : requestedDesireFor(cluster, role, enabledAnnotation, pools)
}

function requestedDesireFor(
  cluster: Cluster,
  role: Role,
  enabledAnnotation: string,
  pools: readonly IPPool[] | undefined,
): Desire {
  const key = formatKey(cluster)
  const word = cluster.annotations[enabledAnnotation]
  if (word !== undefined && word !== 'true' && word !== 'false') {
    const message = `annotation ${enabledAnnotation} of Cluster ${key} is ${quoted(word)}, expected "true" or "false"`
    return { desired: 'unreadable', message }
  }
  if (word === 'true' || recordedVip(cluster, role) !== undefined) return { desired: 'yes' }
  if (word === 'false') {
    return { desired: 'no', message: `Cluster ${key} has ${enabledAnnotation}: "false"` }
  }
  if (explicitPoolOf(cluster, role) !== undefined) return { desired: 'yes' }
  if (pools === undefined) return { desired: 'depends-on-pools' }
  if (matchingPools(poolRequestFor(cluster, role), pools).length > 0) return { desired: 'yes' }
  return {
    desired: 'no',
    message: `no pool is for ${roleSpecs[role].noun}s of Cluster ${key}, and it does not ask for one`,
  }
}

/** The roles besides the first one for which the Cluster wants a VIP, and nobody else has given it one. */
export function alsoDesiredRoles(
  cluster: Cluster,
  pools: readonly IPPool[],
  variables: VariableNames,
): readonly Role[] {
  return roles.filter((role) => {
    const vip = vipRole(role, variables)
    return (
      role !== defaultRole &&
      desireFor(cluster, vip, pools).desired !== 'no' &&
      vipOwnershipOf(cluster, vip).state !== 'external'
    )
  })
}

/** The pool a Cluster names by annotation, `[Kind/]name`. */
export function explicitPoolOf(cluster: Cluster, role: Role): string | undefined {
  return nonEmptyStringOf(cluster.annotations[roleSpecs[role].poolAnnotation]?.trim())
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
  if (!isWritable(cluster) || desireFor(cluster, vip, pools).desired === 'no') return false
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
  if (roleSpecs[role].isEndpoint && !isValidEndpoint(cluster.controlPlaneEndpoint)) return true
  return (
    cluster.topology !== undefined &&
    variableOf(cluster, variable) === undefined &&
    decideVariable(clusterClass, variable) === 'write'
  )
}
