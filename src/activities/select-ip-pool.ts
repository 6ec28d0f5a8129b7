import type { Action, ActionOf, Observed, PoolChoice } from '../domain/allocation/action.ts'
import { alsoDesiredRoles, poolRequestFor } from '../domain/allocation/eligibility.ts'
import { familyShownByClaims } from '../domain/allocation/pair-action.ts'
import { claimStays, mostRelevant, verdictsBeside } from '../domain/allocation/pool-selection.ts'
import { probeOf, type Probe } from '../domain/allocation/probe.ts'
import { partOfStep, type SelectIPPoolResult, type StepInput } from '../domain/allocation/steps.ts'
import { triedPoolsIn } from '../domain/allocation/tried-pools.ts'
import { vipOwnershipOf } from '../domain/allocation/vip-ownership.ts'
import { partsOf, vipRoleIn } from '../domain/allocation/vip-role.ts'
import { claimKeyFor, claimNamesFor, type IPAddressClaim } from '../domain/model/claim.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { findPoolKind } from '../domain/model/pool-kind.ts'
import { poolKindsOf, poolNamespaceFor } from '../domain/model/pool-kinds.ts'
import { findPool, type IPPoolReference } from '../domain/model/pool.ts'
import { defaultRole, type Role } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import {
  advance,
  endFor,
  endWithoutClaim,
  throwIfWaiting,
  type Advance,
  type StepScope,
  type StepSettings,
} from './advance.ts'
import { verdictBytes } from './failures.ts'
import { adoptionFacts, findClaim, readClusterClass, readPools } from './read-facts.ts'

const performs: StepScope['performs'] = ['releaseReservations', 'discardAddress', 'discardClaim']

/** For a VIP that is not desired; any other claim is deleted by a later step, if at all. */
const refusal: StepScope = { observes: [], performs: ['deleteClaim'] }

/**
 * Decides whether the Cluster needs a VIP, and from which pool. The pool of an existing claim stays the choice. Writes
 * nothing, except that it deletes the claim of a previous Cluster, one for a VIP that the Cluster refuses, reservations that are
 * no longer needed, and the IPAddress of an address that the Cluster asked for before.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `NoMatchingPool`, `PoolNotReady`, `PoolExhausted`,
 *   `WaitingForAddress` (claim of a previous Cluster), `ClaimConflict`, `AddressLost`, `AllocationFailed` (an invalid
 *   annotation)
 */
export async function selectIPPool(
  api: ClusterApi,
  settings: StepSettings,
  input: StepInput,
): Promise<SelectIPPoolResult> {
  const { cluster: key, role, half } = input
  const reading = api.getCluster(key)
  const [cluster, usual, listed] = await Promise.all([
    reading,
    api.getIPAddressClaim(claimKeyFor(key, role)),
    readPools(api, key.namespace, () => reading, partOfStep(input), poolKindsOf(settings)),
  ])
  const { searchable } = settings
  const { pools } = listed
  const claim = cluster && (await findClaim(api, cluster, role, { usual, pools }))
  const clusterClass = await readClusterClass(api, cluster)
  const tries = { tried: triedPoolsIn(input.tried), now: Date.now() }
  const waitingCount = api.countWaiting()
  const begin = { key, cluster, claim, ...listed, clusterClass, waitingCount, ...settings, ...tries }
  // The second address follows only if a claim holds the first one.
  const facts: StepScope['observes'] = half === undefined ? adoptionFacts(cluster, claim) : ['ipAddress']
  const observes: StepScope['observes'] = ['addressUse', 'second', 'waiting', ...facts]
  const found = await advance(api, role, begin, { observes, performs })
  const isDeletion = isRefusal(found.action) || isOfPair(found, input)
  const end = isDeletion ? await advance(api, role, found.observed, refusal) : found
  const also =
    role === defaultRole && half === undefined && cluster !== undefined
      ? alsoDesiredRoles(cluster, { clusterClass, pools }, settings)
      : []
  const alsoWanted = also.length > 0 && { alsoWanted: also }
  // Nothing is written to a paused Cluster, whatever it wants.
  throwIfWaiting(end.action, cluster?.isPaused === true ? {} : { ...alsoWanted })
  return {
    ...resultOf(end, input),
    ...alsoWanted,
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

/** To delete a claim of a pair. No later step does, unless both addresses are held. */
function isOfPair({ action, observed }: Advance, { half }: StepInput): boolean {
  return action.action === 'deleteClaim' && (half !== undefined || observed.second !== undefined)
}

function resultOf(end: Advance, input: StepInput): SelectIPPoolResult {
  const { action, observed } = end
  const uid = observed.cluster?.uid ?? ''
  if (isRefusal(action)) return endFor(uid, action.outcome)
  if (action.action === 'deleteClaim' && isOfPair(end, input)) return endWithoutClaim(uid, action)
  if (input.half !== undefined) return secondResultOf(end, uid, input)
  switch (action.action) {
    case 'done':
      return endFor(uid, action)
    case 'patchCluster':
      return { next: 'complete-port', uid }
    case 'selectPool': {
      const { considered, ...choice } = action.choice
      const shown = mostRelevant(verdictBytes.inStatus, considered)
      const more = {
        ...poolNamespaceField(observed, choice.poolRef),
        ...probeFor(observed, input, action.choice),
        ...pairField(observed, input.role),
      }
      return { next: 'claim', uid, ...choice, considered: shown, ...more }
    }
    default: {
      const { claim } = observed
      if (claim === undefined) {
        throw new Error(`no step for ${action.action} of Cluster ${formatKey(observed.key)}`)
      }
      return { ...foundClaim(end, claim, uid, input), ...pairField(observed, input.role) }
    }
  }
}

/** A VIP that the Cluster has or had before may be in use by itself, and one that it asks for is no accident. */
function probeFor(
  observed: Observed,
  input: StepInput,
  { poolRef, restore }: Pick<PoolChoice, 'poolRef' | 'restore'>,
): { readonly probe?: Probe } {
  const { cluster, clusterClass, variables, pools = [] } = observed
  if (cluster === undefined || restore !== undefined) return {}
  const part = partOfStep(input)
  if (poolRequestFor(cluster, part, observed).address !== undefined) return {}
  const vip = partsOf(vipRoleIn(cluster, input.role, variables, clusterClass)).find(
    (each) => each.part === part,
  )
  if (vip === undefined || vipOwnershipOf(cluster, vip).state !== 'unset') return {}
  const pool = findPool(pools, poolRef)
  const probe = pool && probeOf(pool)
  return probe === undefined || probe === 'unreadable' ? {} : { probe }
}

/** Of the second address: the first one is held, unless its objects have changed since. */
function secondResultOf(end: Advance, uid: string, input: StepInput): SelectIPPoolResult {
  const { action, observed } = end
  const claim = observed.second?.claim
  if (action.action === 'selectPool' && action.half !== undefined) {
    const { considered, ...choice } = action.choice
    const shown = mostRelevant(verdictBytes.inStatus, considered)
    const more = {
      ...poolNamespaceField(observed, choice.poolRef),
      ...probeFor(observed, input, action.choice),
    }
    return { next: 'claim', uid, ...choice, considered: shown, ...more }
  }
  if (action.action === 'done' && action.reason !== 'Allocated') return endFor(uid, action)
  const isJoint = ['patchCluster', 'observe', 'done'].includes(action.action)
  if (claim !== undefined && (isJoint || action.half !== undefined)) {
    return foundClaim(end, claim, uid, input)
  }
  return { next: 'restart', message: 'the first address of the pair is not held any more' }
}

function foundClaim(
  { action, observed }: Advance,
  { poolRef, name }: IPAddressClaim,
  uid: string,
  input: StepInput,
): SelectIPPoolResult {
  const { cluster, pools = [] } = observed
  const considered =
    cluster === undefined
      ? []
      : verdictsBeside(poolRequestFor(cluster, partOfStep(input), observed), pools, poolRef, claimStays)
  return {
    next: 'claim',
    uid,
    poolRef,
    considered: mostRelevant(verdictBytes.inStatus, considered),
    isFound: true,
    ...(cluster !== undefined &&
      !claimNamesFor(cluster, partOfStep(input)).includes(name) && { claim: name }),
    ...poolNamespaceField(observed, poolRef),
    ...probeFor(observed, input, { poolRef }),
    ...(action.action === 'convertClaim' && action.half === input.half && { retain: action.retain }),
  }
}

/** The scope of a kind that we do not know by name is the API server's word. */
function poolNamespaceField(
  { key, pools = [], poolKinds, isForeignPoolGlobal = false }: Observed,
  poolRef: IPPoolReference,
): { readonly poolNamespace?: string } {
  const isRead = findPoolKind(poolKindsOf({ poolKinds }), poolRef) !== undefined
  const namespace = !isRead && isForeignPoolGlobal ? '' : findPool(pools, poolRef)?.namespace
  return namespace === undefined || namespace === poolNamespaceFor(poolRef, key.namespace)
    ? {}
    : { poolNamespace: namespace }
}

/** The claims of a pair show it too, should its record be lost. */
function pairField(observed: Observed, role: Role): { readonly isPair?: true } {
  const { cluster, clusterClass, variables } = observed
  if (cluster === undefined) return {}
  const vip = vipRoleIn(cluster, role, variables, clusterClass)
  const isPair =
    vip.secondFamily !== undefined || familyShownByClaims({ ...observed, cluster }, vip) !== undefined
  return isPair ? { isPair } : {}
}
