import { wait, type Action, type Observed } from './action.ts'
import { afterAction } from './after-action.ts'
import { nextAction } from './next-action.ts'
import { describeVip, vipOwnershipOf } from './vip-ownership.ts'
import { formatKey } from '../model/object-meta.ts'
import { formatPool } from '../model/pool.ts'
import type { Reason } from '../reason.ts'
import type { VipRole } from '../role.ts'

/** The next action of a run for the VIP itself, after any reservations that it would release first. */
export function pendingAction(observed: Observed, vip: VipRole): Action {
  const action = nextAction(observed, vip)
  if (action.action !== 'releaseReservations') return action
  return nextAction(afterAction(observed, vip.role, action), vip)
}

/** Explains the state of a VIP by the action that is pending. */
export function describePending(
  action: Action,
  { cluster, claim, ipAddress }: Observed,
  vip: VipRole,
): { readonly reason: Reason; readonly message: string } {
  const key = cluster === undefined ? '' : formatKey(cluster)
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
      const message = `the claim of Cluster ${key} is gone; ${restore.address} has to be reserved again`
      return { reason: 'AddressLost', message }
    }
    case 'adoptClaim':
      return wait('WaitingForAddress', `${name} has no owner; no run has adopted it yet`)
    case 'discardClaim':
      return wait('WaitingForAddress', action.because)
    case 'deleteClaim': {
      const isLost = cluster !== undefined && vipOwnershipOf(cluster, vip).state === 'managed'
      return { reason: isLost ? 'AddressLost' : 'WaitingForAddress', message: action.because }
    }
    case 'stepBack':
      return { reason: 'DuplicateAddress', message: action.because }
    case 'patchCluster': {
      const held = ipAddress?.address
      if (held !== undefined) {
        return wait('WaitingForAddress', `${name} holds ${held}; it is not assigned in full yet`)
      }
      const endpoint = cluster === undefined ? '' : describeVip(cluster, vip)
      return wait('WaitingForAddress', `${endpoint} of Cluster ${key} has no port yet`)
    }
    case 'observe':
    case 'restoreAddress':
    case 'createClaim':
    case 'releaseReservations':
      return wait('WaitingForAddress', `no run has looked at Cluster ${key} yet`)
    default:
      return action satisfies never
  }
}
