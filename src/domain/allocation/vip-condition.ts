import type { ClusterClass } from '../model/cluster-class.ts'
import { isAllocatedIn } from './cluster-patch.ts'
import type { Cluster } from '../model/cluster.ts'
import { conditionsApiVersion, type Condition } from '../model/condition.ts'
import { isWritable } from './eligibility.ts'
import type { Reason } from '../reason.ts'
import { roleSpecs, type Role, type VipRole } from '../role.ts'
import { vipOwnershipOf } from './vip-ownership.ts'

/** What is to be said about a VIP of a Cluster. The text is the same as long as the matter is: it holds no time. */
export type ConditionUpdate =
  | { readonly about: 'vip'; readonly isReady: boolean; readonly reason: Reason; readonly message: string }
  /** The Cluster wants no such VIP. */
  | { readonly about: 'nothing' }

/** What becomes of the condition on the Cluster. */
export type ConditionDecision =
  | { readonly decision: 'write'; readonly condition: Condition }
  | { readonly decision: 'remove' }
  /** It says so already. */
  | { readonly decision: 'unchanged' }
  /** Nothing may be written to this Cluster, or it has no conditions of this kind. */
  | { readonly decision: 'not-here' }

/** The condition that says how a VIP of the Cluster stands, if there is one. */
export function vipConditionOf(cluster: Cluster, role: Role): Condition | undefined {
  return cluster.conditions.find(({ type }) => type === roleSpecs[role].conditionType)
}

/**
 * Whether our condition says that the Cluster has this VIP from a claim of ours. It is in the status, which whoever may edit
 * a Cluster cannot write.
 */
export function confirmsVip(cluster: Cluster, role: Role, address: string): boolean {
  const condition = vipConditionOf(cluster, role)
  return (
    condition?.status === 'True' &&
    condition.reason === 'Allocated' &&
    isAllocatedIn(condition.message, address)
  )
}

/** Decides what to write so that the Cluster says what is to be said. */
export function decideCondition(
  cluster: Cluster,
  role: Role,
  saying: ConditionUpdate,
  now: Date,
): ConditionDecision {
  if (!takesConditions(cluster)) return { decision: 'not-here' }
  const present = vipConditionOf(cluster, role)
  if (saying.about === 'nothing') return { decision: present === undefined ? 'unchanged' : 'remove' }
  const { reason, message } = saying
  const status = saying.isReady ? 'True' : 'False'
  if (present?.status === status && present.reason === reason && present.message === message) {
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
 * Whether a Cluster that needs nothing else does not say so: one that we served (conditions do not survive
 * `clusterctl move`, or a write may have failed), or one with a VIP of somebody else's that says otherwise, or that
 * does not count as available until it says so.
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
  if (present !== undefined && state === 'external') {
    return present.status !== 'True' || present.reason === 'Allocated'
  }
  if (state === 'managed') return present?.status !== 'True'
  return gatesOf(cluster, clusterClass).includes(roleSpecs[vip.role].conditionType)
}

function takesConditions(cluster: Cluster): boolean {
  return cluster.apiVersion === conditionsApiVersion && isWritable(cluster)
}

/** The Cluster's own list of gates goes before its class's. */
function gatesOf(cluster: Cluster, clusterClass: ClusterClass | undefined): readonly string[] {
  return cluster.availabilityGates.length > 0
    ? cluster.availabilityGates
    : (clusterClass?.availabilityGates ?? [])
}
