import { decideVipVariable, type ClusterClass } from '../model/cluster-class.ts'
import { isValidEndpoint, type Cluster } from '../model/cluster.ts'
import { nonEmptyStringOf } from '../model/decode.ts'
import { formatKey } from '../model/object-meta.ts'
import type { IPPool } from '../model/pool.ts'
import { matchingPools, type PoolRequest } from './pool-selection.ts'
import { quoted } from '../quote.ts'
import { isRequired, roleSpecs, vipRoles, type Role, type VariableNames, type VipRole } from '../role.ts'
import { recordedVip, vipOwnershipOf } from './vip-ownership.ts'

/** Whether a Cluster may be written to: one that is paused or being deleted is never touched. */
export function isWritable({ isDeleting, isPaused }: Pick<Cluster, 'isDeleting' | 'isPaused'>): boolean {
  return !isDeleting && !isPaused
}

/** Whether a Cluster should have a VIP for a role at all. */
export type Desire =
  | { readonly desired: 'yes' }
  | { readonly desired: 'no'; readonly message: string }
  /** The Cluster's annotation has an invalid value. */
  | { readonly desired: 'unreadable'; readonly message: string }
  /** Without an annotation, a matching pool decides, and the pools have not been read. */
  | { readonly desired: 'depends-on-pools' }

/**
 * A control plane has a VIP in Clusters of a ClusterClass, and in those that name a pool themselves. Ingress has one if the
 * Cluster's annotation asks for it, or if there is no annotation and a pool for it matches. A VIP that we assigned stays
 * desired.
 *
 * @param pools those that the Cluster can use; undefined: not read
 */
export function desireFor(cluster: Cluster, { role }: VipRole, pools: readonly IPPool[] | undefined): Desire {
  const { enabledAnnotation, noun, poolAnnotation } = roleSpecs[role]
  const key = formatKey(cluster)
  const namesPool = explicitPoolOf(cluster, role) !== undefined
  const isRecorded = recordedVip(cluster, role) !== undefined
  if (!namesPool && !isRecorded && cluster.topology === undefined) {
    const message = `Cluster ${key} has no spec.topology; name a pool in its annotation ${poolAnnotation} to have one all the same`
    return { desired: 'no', message }
  }
  if (enabledAnnotation === undefined) return { desired: 'yes' }
  const enabled = cluster.annotations[enabledAnnotation]
  if (enabled !== undefined && enabled !== 'true' && enabled !== 'false') {
    const message = `annotation ${enabledAnnotation} of Cluster ${key} is ${quoted(enabled)}, expected "true" or "false"`
    return { desired: 'unreadable', message }
  }
  if (enabled === 'true' || isRecorded) return { desired: 'yes' }
  if (enabled === 'false')
    return { desired: 'no', message: `Cluster ${key} has ${enabledAnnotation}: "false"` }
  if (namesPool) return { desired: 'yes' }
  if (pools === undefined) return { desired: 'depends-on-pools' }
  return matchingPools(poolRequestFor(cluster, role), pools).length > 0
    ? { desired: 'yes' }
    : { desired: 'no', message: `no pool is for ${noun}s of Cluster ${key}, and it does not ask for one` }
}

/** The roles, besides the required ones, for which the Cluster wants a VIP and nobody else has given it one. */
export function alsoDesiredRoles(
  cluster: Cluster,
  pools: readonly IPPool[],
  variables: VariableNames,
): readonly Role[] {
  return vipRoles(variables)
    .filter(({ role }) => !isRequired(role))
    .filter((vip) => desireFor(cluster, vip, pools).desired !== 'no')
    .filter((vip) => vipOwnershipOf(cluster, vip).state !== 'external')
    .map(({ role }) => role)
}

/** The pool a Cluster names by annotation, `[Kind/]name`. */
export function explicitPoolOf(cluster: Cluster, role: Role): string | undefined {
  return nonEmptyStringOf(cluster.annotations[roleSpecs[role].poolAnnotation]?.trim())
}

/** The input of the pool selection for a VIP of the Cluster. */
export function poolRequestFor(cluster: Cluster, role: Role): PoolRequest {
  return {
    namespace: cluster.namespace,
    role,
    clusterClass: cluster.topology?.clusterClass,
    explicitPool: explicitPoolOf(cluster, role),
  }
}

/** The objects by which `needsAllocation` decides about a Cluster. */
export interface ClusterContext {
  /** Undefined also while it has not been listed. */
  readonly clusterClass: ClusterClass | undefined
  /** Those that the Cluster can use. */
  readonly pools: readonly IPPool[]
}

/**
 * Whether the Cluster alone needs a run for the VIP, whatever its claims are: they arrive by a watch of their own, so an
 * event about a Cluster cannot rely on them. Paused and deleting Clusters wait.
 */
export function needsAllocation(
  cluster: Cluster,
  vip: VipRole,
  { clusterClass, pools }: ClusterContext,
): boolean {
  if (!isWritable(cluster) || desireFor(cluster, vip, pools).desired === 'no') return false
  const { state } = vipOwnershipOf(cluster, vip)
  if (state !== 'managed') return state !== 'external'
  // A later `kubectl apply` of a manifest drops what the manifest does not own: a port, or our variable.
  const lacksPort = roleSpecs[vip.role].isEndpoint && !isValidEndpoint(cluster.controlPlaneEndpoint)
  return lacksPort || decideVipVariable(cluster, vip, clusterClass).decision === 'write'
}
