import { activityInfo } from '@temporalio/activity'
import type { Observed } from '../domain/allocation/action.ts'
import type { AssignVipInput, AssignVipResult } from '../domain/allocation/steps.ts'
import { vipRole } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { advance, throwIfWaiting, type Advance, type StepScope } from './advance.ts'
import { endFor, endWithout, endWithoutClaim } from './step-ends.ts'
import { getOwnClaim } from './own-claim.ts'
import type { AllocationSettings } from './settings.ts'

const scope: StepScope = {
  observes: ['clusterClass', 'addressUse', 'sameAddressUse'],
  performs: ['releaseReservations', 'deleteClaim', 'stepBack', 'patchCluster'],
}

const onlyReservations: StepScope = { observes: ['addressUse'], performs: ['releaseReservations'] }

/**
 * Writes endpoint (of a control plane), variable and annotation in one patch, conditional on the Cluster as read. A
 * conflict fails the attempt; the next one reads and decides again. An address that somebody else has is not written.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `DuplicateAddress`, `ClusterRejected` with the server's words
 */
export async function assignVip(
  api: ClusterApi,
  settings: AllocationSettings,
  input: AssignVipInput,
): Promise<AssignVipResult> {
  const { cluster: key, role, uid, address } = input
  const { variables, defaultPort } = settings
  const [cluster, bound] = await Promise.all([
    api.getCluster(key),
    address === undefined ? noClaim : observeBoundClaim(api, input),
  ])
  const end = endWithout(cluster, input)
  if (end !== undefined) return end
  if (bound.ipAddress?.address !== address) {
    return { next: 'restart', message: 'the IPAddressClaim no longer holds the address' }
  }
  const { attempt } = activityInfo()
  const vip = vipRole(role, variables)
  const found = await advance(api, vip, { key, cluster, ...bound, attempt, variables, defaultPort }, scope)
  throwIfWaiting(found.action)
  // Somebody may have woken the run for a reservation after the first step had looked.
  if (found.action.action === 'patchCluster') await advance(api, vip, found.observed, onlyReservations)
  return answerFor(uid, found)
}

type BoundClaim = Pick<Observed, 'claim' | 'ipAddress' | 'choice'>

const noClaim: BoundClaim = { claim: undefined }

/** The Cluster's own claim, if it stays, with the IPAddress as it is at this moment. */
async function observeBoundClaim(api: ClusterApi, input: AssignVipInput): Promise<BoundClaim> {
  const claim = await getOwnClaim(api, input)
  if (claim?.addressName === undefined) return noClaim
  const { namespace, addressName, poolRef } = claim
  const ipAddress = await api.getIPAddressLive({ namespace, name: addressName })
  return { claim, ipAddress, choice: { poolRef, considered: [] } }
}

function answerFor(uid: string, { action, observed: { claim } }: Advance): AssignVipResult {
  const source = claim === undefined ? {} : { poolRef: claim.poolRef, claim: claim.name }
  switch (action.action) {
    case 'patchCluster':
      return {
        next: 'assigned',
        ...action.assigned,
        ...source,
        ...(claim && action.isNew && { isNew: true }),
      }
    case 'done':
      // The port of a host that is not ours may have been completed by an attempt whose answer was lost.
      return action.vip !== undefined && (action.reason === 'Allocated' || claim === undefined)
        ? { next: 'assigned', ...action.vip, ...source }
        : endFor(uid, action)
    case 'deleteClaim':
      return endWithoutClaim(uid, action)
    case 'stepBack': {
      const message = `${action.because}; it stays reserved, and the next one is tried`
      return { next: 'restart', reason: 'DuplicateAddress', message }
    }
    default:
      return { next: 'restart', message: 'the Cluster has changed since its address was looked at' }
  }
}
