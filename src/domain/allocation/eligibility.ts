import type { AllocationSettings, EligibilitySettings, Fact } from './action.ts'
import type { ClusterClass } from '../model/cluster-class.ts'
import { isValidEndpoint, type Cluster } from '../model/cluster.ts'
import { formatKey } from '../model/object-meta.ts'
import type { PoolKind } from '../model/pool-kind.ts'
import type { IPPool } from '../model/pool.ts'
import { matchingPools, type PoolRequest } from './pool-selection.ts'
import { quoted } from '../quote.ts'
import { defaultRole, roleOf, roleSpecs, type Role, type VipPart } from '../role.ts'
import { readableAddressOf } from './asked-address.ts'
import { familyFor, recordedVip } from './ip-families.ts'
import { asksToReserve, poolToReserveFrom } from './reserved-endpoint.ts'
import { vipOwnershipOf } from './vip-ownership.ts'
import { enabledWord, explicitPoolOf, namesPoolOrAddress, vipRolesIn, type VipRole } from './vip-role.ts'
import { lacksVariables } from './vip-variables.ts'

/** Whether a Cluster may be written to: one that is paused or being deleted is never touched. */
export function isWritable({ isDeleting, isPaused }: Pick<Cluster, 'isDeleting' | 'isPaused'>): boolean {
  return !isDeleting && !isPaused
}

/** Whether a Cluster should have a VIP for a role at all. */
export type Desire =
  | { readonly desired: 'yes' }
  /** `isRefused`: an annotation says so. */
  | { readonly desired: 'no'; readonly isRefused: boolean; readonly message: string }
  /** The annotation that decides has an invalid value. */
  | { readonly desired: 'unreadable'; readonly message: string }
  /** The Cluster alone does not decide, and this fact has not been read. */
  | { readonly desired: 'depends'; readonly fact: keyof ClusterContext & Fact }

/** Facts that may decide if the Cluster alone does not. An absent one has not been read. */
export type DesireFacts = Partial<ClusterContext> & Pick<AllocationSettings, 'requiresOptIn'>

/**
 * A control plane has a VIP in Clusters of a ClusterClass, and in those that ask for one or name a pool or an address, unless the Cluster or
 * its class refuses it. Ingress has one if the Cluster or its class asks for it, or if neither says anything and a pool for
 * it matches. An installation may require that a Cluster asks. A VIP that we assigned stays desired.
 */
export function desireFor(cluster: Cluster, role: Role, facts: DesireFacts): Desire {
  const { enabledAnnotation, isDefault, noun, poolAnnotation, addressAnnotation } = roleSpecs[role]
  const key = formatKey(cluster)
  const own = cluster.annotations[enabledAnnotation]
  const namesSource = namesPoolOrAddress(cluster, role) || asksToReserve(cluster, role)
  const isRecorded = recordedVip(cluster, role) !== undefined
  if (cluster.topology === undefined && own === undefined && !namesSource && !isRecorded) {
    const message = `Cluster ${key} has no spec.topology; set its annotation ${enabledAnnotation}: "true", or name a pool in ${poolAnnotation} or an address in ${addressAnnotation}, to have one all the same`
    return { desired: 'no', isRefused: false, message }
  }
  if (own === undefined && cluster.topology !== undefined && !('clusterClass' in facts)) {
    return { desired: 'depends', fact: 'clusterClass' }
  }
  const clusterClass = cluster.topology && facts.clusterClass
  const enabled = enabledWord(cluster, role, clusterClass)
  const source =
    own === undefined && clusterClass !== undefined
      ? `ClusterClass ${formatKey(clusterClass)}`
      : `Cluster ${key}`
  if (enabled !== undefined && enabled !== 'true' && enabled !== 'false') {
    const message = `annotation ${enabledAnnotation} of ${source} is ${quoted(enabled)}, expected "true" or "false"`
    return { desired: 'unreadable', message }
  }
  if (enabled === 'true' || isRecorded) return { desired: 'yes' }
  if (enabled === 'false') {
    return {
      desired: 'no',
      isRefused: true,
      message: `${source} has ${enabledAnnotation}: "false", so no pool is selected for it`,
    }
  }
  if (namesSource) return { desired: 'yes' }
  if (facts.requiresOptIn === true) {
    const message = `Cluster ${key} does not ask for this VIP by ${enabledAnnotation}: "true", and --require-opt-in serves only those that do`
    return { desired: 'no', isRefused: true, message }
  }
  if (isDefault) return { desired: 'yes' }
  if (facts.pools === undefined) return { desired: 'depends', fact: 'pools' }
  if (matchingPools(poolRequestFor(cluster, role, { clusterClass }), facts.pools).length > 0)
    return { desired: 'yes' }
  const message = `no pool is for ${noun}s of Cluster ${key}, and it does not ask for one`
  return { desired: 'no', isRefused: false, message }
}

/** The roles, besides the first, for which the Cluster wants a VIP and nobody else has given it one. */
export function alsoDesiredRoles(
  cluster: Cluster,
  context: ClusterContext,
  { variables, requiresOptIn }: EligibilitySettings,
): readonly Role[] {
  const facts = { ...context, requiresOptIn }
  return vipRolesIn(cluster, variables, context.clusterClass)
    .filter(({ role }) => role !== defaultRole)
    .filter(({ role }) => desireFor(cluster, role, facts).desired !== 'no')
    .filter((vip) => vipOwnershipOf(cluster, vip).state !== 'external')
    .map(({ role }) => role)
}

/** What a pool request depends on besides the Cluster. */
export interface RequestContext {
  /** It may name the families of addresses. */
  readonly clusterClass?: ClusterClass | undefined
  /** Those that messages name. */
  readonly poolKinds?: readonly PoolKind[] | undefined
}

/** The input of the pool selection for an address of the Cluster. */
export function poolRequestFor(
  cluster: Cluster,
  part: VipPart,
  { clusterClass, poolKinds }: RequestContext,
): PoolRequest {
  return {
    poolKinds,
    namespace: cluster.namespace,
    role: roleOf(part),
    clusterClass: cluster.topology?.clusterClass,
    explicitPool: explicitPoolOf(cluster, part),
    address: readableAddressOf(cluster, part),
    family: familyFor(cluster, part, clusterClass),
  }
}

/** What decides about a Cluster besides itself. */
export interface ClusterContext {
  /** Undefined also while it has not been listed. */
  readonly clusterClass: ClusterClass | undefined
  /** Those that the Cluster can use. */
  readonly pools: readonly IPPool[]
  readonly requiresOptIn?: boolean | undefined
}

/**
 * Whether the Cluster alone needs a run for the VIP, whatever its claims are: they arrive by a watch of their own, so an
 * event about a Cluster cannot rely on them. Paused and deleting Clusters wait.
 */
export function needsAllocation(cluster: Cluster, vip: VipRole, context: ClusterContext): boolean {
  if (!isWritable(cluster) || desireFor(cluster, vip.role, context).desired === 'no') return false
  const ownership = vipOwnershipOf(cluster, vip)
  if (ownership.state === 'external') {
    const toReserve = poolToReserveFrom(cluster, vip, poolRequestFor(cluster, vip.role, {}), context.pools)
    return (
      !ownership.wasOurs && (toReserve !== undefined || lacksVariables(cluster, vip, context.clusterClass))
    )
  }
  if (ownership.state !== 'managed') return true
  // A later `kubectl apply` of a manifest drops what the manifest does not own: a port, or our variable.
  const lacksPort = roleSpecs[vip.role].isEndpoint && !isValidEndpoint(cluster.controlPlaneEndpoint)
  return lacksPort || lacksVariables(cluster, vip, context.clusterClass)
}
