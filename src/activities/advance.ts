import type { Action, ActionOf, AllocationSettings, Fact, Observed } from '../domain/allocation/action.ts'
import { clusterGone, nextAction } from '../domain/allocation/next-action.ts'
import { subjectOf } from '../domain/allocation/second-view.ts'
import { partOfStep, type ClaimStepInput, type StepEnd } from '../domain/allocation/steps.ts'
import { claimKeyFor, ownershipOf, type IPAddressClaim } from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { triedPoolsText } from '../domain/allocation/tried-pools.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import type { Role } from '../domain/role.ts'
import type { SearchAttributeName } from '../domain/search-attributes.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { actionRequired, retryLater, type WaitDetails } from './failures.ts'
import { performAction } from './perform-action.ts'
import { observeFact } from './read-facts.ts'

export interface StepSettings extends AllocationSettings {
  /** The search attributes that are registered in the Temporal namespace. */
  readonly searchable: readonly SearchAttributeName[]
}

/** The facts that one step observes, and the actions that it performs; everything else is left to the steps after it. */
export interface StepScope {
  readonly observes: readonly Fact[]
  readonly performs: readonly Action['action'][]
}

/** The last action of a step, performed if it is in the step's scope, and what is observed after it. */
export interface Advance {
  readonly action: Action
  readonly observed: Observed
}

/**
 * Performs the next actions that are in the scope of a step. The step ends with its first write, except for those that only
 * prepare the next one.
 *
 * @throws Error if the API server accepted a write and did not keep it
 */
export async function advance(
  api: ClusterApi,
  role: Role,
  begin: Observed,
  { observes, performs }: StepScope,
): Promise<Advance> {
  let observed = begin
  const performed = new Set<string>()
  for (;;) {
    const action = nextAction(observed, role)
    if (action.action === 'observe') {
      if (!observes.includes(action.fact)) return { action, observed }
      const { part, view, from } = subjectOf(observed, role, action)
      observed = from({ ...view, ...(await observeFact(api, view, part, action.fact)) })
      continue
    }
    if (!performs.includes(action.action)) return { action, observed }
    const name = `${action.action} ${action.half ?? ''}`
    if (performed.has(name)) throw new Error(`${action.action} has changed nothing`)
    performed.add(name)
    const { part, view, from } = subjectOf(observed, role, action)
    observed = from(await performAction(api, view, part, action))
    if (!isPreparation(action)) return { action, observed }
  }
}

const preparations: readonly Action['action'][] = [
  'releaseReservations',
  'restoreAddress',
  'discardAddress',
  'labelClaim',
  'convertClaim',
]

function isPreparation({ action }: Action): boolean {
  return preparations.includes(action)
}

/**
 * @param also what the run has to know besides
 * @throws ApplicationFailure if the action is to wait, to refuse, or to wait until a discarded claim is gone
 */
export function throwIfWaiting(action: Action, also: Pick<WaitDetails, 'alsoWanted'> = {}): void {
  if (action.action === 'wait') throw retryLater(action.reason, action.message, { ...action, ...also })
  if (action.action === 'refuse') throw actionRequired(action.reason, action.message, also)
  if (action.action === 'discardClaim') throw retryLater('WaitingForAddress', action.because, also)
}

/** The result of a step whose Cluster is gone or recreated; undefined if it is still the one that the run started with. */
export function endWithout(
  cluster: Cluster | undefined,
  { cluster: key, uid }: ClaimStepInput,
): StepEnd | undefined {
  if (cluster === undefined) return endFor(uid, clusterGone(key))
  return cluster.uid === uid ? undefined : { next: 'replaced' }
}

export function endFor(uid: string, { reason, message, vip }: ActionOf<'done'>): StepEnd {
  return { next: 'end', uid, reason, message, ...vip }
}

/** The result of a step that has deleted the claim. */
export function endWithoutClaim(
  uid: string,
  { outcome, because, tried = [], refusal }: ActionOf<'deleteClaim'>,
): StepEnd {
  if (outcome !== 'restart') return endFor(uid, outcome)
  return {
    next: 'restart',
    message: because,
    ...(tried.length > 0 && { tried: triedPoolsText(tried) }),
    ...(refusal !== undefined && { refusal }),
  }
}

/** The key of the claim that an earlier step has ensured. */
export function ownClaimKey(input: ClaimStepInput): NamespacedName {
  const { cluster, claim } = input
  return claim === undefined
    ? claimKeyFor(cluster, partOfStep(input))
    : { namespace: cluster.namespace, name: claim }
}

/** The claim of the very Cluster that the run started with; undefined if it is gone or going, or somebody else's. */
export async function getOwnClaim(
  api: Pick<ClusterApi, 'getIPAddressClaim'>,
  input: ClaimStepInput,
): Promise<IPAddressClaim | undefined> {
  const { cluster, uid } = input
  const claim = await api.getIPAddressClaim(ownClaimKey(input))
  if (claim === undefined || claim.isDeleting) return undefined
  return ownershipOf(claim, { ...cluster, uid }).owner === 'this-cluster' ? claim : undefined
}
