import type { EnsureIPAddressClaimInput, EnsureIPAddressClaimResult } from '../domain/allocation/steps.ts'
import { vipRole } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { advance, throwIfWaiting, type StepScope } from './advance.ts'
import { endFor, endWithout } from './step-ends.ts'
import { claimKeyFor } from './own-claim.ts'
import type { AllocationSettings } from './settings.ts'

const performs: StepScope['performs'] = ['restoreAddress', 'createClaim', 'adoptClaim', 'discardClaim']

/**
 * Makes sure that the Cluster has its claim: creates it, takes the one that is there, or adopts one without owner.
 * The poolRef of a claim that exists wins over the one asked for. If an address has to be had again, its IPAddress
 * is made before the claim, and the provider adopts it.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `WaitingForAddress` (claim or address on its way out), `ClaimConflict`
 */
export async function ensureIPAddressClaim(
  api: ClusterApi,
  { variables, defaultPort }: AllocationSettings,
  input: EnsureIPAddressClaimInput,
): Promise<EnsureIPAddressClaimResult> {
  const { cluster: key, role, uid, poolRef, restore } = input
  const [cluster, claim] = await Promise.all([
    // A claim is no write to the Cluster: nothing but this look keeps it from one that is paused by now.
    api.getClusterLive(key),
    api.getIPAddressClaim(claimKeyFor(key, role)),
  ])
  const end = endWithout(cluster, input)
  if (end !== undefined) return end
  const choice = { poolRef, considered: [], ...(restore !== undefined && { restore }) }
  const begin = { key, cluster, claim, choice, variables, defaultPort }
  // Of a claim that exists, the address is looked at by the next step.
  const scope: StepScope = { performs, observes: claim === undefined ? ['namedAddress'] : [] }
  const { action, observed } = await advance(api, vipRole(role, variables), begin, scope)
  throwIfWaiting(action)
  if (action.action === 'done') return endFor(uid, action)
  if (observed.claim === undefined) {
    return { next: 'restart', message: 'the Cluster has got an endpoint since its pool was selected' }
  }
  return { next: 'await', claim: observed.claim.name, poolRef: observed.claim.poolRef }
}
