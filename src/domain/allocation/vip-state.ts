import type { Condition } from '../model/condition.ts'
import type { Cluster } from '../model/cluster.ts'
import type { Action, ActionOf } from './action.ts'
import { defaultApiServerPort } from '../names.ts'
import { formatPool } from '../model/pool.ts'
import { isReason, type Reason } from '../reason.ts'
import type { Role, VariableNames, VipRole } from '../role.ts'
import { addressIn, vipOwnershipOf } from './vip-ownership.ts'
import type { SnapshotQueries } from './snapshot.ts'
import { vipConditionOf } from './vip-condition.ts'
import { describePending, pendingAction } from './pending-action.ts'

/** Where a Cluster is on the way to one of its VIPs, and after. */
export const vipPhases = [
  /** The VIP is in place, and its claim holds it. */
  'Served',
  /** Something is missing, and a run is to bring it. */
  'Waiting',
  /** Something is missing, and nothing is done before the Cluster is unpaused. */
  'Paused',
  'Deleting',
  /** Somebody else has set the address. */
  'Manual',
  /** The VIP that we assigned is in place, and no claim holds it. */
  'Lost',
  /** The Cluster is not to have such a VIP. */
  'NotWanted',
] as const

export type VipPhase = (typeof vipPhases)[number]

/** How one VIP of a Cluster stands. */
export interface VipState {
  readonly role: Role
  readonly phase: VipPhase
  readonly reason: Reason
  /** In words, for people. */
  readonly message: string
  /** The one in place, else the one that the claim holds. */
  readonly address: string | undefined
  /** Of the claim. */
  readonly pool: string | undefined
  /** Name of the claim under our name, whoever owns it. */
  readonly claim: string | undefined
  /** Name of the IPAddress that the claim is bound to. */
  readonly ipAddress: string | undefined
  /** RFC 3339: when our condition last changed; where it says nothing of this phase, when the Cluster was created. */
  readonly since: string
}

/**
 * Says how one VIP of a Cluster stands. The phase follows from what a run would do next; reason and words are
 * those of our condition on the Cluster if it has one for this phase, since the run that wrote it knew more, such as
 * the words of a webhook.
 */
export function vipStateOf(
  cluster: Cluster,
  vip: VipRole,
  queries: SnapshotQueries,
  variables: VariableNames,
): VipState {
  const observed = queries.observed(cluster, vip, { variables, defaultPort: defaultApiServerPort })
  const { claim, ipAddress } = observed
  const next = pendingAction({ ...observed, cluster: { ...cluster, isPaused: false } }, vip)
  const phase = phaseOf(cluster, vip, next, queries)
  const condition = conditionFor(cluster, vip.role, phase)
  const { reason, message } =
    condition ?? describePending(phase === 'Paused' ? pendingAction(observed, vip) : next, observed, vip)
  const address = addressIn(cluster, vip) || ipAddress?.address
  return {
    role: vip.role,
    phase,
    reason,
    message,
    address,
    pool: claim && formatPool(claim.poolRef),
    claim: claim?.name,
    ipAddress: ipAddress?.name,
    since: condition?.lastTransitionTime ?? cluster.creationTimestamp,
  }
}

/** Whether a VIP is on its way, or has been lost: what a run works at, or would if the Cluster were not paused. */
export function isUnsettled({ phase }: Pick<VipState, 'phase'>): boolean {
  return phase === 'Waiting' || phase === 'Paused' || phase === 'Lost'
}

/** @param next what a run would do if the Cluster were not paused */
function phaseOf(cluster: Cluster, vip: VipRole, next: Action, queries: SnapshotQueries): VipPhase {
  if (cluster.isDeleting) return 'Deleting'
  const end = next.action === 'deleteClaim' && next.outcome !== 'restart' ? next.outcome : next
  if (end.action === 'done') return endPhases[end.reason]
  // What has not been listed yet cannot count as lost.
  const isManaged = vipOwnershipOf(cluster, vip).state === 'managed'
  if (isManaged && !queries.isComplete()) return 'Served'
  if (cluster.isPaused) return 'Paused'
  return isManaged && queries.lossOf(cluster, vip) !== undefined ? 'Lost' : 'Waiting'
}

const endPhases: Readonly<Record<ActionOf<'done'>['reason'], VipPhase>> = {
  Allocated: 'Served',
  EndpointAlreadySet: 'Manual',
  NoMatchingPool: 'NotWanted',
  ClusterDeleted: 'Deleting',
}

/** The reason of a phase that has one only. */
const phaseReasons: Readonly<Partial<Record<VipPhase, Reason>>> = {
  Served: 'Allocated',
  Paused: 'ClusterPaused',
  Deleting: 'ClusterDeleted',
  Manual: 'EndpointAlreadySet',
}

/** Our condition, if it speaks of this phase: one that was written before is of no use. */
function conditionFor(
  cluster: Cluster,
  role: Role,
  phase: VipPhase,
): (Condition & { readonly reason: Reason }) | undefined {
  const condition = vipConditionOf(cluster, role)
  const reason = condition?.reason ?? ''
  if (condition === undefined || !isReason(reason)) return undefined
  const isOfOnePhase = Object.values(phaseReasons).includes(reason)
  const fits = isOfOnePhase ? phaseReasons[phase] === reason : phase === 'Waiting' || phase === 'Lost'
  return fits ? { ...condition, reason } : undefined
}
