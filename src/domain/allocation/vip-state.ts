import { ownershipOf } from '../model/claim.ts'
import type { Cluster, Condition } from '../model/cluster.ts'
import { formatKey } from '../model/object-meta.ts'
import { formatPool } from '../model/pool.ts'
import { isReason, type Reason } from '../reason.ts'
import type { Role } from '../role.ts'
import { describeVip, vipOwnershipOf } from './vip-ownership.ts'
import { addressIn, secondOf, type VipRole } from './vip-role.ts'
import { viewOfSecond } from './second-view.ts'
import { wait, type Action, type ActionOf, type Observed, type ObservedCluster } from './action.ts'
import { whyThisAddress } from './asked-choice.ts'
import { pendingAction } from './after-action.ts'
import type { SnapshotQueries } from './snapshot.ts'
import { vipConditionOf } from './vip-condition.ts'

export const vipPhases = [
  /** The VIP is in place, and its claim holds it. */
  'Served',
  /** Something is missing, and a run provides it. */
  'Waiting',
  /** Something is missing, and no run writes until the Cluster is unpaused. */
  'Paused',
  'Deleting',
  /** Somebody else has set the address. */
  'Manual',
  /** The VIP that we assigned is in place, and no claim holds it. */
  'Lost',
  /** The Cluster should not have such a VIP. */
  'NotWanted',
] as const

export type VipPhase = (typeof vipPhases)[number]

/** The state of one VIP of a Cluster. */
export interface VipState {
  readonly role: Role
  readonly phase: VipPhase
  readonly reason: Reason
  readonly message: string
  /** The one in place, else the one that the claim holds for this Cluster. */
  readonly address: string | undefined
  /** Of the claim. */
  readonly pool: string | undefined
  /** Name of the claim of our name, of any owner. */
  readonly claim: string | undefined
  /** Name of the IPAddress that the claim is bound to. */
  readonly ipAddress: string | undefined
  /** Of a pair, the same of its second address; absent if the VIP is none. */
  readonly second?: Pick<VipState, 'address' | 'pool' | 'claim' | 'ipAddress'>
  /** RFC 3339: when our condition last changed; if it is not about this phase, when the Cluster was created. */
  readonly since: string
}

/**
 * The phase follows from the next action of a run. Reason and message are those of our condition if it is about this phase,
 * since the run that wrote it had more facts, such as the answer of a webhook.
 */
export function vipStateOf(cluster: Cluster, vip: VipRole, queries: SnapshotQueries): VipState {
  const observed = queries.observed(cluster, vip.role)
  const next = pendingAction({ ...observed, cluster: { ...cluster, isPaused: false } }, vip.role)
  const phase = phaseOf(cluster, vip, next, queries)
  const condition = conditionFor(cluster, vip.role, phase)
  const pending = phase === 'Paused' ? pendingAction(observed, vip.role) : next
  const { reason, message } = condition ?? describePending(pending, { ...observed, cluster }, vip)
  const second = secondOf(vip)
  return {
    role: vip.role,
    phase,
    reason,
    message,
    ...addressState(cluster, vip, observed),
    ...(second !== undefined && { second: addressState(cluster, second, viewOfSecond(observed)) }),
    since: condition?.lastTransitionTime ?? cluster.creationTimestamp,
  }
}

function addressState(
  cluster: Cluster,
  vip: VipRole,
  { claim, ipAddress }: Observed,
): Pick<VipState, 'address' | 'pool' | 'claim' | 'ipAddress'> {
  // Until the claim of a previous Cluster is gone, its address is not this one's.
  const isOwn = claim !== undefined && ownershipOf(claim, cluster).owner !== 'previous-cluster'
  return {
    address: addressIn(cluster, vip) || (isOwn ? ipAddress?.address : undefined),
    pool: claim && formatPool(claim.poolRef),
    claim: claim?.name,
    ipAddress: ipAddress?.name,
  }
}

/** Whether a run works on the VIP, or would if the Cluster were not paused. */
export function isUnsettled({ phase }: Pick<VipState, 'phase'>): boolean {
  return phase === 'Waiting' || phase === 'Paused' || phase === 'Lost'
}

/** @param next of a run if the Cluster were not paused */
function phaseOf(cluster: Cluster, vip: VipRole, next: Action, queries: SnapshotQueries): VipPhase {
  if (cluster.isDeleting) return 'Deleting'
  const end = next.action === 'deleteClaim' && next.outcome !== 'restart' ? next.outcome : next
  if (end.action === 'done') return endPhases[end.reason]
  // Before everything is listed, nothing counts as lost.
  const isManaged = vipOwnershipOf(cluster, vip).state === 'managed'
  if (isManaged && !queries.isComplete(cluster.namespace)) return 'Served'
  if (cluster.isPaused) return 'Paused'
  return isManaged && queries.lossOf(cluster, vip) !== undefined ? 'Lost' : 'Waiting'
}

const endPhases: Readonly<Record<ActionOf<'done'>['reason'], VipPhase>> = {
  Allocated: 'Served',
  EndpointAlreadySet: 'Manual',
  NoMatchingPool: 'NotWanted',
  ClusterDeleted: 'Deleting',
}

/** The reasons of phases that have only one. */
const phaseReasons: Readonly<Partial<Record<VipPhase, Reason>>> = {
  Served: 'Allocated',
  Paused: 'ClusterPaused',
  Deleting: 'ClusterDeleted',
  Manual: 'EndpointAlreadySet',
}

/** Our condition, if it is about this phase, not an earlier one. */
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

/** Explains the state of a VIP by the action that is pending. */
function describePending(
  action: Action,
  observed: ObservedCluster,
  vip: VipRole,
): { readonly reason: Reason; readonly message: string } {
  const { cluster, claim, ipAddress } = action.half === undefined ? observed : viewOfSecond(observed)
  const key = formatKey(cluster)
  const name = claim === undefined ? '' : `IPAddressClaim ${formatKey(claim)}`
  switch (action.action) {
    case 'wait':
    case 'refuse':
    case 'done':
      return action
    case 'selectPool': {
      const { restore, poolRef } = action.choice
      if (restore === undefined) {
        return wait('WaitingForAddress', `${formatPool(poolRef)} has room; no run has taken an address yet`)
      }
      const { state } = vipOwnershipOf(cluster, vip)
      if (state === 'unset' || state === 'external') {
        const part = action.half === undefined ? vip : (secondOf(vip) ?? vip)
        const why = whyThisAddress(cluster, part, restore.address)
        const message = `${restore.address}, ${why}, is free in ${formatPool(poolRef)}; no run has taken it yet`
        return wait('WaitingForAddress', message)
      }
      const message = `the claim of Cluster ${key} is gone; ${restore.address} has to be reserved again`
      return { reason: 'AddressLost', message }
    }
    case 'adoptClaim':
      return wait('WaitingForAddress', `${name} has no owner; no run has adopted it yet`)
    case 'discardClaim':
      return wait('WaitingForAddress', action.because)
    case 'deleteClaim': {
      const isLost = vipOwnershipOf(cluster, vip).state === 'managed'
      return { reason: isLost ? 'AddressLost' : 'WaitingForAddress', message: action.because }
    }
    case 'stepBack':
      return { reason: 'DuplicateAddress', message: action.because }
    case 'patchCluster': {
      const held = ipAddress?.address
      if (held !== undefined) {
        return wait('WaitingForAddress', `${name} holds ${held}; it is not assigned in full yet`)
      }
      return wait(
        'WaitingForAddress',
        `${describeVip(cluster, vip)} of Cluster ${key} has no port or variable yet`,
      )
    }
    case 'observe':
    case 'labelClaim':
    case 'convertClaim':
    case 'restoreAddress':
    case 'discardAddress':
    case 'createClaim':
    case 'releaseReservations':
      return wait('WaitingForAddress', `no run has looked at Cluster ${key} yet`)
    default:
      return action satisfies never
  }
}
