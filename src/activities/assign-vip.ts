import { activityInfo } from '@temporalio/activity'
import { asksFor } from '../domain/allocation/asked-address.ts'
import type { AllocationSettings, Observed } from '../domain/allocation/action.ts'
import { dnsNameOf } from '../domain/allocation/dns-endpoint.ts'
import type { AssignVipInput, AssignVipResult, ClaimStepInput } from '../domain/allocation/steps.ts'
import { noDnsNames } from '../domain/dns-name.ts'
import type { IPAddressClaim } from '../domain/model/claim.ts'
import { findPoolKind } from '../domain/model/pool-kind.ts'
import { poolKindsOf } from '../domain/model/pool-kinds.ts'
import { triedPoolsAnnotation } from '../domain/names.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import {
  advance,
  endFor,
  endWithout,
  endWithoutClaim,
  getOwnClaim,
  throwIfWaiting,
  type Advance,
  type StepScope,
} from './advance.ts'

const scope: StepScope = {
  observes: ['clusterClass', 'addressUse', 'sameAddressUse', 'second'],
  performs: ['releaseReservations', 'labelClaim', 'deleteClaim', 'stepBack', 'patchCluster'],
}

const onlyReservations: StepScope = { observes: ['addressUse'], performs: ['releaseReservations'] }

/**
 * Writes endpoint (of a control plane), variable and annotation in one patch, conditional on the Cluster as read. A
 * conflict fails the attempt; the next one reads and decides again. An address that somebody else has is not written.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `DuplicateAddress`, `ClusterRejected` with the server's message
 */
export async function assignVip(
  api: ClusterApi,
  settings: AllocationSettings,
  input: AssignVipInput,
): Promise<AssignVipResult> {
  const { cluster: key, role, address } = input
  const [cluster, bound, second] = await Promise.all([
    api.getCluster(key),
    address === undefined ? noClaim : observeBoundClaim(api, input),
    input.second && observeBoundClaim(api, secondInput(input)),
  ])
  const without = endWithout(cluster, input)
  if (without !== undefined) return without
  const isHeld = bound.ipAddress?.address === address && second?.ipAddress?.address === input.second?.address
  if (!isHeld) {
    return { next: 'restart', message: 'the IPAddressClaim no longer holds the address' }
  }
  const { attempt } = activityInfo()
  const held = { ...bound, ...(second !== undefined && { second }) }
  const end = await advance(api, role, { key, cluster, ...held, attempt, ...settings }, scope)
  throwIfWaiting(end.action)
  // Somebody may have woken the run for a reservation after the first step had observed them.
  if (end.action.action === 'patchCluster') await advance(api, role, end.observed, onlyReservations)
  return resultOf(input, settings, end)
}

type BoundClaim = Pick<Observed, 'claim' | 'ipAddress' | 'choice'>

const noClaim: BoundClaim = { claim: undefined }

/** The input of a step about the second address alone. */
function secondInput({ cluster, role, uid, second }: AssignVipInput): ClaimStepInput {
  return { cluster, role, half: 'second', uid, ...(second?.claim !== undefined && { claim: second.claim }) }
}

/** The Cluster's own claim, unless it is going, with a live read of its IPAddress. */
async function observeBoundClaim(api: ClusterApi, input: ClaimStepInput): Promise<BoundClaim> {
  const claim = await getOwnClaim(api, input)
  if (claim?.addressName === undefined) return noClaim
  const { namespace, addressName, poolRef } = claim
  const ipAddress = await api.getIPAddressLive({ namespace, name: addressName })
  return { claim, ipAddress, choice: { poolRef, considered: [] } }
}

function resultOf(
  { cluster, role, uid }: AssignVipInput,
  settings: AllocationSettings,
  { action, observed }: Advance,
): AssignVipResult {
  const { claim, second } = observed
  const name = dnsNameOf(cluster, role, settings.dnsNames ?? noDnsNames)
  const other = second?.claim
  const source = {
    ...(claim !== undefined && {
      poolRef: claim.poolRef,
      claim: claim.name,
      ...(name.decision === 'name' && { dnsName: name.name }),
    }),
    ...(other !== undefined && { second: { poolRef: other.poolRef, claim: other.name } }),
  }
  const but = 'disagreement' in action &&
    action.disagreement !== undefined && { disagreement: action.disagreement }
  switch (action.action) {
    case 'patchCluster':
      return {
        next: 'assigned',
        ...action.assigned,
        ...source,
        ...(claim && action.isNew && { isNew: true }),
        ...but,
      }
    case 'done':
      // An attempt whose result was lost may have completed the port of a host that is not ours.
      return action.vip !== undefined && (action.reason === 'Allocated' || claim === undefined)
        ? { next: 'assigned', ...action.vip, ...source, ...but }
        : endFor(uid, action)
    case 'deleteClaim':
      return endWithoutClaim(uid, action)
    case 'stepBack': {
      const asksForIt = observed.cluster && asksFor(observed.cluster, role, action.ipAddress.address)
      const next = asksForIt === true ? 'the Cluster asks for it and waits' : 'the next one is tried'
      const message = `${action.because}; it stays reserved, and ${next}`
      return { next: 'restart', reason: 'DuplicateAddress', message, ...triesAfter(action.claim, settings) }
    }
    default:
      return { next: 'restart', message: 'the Cluster has changed since its address was looked at' }
  }
}

/** A provider that heeds no reservation may give the same address again: another pool goes first. */
function triesAfter(
  { poolRef, annotations }: IPAddressClaim,
  settings: AllocationSettings,
): { readonly tried?: string } {
  const poolKind = findPoolKind(poolKindsOf(settings), poolRef)
  const tried = annotations[triedPoolsAnnotation]
  return poolKind?.heedsReservations === false && tried !== undefined ? { tried } : {}
}
