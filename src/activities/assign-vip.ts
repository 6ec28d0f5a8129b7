import { activityInfo } from '@temporalio/activity'
import { holdersOf } from '../domain/allocation/address-holder.ts'
import { decideAssignment, giveWayOf, type AssignmentDecision } from '../domain/allocation/assignment.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { decideNewAddress } from '../domain/allocation/new-address.ts'
import { vipRole, type VipRole } from '../domain/role.ts'
import { addressIn } from '../domain/allocation/vip-ownership.ts'
import { classForVariable, decideVipVariable } from '../domain/allocation/vip-variable.ts'
import { attemptsUntilStepBack } from '../domain/timings.ts'
import type { AssignVipInput, AssignVipResult, StepEnd } from '../workflows/contract.ts'
import { actionRequired, waiting } from './failures.ts'
import { getBoundClaim, type BoundClaim } from './own-claim.ts'
import { readCluster } from './read-cluster.ts'
import { releaseReservations, stepBack, type ReservationApi } from './reservations.ts'
import type { AllocationSettings } from './settings.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'

type Api = Pick<
  ClusterApi,
  | 'getCluster'
  | 'getIPAddressClaim'
  | 'deleteIPAddressClaim'
  | 'getClusterClass'
  | 'getIPAddressLive'
  | 'listAddressUseOf'
> &
  ReservationApi

/**
 * Writes endpoint (of a control plane), variable and annotation in one patch, conditional on the Cluster as read. A
 * conflict fails the attempt; the next one reads and decides again. An address that somebody else has is not written.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `DuplicateAddress`, `ClusterRejected` with the server's words
 */
export async function assignVip(
  api: Api,
  settings: AllocationSettings,
  input: AssignVipInput,
): Promise<AssignVipResult> {
  const { address } = input
  const [{ cluster, end }, bound] = await Promise.all([
    readCluster(api, input),
    address === undefined ? undefined : getBoundClaim(api, input),
  ])
  if (end !== undefined) return end
  if (bound?.ipAddress.address !== address) {
    return { next: 'restart', message: 'the IPAddressClaim no longer holds the address' }
  }
  const vip = vipRole(input.role, settings.variables)
  const decision = decideAssignment(cluster, {
    vip,
    address,
    hasVariable: await hasVariable(api, cluster, vip),
    defaultPort: settings.defaultPort,
  })
  switch (decision.decision) {
    case 'in-place':
      // Somebody may have woken the run for it after the first step had looked.
      await releaseReservations(api, settings, cluster)
      return { next: 'assigned', ...decision.assigned, ...sourceOf(bound) }
    case 'taken':
      return giveWay(api, cluster, vip, bound, decision)
    case 'patch': {
      const isNew = bound !== undefined && addressIn(cluster, vip) === ''
      const hindrance = isNew ? await duplicateOf(api, settings, { cluster, vip, bound }) : undefined
      if (hindrance !== undefined) return hindrance
      await releaseReservations(api, settings, await api.patchCluster(cluster, decision.patch))
      return { next: 'assigned', ...decision.assigned, ...sourceOf(bound), ...(isNew && { isNew }) }
    }
    default:
      return decision satisfies never
  }
}

function sourceOf(
  bound: BoundClaim | undefined,
): Pick<Extract<AssignVipResult, { readonly next: 'assigned' }>, 'poolRef' | 'claim'> {
  return bound === undefined ? {} : { poolRef: bound.claim.poolRef, claim: bound.claim.name }
}

async function giveWay(
  api: Api,
  cluster: Cluster,
  vip: VipRole,
  bound: BoundClaim | undefined,
  { message, present }: Extract<AssignmentDecision, { readonly decision: 'taken' }>,
): Promise<AssignVipResult> {
  const { deletesClaim, next } = giveWayOf(cluster, vip)
  if (bound !== undefined && deletesClaim) await api.deleteIPAddressClaim(bound.claim)
  if (next === 'restart') return { next, message }
  return { next: 'end', uid: cluster.uid, reason: 'EndpointAlreadySet', message, ...present }
}

/**
 * Looks whether somebody else has the address that is about to be assigned, and steps back from it if so.
 *
 * @returns undefined where the address is the Cluster's alone
 * @throws ApplicationFailure `DuplicateAddress`, to wait until somebody else steps back, or a person acts
 */
async function duplicateOf(
  api: Api,
  { variables }: AllocationSettings,
  { cluster, vip, bound }: { readonly cluster: Cluster; readonly vip: VipRole; readonly bound: BoundClaim },
): Promise<StepEnd | undefined> {
  const { claim, ipAddress } = bound
  const { address } = ipAddress
  const seeker = { cluster, vip, claimName: claim.name }
  const holders = holdersOf(address, seeker, await api.listAddressUseOf(ipAddress), variables)
  const decision = decideNewAddress(cluster, vip, ipAddress, holders)
  if (decision.decision === 'assign') return undefined
  if (decision.decision === 'refuse') throw actionRequired('DuplicateAddress', decision.message)
  if (decision.decision === 'wait' && activityInfo().attempt < attemptsUntilStepBack) {
    throw waiting('DuplicateAddress', decision.message)
  }
  await stepBack(api, cluster, claim, ipAddress)
  return {
    next: 'restart',
    reason: 'DuplicateAddress',
    message: `${decision.why}; it stays reserved, and the next one is tried`,
  }
}

/** Whether the variable is unset and the class has it. */
async function hasVariable(
  api: Pick<Api, 'getClusterClass'>,
  cluster: Cluster,
  vip: VipRole,
): Promise<boolean> {
  const ref = classForVariable(cluster, vip)
  if (ref === undefined) return false
  const decision = decideVipVariable(cluster, vip, await api.getClusterClass(ref))
  if (decision.decision === 'wait') throw waiting(decision.reason, decision.message)
  return decision.decision === 'write'
}
