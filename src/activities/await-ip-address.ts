import { cancellationSignal } from '@temporalio/activity'
import type { AllocationSettings, Observed } from '../domain/allocation/action.ts'
import { viewOfSecond } from '../domain/allocation/second-view.ts'
import type { AwaitIPAddressResult, ClaimStepInput } from '../domain/allocation/steps.ts'
import type { IPAddressClaim } from '../domain/model/claim.ts'
import { claimPollTimeoutMs, fastPathPollTimeoutAfter } from '../domain/timings.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import {
  advance,
  endFor,
  endWithout,
  endWithoutClaim,
  getOwnClaim,
  ownClaimKey,
  throwIfWaiting,
  type Advance,
} from './advance.ts'
import { observeFirst, readClusterClass } from './read-facts.ts'
import type { RunKind } from './run-step.ts'

/** Runs a poll for the milliseconds that it may take. */
export type ClaimWaitBudget = (
  kind: RunKind,
  poll: (timeoutMs: number) => Promise<AwaitIPAddressResult>,
) => Promise<AwaitIPAddressResult>

/** On the fast path, every poll in vain makes the next one shorter, until an address comes. */
export function createClaimWaitBudget(): ClaimWaitBudget {
  let inVain = 0
  return async (kind, poll) => {
    if (kind !== 'fast-path') return poll(kind === 'first' ? claimPollTimeoutMs : 0)
    let isBound = false
    try {
      const result = await poll(fastPathPollTimeoutAfter(inVain))
      isBound = result.next === 'assign'
      return result
    } finally {
      inVain = isBound ? 0 : inVain + 1
    }
  }
}

/**
 * Waits until the provider has bound the claim. One attempt polls for some seconds; after that Temporal holds
 * the wait.
 *
 * @param timeoutMs milliseconds for which it polls
 * @throws ApplicationFailure to wait: `WaitingForAddress`, `PoolExhausted`, `PoolNotReady`, `ClusterPaused`
 */
export async function awaitIPAddress(
  api: ClusterApi,
  settings: AllocationSettings,
  input: ClaimStepInput,
  timeoutMs: number,
): Promise<AwaitIPAddressResult> {
  const { cluster: key, role, half } = input
  const cluster = await api.getCluster(key)
  const without = endWithout(cluster, input)
  if (without !== undefined) return without
  const clusterClass = await readClusterClass(api, cluster)
  const first =
    half === undefined || cluster === undefined ? undefined : await observeFirst(api, cluster, role)
  const observedWith = (claim: IPAddressClaim): Observed => {
    const own = { claim, choice: { poolRef: claim.poolRef, considered: [] } }
    const facts = first === undefined ? own : { ...first, second: own }
    return { key, cluster, clusterClass, ...facts, ...settings, now: Date.now() }
  }
  const started = performance.now()
  const listener = api.listenToClaim(ownClaimKey(input))
  try {
    do {
      const claim = await getOwnClaim(api, input)
      if (claim === undefined) return claimGone
      const end = await advance(api, role, observedWith(claim), {
        observes: ['ipAddress', 'second'],
        performs: ['labelClaim'],
      })
      if (!isStillUnbound(input, end)) return resultOf(input, end)
      // Its provider has answered.
      if (claim.refusal !== undefined) break
      cancellationSignal().throwIfAborted()
      if (timeoutMs > 0) await listener.untilChange()
    } while (performance.now() - started < timeoutMs)
  } finally {
    listener.close()
  }
  return whyUnbound(api, input, observedWith)
}

const claimGone: AwaitIPAddressResult = { next: 'restart', message: 'the IPAddressClaim is gone' }

/** Other facts have not been observed yet, and need not be if the next poll finds the address. */
function isStillUnbound(input: ClaimStepInput, { action, observed }: Advance): boolean {
  const view = viewOf(input, observed)
  return view.ipAddress === undefined && (action.action === 'observe' || 'ipAddress' in view)
}

function viewOf({ half }: ClaimStepInput, observed: Observed): Observed {
  return half === undefined ? observed : viewOfSecond(observed)
}

/**
 * No poll of this attempt found an address. A claim is deleted only as it was read, since it may be bound at this moment.
 *
 * @throws ApplicationFailure to wait, with the reason why there is no address
 */
async function whyUnbound(
  api: ClusterApi,
  input: ClaimStepInput,
  observedWith: (claim: IPAddressClaim) => Observed,
): Promise<AwaitIPAddressResult> {
  const { role } = input
  const claim = await getOwnClaim(api, input)
  if (claim === undefined) return claimGone
  const scope = {
    observes: ['ipAddress', 'namedAddress', 'pools', 'second', 'waiting'],
    performs: ['labelClaim', 'convertClaim', 'discardAddress', 'deleteClaim'],
  } as const
  return resultOf(input, await advance(api, role, observedWith(claim), scope))
}

function resultOf(input: ClaimStepInput, { action, observed }: Advance): AwaitIPAddressResult {
  const { uid } = input
  const { ipAddress } = viewOf(input, observed)
  if (ipAddress !== undefined) return { next: 'assign', address: ipAddress.address }
  throwIfWaiting(action)
  if (action.action === 'done') return endFor(uid, action)
  return action.action === 'deleteClaim' ? endWithoutClaim(uid, action) : claimGone
}
