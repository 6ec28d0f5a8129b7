import {
  done,
  observe,
  refuse,
  wait,
  type Action,
  type ActionOf,
  type Observed,
  type ObservedCluster,
  has,
} from './action.ts'
import { desireFor } from './eligibility.ts'
import { whyOtherFamilies } from './asked-address.ts'
import { askedFamilies, givesBackAlone, whyFamiliesUnreadable } from './ip-families.ts'
import { vipOwnershipOf } from './vip-ownership.ts'
import { viewOfSecond } from './second-view.ts'
import { secondOf, vipRoleIn, type VipRole } from './vip-role.ts'
import { ownershipOf } from '../model/claim.ts'
import { formatKey, type NamespacedName } from '../model/object-meta.ts'
import type { Role } from '../role.ts'
import {
  pairByClaims,
  isClaimOfPair,
  deleteSecondClaim,
  withOwnRecord,
  giveBackAction,
  waitingWith,
} from './pair-action.ts'
import { addressAction } from './hold-address.ts'
import { assignAction, releaseAction } from './assign-action.ts'

/**
 * Decides the one thing to do next for a VIP of a Cluster: activities perform the action, and every command that explains or
 * predicts a run asks the same function. The table begins here. `hold-address.ts` has what is done until a claim holds an
 * address, `choose-pool.ts` from which pool, `assign-action.ts` what is written then, `pair-action.ts` what a second address
 * changes.
 *
 * @returns an `observe` if the decision needs a fact that has not been read
 */
export function nextAction(observed: Observed, role: Role): Action {
  const { key, cluster } = observed
  return cluster === undefined ? clusterGone(key) : actionForCluster({ ...observed, cluster }, role)
}

function actionForCluster(observed: ObservedCluster, role: Role): Action {
  const { cluster, choice, clusterClass, variables } = observed
  const name = `Cluster ${formatKey(cluster)}`
  if (cluster.isDeleting) return done('ClusterDeleted', `${name} is being deleted`)
  // The class says which variables have the VIP.
  if (cluster.topology !== undefined && !has(observed, 'clusterClass')) return observe('clusterClass')
  const found = vipRoleIn(cluster, role, variables, clusterClass)

  const release = choice === undefined && !cluster.isPaused ? releaseAction(observed) : undefined
  if (release !== undefined) return release
  // A run that has selected a pool has found the VIP desired.
  const desire = choice === undefined ? desireFor(cluster, role, observed) : { desired: 'yes' as const }
  if (desire.desired === 'depends') return observe(desire.fact)
  if (desire.desired === 'no') return notDesiredAction(observed, found, desire.message)
  if (cluster.isPaused) {
    return wait('ClusterPaused', `${name} is paused; nothing is written until it is unpaused`)
  }
  if (desire.desired === 'unreadable') return refuse('AllocationFailed', desire.message)

  const isNew = vipOwnershipOf(cluster, found).state === 'unset'
  const fault = isNew ? whyFamiliesUnreadable(cluster, clusterClass) : undefined
  if (fault !== undefined) return refuse('AllocationFailed', fault)
  const paired = found.secondFamily === undefined ? pairByClaims(observed, found) : found
  if ('action' in paired) return paired
  const isPairByClaims = paired.secondFamily !== found.secondFamily
  const families = askedFamilies(cluster, clusterClass) ?? []
  const other = isNew && !isPairByClaims ? whyOtherFamilies(cluster, role, families) : undefined
  if (other !== undefined) return refuse('AllocationFailed', other)
  return vipAction(observed, paired)
}

/** A VIP is assigned when each of its addresses is held by a claim: a pair is whole or absent. */
function vipAction(observed: ObservedCluster, vip: VipRole): Action {
  const first = addressAction(observed, vip)
  const secondVip = secondOf(vip)
  if (secondVip === undefined) return first.action === 'hold' ? assignAction(observed, vip, [first]) : first
  const { cluster, clusterClass } = observed
  const isNew = vipOwnershipOf(cluster, vip).state === 'unset'
  const givesBack = isNew && givesBackAlone(cluster, clusterClass)
  if (first.action !== 'hold' && !givesBack) return first
  if (observed.second === undefined) return observe('second')
  const second = addressAction(viewOfSecond(withOwnRecord(observed, vip, first)), secondVip)
  if (givesBack) {
    const back = giveBackAction(observed, first, second)
    if (back !== undefined) return back
  }
  if (first.action !== 'hold') return first
  return second.action === 'hold'
    ? assignAction(observed, vip, [first, second])
    : waitingWith(secondVip, `${first.bound.ipAddress.address} is held meanwhile`, second)
}

/** Claims that were made before the Cluster refused the VIP are deleted. */
function notDesiredAction(observed: ObservedCluster, vip: VipRole, message: string): Action {
  const { cluster, claim, second } = observed
  const end = done('NoMatchingPool', message)
  const mayBePair = vip.secondFamily !== undefined || isClaimOfPair(claim)
  if (mayBePair && second === undefined) return observe('second')
  const isUnset = vipOwnershipOf(cluster, vip).state === 'unset'
  const isUselessSecond = mayBePair && isUnset && !cluster.isPaused
  const back = isUselessSecond ? deleteSecondClaim(observed, message) : undefined
  if (back !== undefined) return back
  const isUseless =
    claim !== undefined &&
    !claim.isDeleting &&
    !cluster.isPaused &&
    ownershipOf(claim, cluster).owner === 'this-cluster' &&
    isUnset
  return isUseless ? { action: 'deleteClaim', claim, because: message, outcome: end } : end
}

/** There is no Cluster of this name. */
export function clusterGone(key: NamespacedName): ActionOf<'done'> {
  return done('ClusterDeleted', `Cluster ${formatKey(key)} does not exist`)
}
