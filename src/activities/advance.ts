import type { Action, Fact, Observed } from '../domain/allocation/action.ts'
import { nextAction } from '../domain/allocation/next-action.ts'
import type { VipRole } from '../domain/role.ts'
import { actionRequired, retryLater } from './failures.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { observeFact, performAction } from './perform-action.ts'

/** What one step looks at and does of its own; the rest is for the steps after it. */
export interface StepScope {
  readonly observes: readonly Fact[]
  readonly performs: readonly Action['action'][]
}

/** Where a step ended: the last action, performed if it is one of the step's own, and what is observed after it. */
export interface Advance {
  readonly action: Action
  readonly observed: Observed
}

/**
 * Does what is next, as far as it is this step's to do. The step ends with its first write, but for those that only prepare
 * the next one: a released reservation, a restored IPAddress.
 *
 * @throws Error if the API server took a write and did not keep it
 */
export async function advance(
  api: ClusterApi,
  vip: VipRole,
  begin: Observed,
  { observes, performs }: StepScope,
): Promise<Advance> {
  let observed = begin
  const performed = new Set<Action['action']>()
  for (;;) {
    const action = nextAction(observed, vip)
    if (action.action === 'observe') {
      if (!observes.includes(action.fact)) return { action, observed }
      observed = { ...observed, ...(await observeFact(api, observed, vip.role, action.fact)) }
      continue
    }
    if (!performs.includes(action.action)) return { action, observed }
    if (performed.has(action.action)) throw new Error(`${action.action} has changed nothing`)
    performed.add(action.action)
    observed = await performAction(api, observed, vip.role, action)
    if (action.action !== 'releaseReservations' && action.action !== 'restoreAddress') {
      return { action, observed }
    }
  }
}

/** @throws ApplicationFailure if the action is to wait, for something, for a person, or until a discarded claim is gone */
export function throwIfWaiting(action: Action): void {
  if (action.action === 'wait') throw retryLater(action.reason, action.message, action.considered)
  if (action.action === 'refuse') throw actionRequired(action.reason, action.message)
  if (action.action === 'discardClaim') throw retryLater('WaitingForAddress', action.because)
}
