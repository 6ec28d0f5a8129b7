import type { Action, ActionOf, Observed, ObservedCluster, SecondFacts } from './action.ts'
import { secondPartOf, type Role, type VipPart } from '../role.ts'

/**
 * What is observed, as the rules for one address see it: `claim`, `ipAddress` and the like are those of the second address of
 * a pair. Everything else is shared.
 */
export function viewOfSecond(observed: ObservedCluster): ObservedCluster
export function viewOfSecond(observed: Observed): Observed
export function viewOfSecond(observed: Observed): Observed {
  const {
    claim: _claim,
    usualClaim: _usualClaim,
    choice: _choice,
    isChoiceOld: _isChoiceOld,
    ipAddress: _ipAddress,
    namedAddress: _namedAddress,
    sameAddressUse: _sameAddressUse,
    second = noSecond,
    ...shared
  } = observed
  return { ...shared, ...second }
}

const noSecond: SecondFacts = { claim: undefined }

/** Takes back what has changed in such a view. */
export function withSecondView(observed: Observed, view: Observed): Observed {
  const {
    claim,
    usualClaim,
    choice,
    isChoiceOld,
    ipAddress,
    namedAddress,
    sameAddressUse,
    second: _second,
    ...shared
  } = view
  const facts = { usualClaim, choice, isChoiceOld, ipAddress, namedAddress, sameAddressUse }
  const known = Object.fromEntries(Object.entries(facts).filter(([fact]) => fact in view))
  return { ...observed, ...shared, second: { claim, ...known } }
}

/** What an action is about: a view, and the part of the VIP. */
export interface Subject {
  readonly part: VipPart
  readonly view: Observed
  /** What is observed if this has become of the view. */
  readonly from: (view: Observed) => Observed
}

export function subjectOf(observed: Observed, role: Role, { half }: Pick<Action, 'half'>): Subject {
  return half === undefined
    ? { part: role, view: observed, from: (view) => view }
    : {
        part: secondPartOf(role),
        view: viewOfSecond(observed),
        from: (view) => withSecondView(observed, view),
      }
}

/** An action of the rules for one address, as one for the second address of a pair. */
export function forSecond<A extends Action>(action: A): A & { readonly half: 'second' } {
  return { ...action, half: 'second' }
}

/** Whether an action keeps an address from being had until a person, or another Cluster, makes room. */
export function isOutOfReach(
  action: Action | { readonly action: 'hold' },
): action is ActionOf<'wait' | 'refuse'> {
  return (action.action === 'wait' || action.action === 'refuse') && outOfReach.includes(action.reason)
}

const outOfReach: readonly string[] = ['NoMatchingPool', 'PoolExhausted', 'PoolNotReady', 'AllocationFailed']
