import { cancellationSignal, sleep } from '@temporalio/activity'
import type { Cluster } from '../domain/cluster.ts'
import { isSetByOthers } from '../domain/eligibility.ts'
import { decideUnboundClaim } from '../domain/unbound-claim.ts'
import { addressWatchMs, pauseBeforeLook } from '../domain/waiting.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { AwaitIPAddressResult, ClaimStepInput } from '../workflows/contract.ts'
import { waiting } from './failures.ts'
import { addressOf, getOwnClaim } from './own-claim.ts'
import { readCluster } from './read-cluster.ts'

type Api = Pick<
  ClusterApi,
  'getCluster' | 'getIPAddressClaim' | 'deleteIPAddressClaim' | 'getIPAddress' | 'listIPPools'
>

/**
 * Waits until the provider has bound the claim. One attempt looks for some seconds; after that Temporal holds
 * the wait.
 *
 * @throws ApplicationFailure to wait: `WaitingForAddress`, `PoolExhausted`, `PoolNotReady`, `ClusterPaused`
 */
export async function awaitIPAddress(api: Api, input: ClaimStepInput): Promise<AwaitIPAddressResult> {
  const { cluster, end } = await readCluster(api, input)
  if (end !== undefined) return end
  const started = performance.now()
  for (let looks = 0; performance.now() - started < addressWatchMs; looks += 1) {
    const claim = await getOwnClaim(api, input)
    if (claim === undefined) return claimGone
    const address = await addressOf(api, claim)
    if (address !== undefined) return { next: 'assign', address }
    // An endpoint of somebody else needs no further look.
    if (isSetByOthers(cluster, input.role)) break
    cancellationSignal().throwIfAborted()
    await sleep(pauseBeforeLook(looks))
  }
  return stillUnbound(api, input, cluster)
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
): Promise<AwaitIPAddressResult> {
  const [claim, pools] = await Promise.all([getOwnClaim(api, input), api.listIPPools(cluster.namespace)])
  if (claim === undefined) return claimGone
  if (claim.addressName !== undefined) {
    throw waiting('WaitingForAddress', `IPAddress ${claim.namespace}/${claim.addressName} is not there yet`)
  }
  const decision = decideUnboundClaim(cluster, input.role, claim, pools)
  const { message } = decision
  switch (decision.decision) {
    case 'wait':
      throw waiting(decision.reason, message)
    case 'move':
      await api.deleteIPAddressClaim(claim)
      return { next: 'restart', message }
    case 'give-back':
      await api.deleteIPAddressClaim(claim)
      return {
        next: 'end',
        uid: cluster.uid,
        reason: 'EndpointAlreadySet',
        message,
        ...cluster.controlPlaneEndpoint,
      }
    default:
      return decision satisfies never
  }
}
