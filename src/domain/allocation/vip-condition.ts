import type { ClusterClass } from '../model/cluster-class.ts'
import { formatVip, isAllocatedIn, presentVip } from './cluster-patch.ts'
import { disagreementIn, disagreementOf } from './given-values.ts'
import { conditionsApiVersion, type Cluster, type Condition } from '../model/cluster.ts'
import { isWritable } from './eligibility.ts'
import type { Reason } from '../reason.ts'
import { partSpecs, roleSpecs, type Role, type VipPart } from '../role.ts'
import type { VipRole } from './vip-role.ts'
import { vipOwnershipOf } from './vip-ownership.ts'

/** The new state of a VIP's condition; `remove` if the Cluster wants no such VIP. A message holds no time, so it stays the same. */
export type ConditionUpdate =
  | 'remove'
  | {
      readonly isReady: boolean
      readonly reason: Reason
      readonly message: string
      /** The message is true for a moment only: a condition of the same reason stays. Absent: false. */
      readonly isPassing?: boolean
    }

export type ConditionDecision =
  | { readonly decision: 'write'; readonly condition: Condition }
  | { readonly decision: 'remove' }
  | { readonly decision: 'unchanged' }
  /** Nothing may be written to this Cluster, or it has no conditions of this kind. */
  | { readonly decision: 'not-here' }

export function vipConditionOf(cluster: Cluster, role: Role): Condition | undefined {
  return cluster.conditions.find(({ type }) => type === roleSpecs[role].conditionType)
}

/**
 * Whether our condition confirms that the Cluster has this VIP from a claim of ours. People who may edit Clusters can write
 * annotations, but not the status.
 */
export function confirmsVip(cluster: Cluster, part: VipPart, address: string): boolean {
  const { role, isSecond } = partSpecs[part]
  const condition = vipConditionOf(cluster, role)
  return (
    condition?.status === 'True' &&
    condition.reason === 'Allocated' &&
    isAllocatedIn(condition.message, address, isSecond)
  )
}

export function decideCondition(
  cluster: Cluster,
  role: Role,
  update: ConditionUpdate,
  now: Date,
): ConditionDecision {
  if (!takesConditions(cluster)) return { decision: 'not-here' }
  const present = vipConditionOf(cluster, role)
  if (update === 'remove') return { decision: present === undefined ? 'unchanged' : 'remove' }
  const { isReady, reason, message, isPassing = false } = update
  const status = isReady ? 'True' : 'False'
  if (present?.status === status && present.reason === reason && (isPassing || present.message === message)) {
    return { decision: 'unchanged' }
  }
  const lastTransitionTime =
    present?.status === status ? present.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, 'Z')
  const { conditionType } = roleSpecs[role]
  return {
    decision: 'write',
    condition: { type: conditionType, status, reason, message, lastTransitionTime },
  }
}

/**
 * Whether only the condition is missing or outdated on a Cluster with its VIP: one of ours (conditions do not survive
 * `clusterctl move`, or a write may have failed), or one of somebody else, if the condition is wrong or about another one, or
 * if the Cluster does not count as available without it, or its variables have something else.
 */
export function lacksCondition(
  cluster: Cluster,
  vip: VipRole,
  clusterClass: ClusterClass | undefined,
): boolean {
  if (!takesConditions(cluster)) return false
  const present = vipConditionOf(cluster, vip.role)
  const { state } = vipOwnershipOf(cluster, vip)
  if (state !== 'managed' && state !== 'external') return false
  const vipInPlace = presentVip(cluster, vip)
  const disagreement = disagreementOf(cluster, vip, vipInPlace)
  if (present !== undefined || state === 'managed') {
    const isOutdated = present?.status !== 'True' || disagreementIn(present.message) !== disagreement
    return state === 'managed'
      ? isOutdated
      : isOutdated ||
          present.reason === 'Allocated' ||
          !` ${present.message}`.includes(` ${formatVip(vipInPlace)} `)
  }
  if (disagreement !== undefined) return true
  return gatesOf(cluster, clusterClass).includes(roleSpecs[vip.role].conditionType)
}

function takesConditions(cluster: Cluster): boolean {
  return cluster.apiVersion === conditionsApiVersion && isWritable(cluster)
}

/** The Cluster's own list of gates takes precedence over its class's. */
function gatesOf(cluster: Cluster, clusterClass: ClusterClass | undefined): readonly string[] {
  return cluster.availabilityGates.length > 0
    ? cluster.availabilityGates
    : (clusterClass?.availabilityGates ?? [])
}
