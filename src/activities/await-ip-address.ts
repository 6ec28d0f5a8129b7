import { cancellationSignal } from '@temporalio/activity'
import { presentVip } from '../domain/allocation/assignment.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { vipRole, type VipRole } from '../domain/role.ts'
import { isExternallyOwned, vipOwnershipOf } from '../domain/allocation/vip-ownership.ts'
import { decideUnboundClaim } from '../domain/allocation/unbound-claim.ts'
import type { AwaitIPAddressResult, ClaimStepInput } from '../workflows/contract.ts'
import { waiting } from './failures.ts'
import { addressOf, getOwnClaim } from './own-claim.ts'
import { readCluster } from './read-cluster.ts'
import type { AllocationSettings } from './settings.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { claimKeyFor } from './usable-claim.ts'

type Api = Pick<
  ClusterApi,
  | 'getCluster'
  | 'getIPAddressClaim'
  | 'deleteIPAddressClaim'
  | 'getIPAddress'
  | 'listIPPools'
  | 'listenToClaim'
>

/**
 * Waits until the provider has bound the claim. One attempt looks for some seconds; after that Temporal holds
 * the wait.
 *
 * @param patienceMs milliseconds for which it looks
 * @throws ApplicationFailure to wait: `WaitingForAddress`, `PoolExhausted`, `PoolNotReady`, `ClusterPaused`
 */
export async function awaitIPAddress(
  api: Api,
  { variables }: AllocationSettings,
  input: ClaimStepInput,
  patienceMs: number,
): Promise<AwaitIPAddressResult> {
  const vip = vipRole(input.role, variables)
  const { cluster, end } = await readCluster(api, input)
  if (end !== undefined) return end
  const started = performance.now()
  const listener = api.listenToClaim(claimKeyFor(input.cluster, input.role))
  try {
    do {
      const claim = await getOwnClaim(api, input)
      if (claim === undefined || claim.isDeleting) return claimGone
      const ipAddress = await addressOf(api, claim)
      if (ipAddress !== undefined) return { next: 'assign', address: ipAddress.address }
      // A VIP of somebody else needs no further look.
      if (isExternallyOwned(vipOwnershipOf(cluster, vip))) break
      cancellationSignal().throwIfAborted()
      if (patienceMs > 0) await listener.untilChange()
    } while (performance.now() - started < patienceMs)
  } finally {
    listener.close()
  }
  return stillUnbound(api, input, cluster, vip)
}

const claimGone: AwaitIPAddressResult = { next: 'restart', message: 'the IPAddressClaim is gone' }

/**
 * The looks of this attempt have found no address. What deletes the claim deletes it only as it was read, since
 * the provider may be binding it at this moment.
 *
 * @throws ApplicationFailure to wait, with the reason why there is no address
 */
async function stillUnbound(
  api: Api,
  input: ClaimStepInput,
  cluster: Cluster,
  vip: VipRole,
): Promise<AwaitIPAddressResult> {
  const [claim, pools, named] = await Promise.all([
    getOwnClaim(api, input),
    api.listIPPools(cluster.namespace),
    api.getIPAddress(claimKeyFor(input.cluster, input.role)),
  ])
  if (claim === undefined || claim.isDeleting) return claimGone
  if (claim.addressName !== undefined) {
    throw waiting('WaitingForAddress', `IPAddress ${claim.namespace}/${claim.addressName} is not there yet`)
  }
  const decision = decideUnboundClaim(cluster, vip, claim, pools, named)
  const { message } = decision
  switch (decision.decision) {
    case 'wait':
      throw waiting(decision.reason, message, decision.considered)
    case 'move':
      await api.deleteIPAddressClaim(claim)
      return { next: 'restart', message }
    case 'give-back':
      await api.deleteIPAddressClaim(claim)
      if (vipOwnershipOf(cluster, vip).state === 'incomplete') return { next: 'restart', message }
      return {
        next: 'end',
        uid: cluster.uid,
        reason: 'EndpointAlreadySet',
        message,
        ...presentVip(cluster, vip),
      }
    default:
      return decision satisfies never
  }
}
