import type { AllocationSettings } from '../domain/allocation/action.ts'
import {
  partOfStep,
  type EnsureIPAddressClaimInput,
  type EnsureIPAddressClaimResult,
} from '../domain/allocation/steps.ts'
import { claimKeyFor, ownershipOf } from '../domain/model/claim.ts'
import { formatPool } from '../domain/model/pool.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { advance, endFor, endWithout, throwIfWaiting, type StepScope } from './advance.ts'
import { adoptionFacts, observeFirst, readClaim } from './read-facts.ts'

const performs: StepScope['performs'] = [
  'restoreAddress',
  'discardAddress',
  'createClaim',
  'adoptClaim',
  'labelClaim',
  'convertClaim',
  'discardClaim',
]

/**
 * Makes sure that the Cluster has its claim: creates it, takes the one that is there, or adopts one without owner. The
 * poolRef of an existing claim takes precedence over the input's.
 *
 * @param isFastPath the pool was selected just now
 * @throws ApplicationFailure to wait: `ClusterPaused`, `WaitingForAddress` (claim or address on its way out), `ClaimConflict`
 */
export async function ensureIPAddressClaim(
  api: ClusterApi,
  settings: AllocationSettings,
  input: EnsureIPAddressClaimInput,
  isFastPath: boolean,
): Promise<EnsureIPAddressClaimResult> {
  const { cluster: key, role, half, uid, poolRef, restore, retain, annotations } = input
  const part = partOfStep(input)
  const [cluster, usual] = await Promise.all([
    // Creating a claim is not conditional on the Cluster: only this read keeps it from one that has just been paused.
    api.getClusterLive(key),
    api.getIPAddressClaim(claimKeyFor(key, part)),
  ])
  const without = endWithout(cluster, input)
  if (without !== undefined) return without
  const claim = cluster && (await readClaim(api, cluster, part, usual, input.claim))
  const choice = {
    poolRef,
    considered: [],
    ...(restore !== undefined && { restore }),
    ...(retain !== undefined && { retain }),
    ...(annotations !== undefined && { annotations }),
  }
  // The next step observes the address of a claim that exists, unless that is a previous Cluster's.
  const isPrevious =
    claim !== undefined && cluster !== undefined && ownershipOf(claim, cluster).owner === 'previous-cluster'
  const scope: StepScope = {
    performs,
    observes: [
      'clusterClass',
      'pools',
      'second',
      ...(claim === undefined || isPrevious ? (['namedAddress', 'waiting'] as const) : []),
      ...adoptionFacts(cluster, claim),
      // The second address follows only if a claim holds the first one.
      ...(half === undefined ? [] : (['ipAddress'] as const)),
    ],
  }
  const own = { claim, choice, isChoiceOld: !isFastPath }
  const facts =
    half === undefined || cluster === undefined
      ? own
      : { ...(await observeFirst(api, cluster, role)), second: own }
  const begin = { key, cluster, waitingCount: api.countWaiting(), ...facts, ...settings }
  const { action, observed } = await advance(api, role, begin, scope)
  throwIfWaiting(action)
  // An attempt whose result was lost may have assigned the pair: the last step reports that, with the claims.
  if (action.action === 'done' && action.reason !== 'Allocated') return endFor(uid, action)
  if (action.action === 'selectPool' && action.half === half) {
    const message = `${formatPool(poolRef)} is not meant for the Cluster any more; ${formatPool(action.choice.poolRef)} is`
    return { next: 'restart', message }
  }
  const ensured = half === undefined ? observed.claim : observed.second?.claim
  if (ensured === undefined) {
    return { next: 'restart', message: 'the Cluster has changed since its pool was selected' }
  }
  return { next: 'await', claim: ensured.name, poolRef: ensured.poolRef }
}
