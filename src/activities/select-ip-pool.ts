import type { Action, ActionOf, Observed, PoolChoice } from '../domain/allocation/action.ts'
import { alsoDesiredRoles, poolRequestFor } from '../domain/allocation/eligibility.ts'
import { claimStays, mostRelevant, verdictsBeside } from '../domain/allocation/pool-selection.ts'
import { probeOf, type Probe } from '../domain/allocation/probe.ts'
import type { SelectIPPoolResult, StepInput } from '../domain/allocation/steps.ts'
import { vipOwnershipOf } from '../domain/allocation/vip-ownership.ts'
import { vipRoleIn } from '../domain/allocation/vip-role.ts'
import { claimKeyFor } from '../domain/model/claim.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { poolKindsOf } from '../domain/model/pool-kinds.ts'
import { formatPool } from '../domain/model/pool.ts'
import { defaultRole, type Role } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import {
  advance,
  endFor,
  throwIfWaiting,
  type Advance,
  type StepScope,
  type StepSettings,
} from './advance.ts'
import { verdictBytes } from './failures.ts'
import { adoptionFacts, readClaim, readClusterClass, readPools } from './read-facts.ts'

const performs: StepScope['performs'] = ['releaseReservations', 'discardClaim']

/** For a VIP that is not desired; any other claim is deleted by a later step, if at all. */
const refusal: StepScope = { observes: [], performs: ['deleteClaim'] }

/**
 * Decides whether the Cluster needs a VIP, and from which pool. The pool of an existing claim stays the choice. Writes
 * nothing, except that it deletes the claim of a previous Cluster, one for a VIP that the Cluster refuses, and reservations
 * that are no longer needed.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `NoMatchingPool`, `PoolNotReady`, `PoolExhausted`,
 *   `WaitingForAddress` (claim of a previous Cluster), `ClaimConflict`, `AddressLost`, `AllocationFailed` (an invalid
 *   annotation)
 */
export async function selectIPPool(
  api: ClusterApi,
  settings: StepSettings,
  { cluster: key, role }: StepInput,
): Promise<SelectIPPoolResult> {
  const reading = api.getCluster(key)
  const [cluster, usual, listed] = await Promise.all([
    reading,
    api.getIPAddressClaim(claimKeyFor(key, role)),
    readPools(api, key.namespace, () => reading, role, poolKindsOf(settings)),
  ])
  const { searchable } = settings
  const { pools } = listed
  const claim = cluster && (await readClaim(api, cluster, role, usual))
  const clusterClass = await readClusterClass(api, cluster)
  const begin = { key, cluster, claim, ...listed, clusterClass, ...settings }
  const observes: StepScope['observes'] = ['addressUse', ...adoptionFacts(cluster, claim)]
  const found = await advance(api, role, begin, { observes, performs })
  const end = isRefusal(found.action) ? await advance(api, role, found.observed, refusal) : found
  const also =
    role === defaultRole && cluster !== undefined
      ? alsoDesiredRoles(cluster, { clusterClass, pools }, settings)
      : []
  return {
    ...resultOf(end, role),
    ...(also.length > 0 && { alsoWanted: also }),
    ...(searchable.length > 0 && cluster !== undefined && { searchable }),
  }
}

function isRefusal(
  action: Action,
): action is ActionOf<'deleteClaim'> & { readonly outcome: ActionOf<'done'> } {
  return (
    action.action === 'deleteClaim' &&
    action.outcome !== 'restart' &&
    action.outcome.reason === 'NoMatchingPool'
  )
}

function resultOf({ action, observed }: Advance, role: Role): SelectIPPoolResult {
  throwIfWaiting(action)
  const uid = observed.cluster?.uid ?? ''
  if (isRefusal(action)) return endFor(uid, action.outcome)
  switch (action.action) {
    case 'done':
      return endFor(uid, action)
    case 'patchCluster':
      return { next: 'complete-port', uid }
    case 'selectPool': {
      const { considered, ...choice } = action.choice
      const shown = mostRelevant(verdictBytes.inStatus, considered)
      return { next: 'claim', uid, ...choice, considered: shown, ...probeFor(observed, role, action.choice) }
    }
    default: {
      const { cluster, claim, pools } = observed
      if (cluster === undefined || claim === undefined)
        throw new Error(`no step for ${action.action} of Cluster ${formatKey(observed.key)}`)
      const { poolRef } = claim
      const request = poolRequestFor(cluster, role)
      const considered = verdictsBeside(request, pools ?? [], poolRef, claimStays)
      return {
        next: 'claim',
        uid,
        poolRef,
        considered: mostRelevant(verdictBytes.inStatus, considered),
        isFound: true,
        ...probeFor(observed, role, { poolRef }),
        ...(action.action === 'convertClaim' && { retain: action.retain }),
      }
    }
  }
}

/** A VIP that the Cluster has or had before may be in use by itself, and one that it asks for is no accident. */
function probeFor(
  { cluster, clusterClass, variables, pools = [] }: Observed,
  role: Role,
  { poolRef, restore }: Pick<PoolChoice, 'poolRef' | 'restore'>,
): { readonly probe?: Probe } {
  if (cluster === undefined || restore !== undefined) return {}
  if (poolRequestFor(cluster, role).address !== undefined) return {}
  const vip = vipRoleIn(cluster, role, variables, clusterClass)
  if (vipOwnershipOf(cluster, vip).state !== 'unset') return {}
  const pool = pools.find((each) => formatPool(each) === formatPool(poolRef))
  const probe = pool && probeOf(pool)
  return probe === undefined || probe === 'unreadable' ? {} : { probe }
}
