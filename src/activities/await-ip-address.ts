import { cancellationSignal } from '@temporalio/activity'
import type { Observed } from '../domain/allocation/action.ts'
import type { AwaitIPAddressResult, ClaimStepInput } from '../domain/allocation/steps.ts'
import type { IPAddressClaim } from '../domain/model/claim.ts'
import { vipRole, type VipRole } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { advance, throwIfWaiting, type Advance } from './advance.ts'
import { endFor, endWithout, endWithoutClaim } from './step-ends.ts'
import { claimKeyFor, getOwnClaim } from './own-claim.ts'
import type { AllocationSettings } from './settings.ts'

/**
 * Waits until the provider has bound the claim. One attempt polls for some seconds; after that Temporal holds
 * the wait.
 *
 * @param timeoutMs milliseconds for which it polls
 * @throws ApplicationFailure to wait: `WaitingForAddress`, `PoolExhausted`, `PoolNotReady`, `ClusterPaused`
 */
export async function awaitIPAddress(
  api: ClusterApi,
  { variables, defaultPort }: AllocationSettings,
  input: ClaimStepInput,
  timeoutMs: number,
): Promise<AwaitIPAddressResult> {
  const { cluster: key, role } = input
  const vip = vipRole(role, variables)
  const cluster = await api.getCluster(key)
  const end = endWithout(cluster, input)
  if (end !== undefined) return end
  const of = (claim: IPAddressClaim): Observed => ({
    key,
    cluster,
    claim,
    variables,
    defaultPort,
    choice: { poolRef: claim.poolRef, considered: [] },
  })
  const started = performance.now()
  const listener = api.listenToClaim(claimKeyFor(key, role))
  try {
    do {
      const claim = await getOwnClaim(api, input)
      if (claim === undefined) return claimGone
      const found = await advance(api, vip, of(claim), { observes: ['ipAddress'], performs: [] })
      if (!isStillUnbound(found)) return answerFor(input, found)
      cancellationSignal().throwIfAborted()
      if (timeoutMs > 0) await listener.untilChange()
    } while (performance.now() - started < timeoutMs)
  } finally {
    listener.close()
  }
  return whyUnbound(api, vip, input, of)
}

const claimGone: AwaitIPAddressResult = { next: 'restart', message: 'the IPAddressClaim is gone' }

/** Everything else is unknown yet, and need not be known if the next poll finds the address. */
function isStillUnbound({ action, observed }: Advance): boolean {
  return action.action === 'observe' ? observed.ipAddress === undefined : 'ipAddress' in observed
}

/**
 * The polls of this attempt have found no address. What deletes the claim deletes it only as it was read, since
 * the provider may be binding it at this moment.
 *
 * @throws ApplicationFailure to wait, with the reason why there is no address
 */
async function whyUnbound(
  api: ClusterApi,
  vip: VipRole,
  input: ClaimStepInput,
  of: (claim: IPAddressClaim) => Observed,
): Promise<AwaitIPAddressResult> {
  const { cluster: key, role } = input
  const [claim, pools, namedAddress] = await Promise.all([
    getOwnClaim(api, input),
    api.listIPPools(key.namespace),
    api.getIPAddress(claimKeyFor(key, role)),
  ])
  if (claim === undefined) return claimGone
  const begin = { ...of(claim), pools, namedAddress }
  return answerFor(
    input,
    await advance(api, vip, begin, { observes: ['ipAddress'], performs: ['deleteClaim'] }),
  )
}

function answerFor({ uid }: ClaimStepInput, { action, observed }: Advance): AwaitIPAddressResult {
  const { ipAddress } = observed
  if (ipAddress !== undefined) return { next: 'assign', address: ipAddress.address }
  throwIfWaiting(action)
  if (action.action === 'done') return endFor(uid, action)
  return action.action === 'deleteClaim' ? endWithoutClaim(uid, action) : claimGone
}
