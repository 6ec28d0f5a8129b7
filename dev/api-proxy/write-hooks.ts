import { setImmediate as turn } from 'node:timers/promises'
import { isMatch, type RequestFacts, type RequestMatch } from './request-facts.ts'

/** Of a write: before the server hears of it, or after the server has answered and before the client hears. */
export type WriteMoment = 'before' | 'after'

/** What is to be done when certain writes pass. */
export interface WriteHooks {
  /**
   * Has `action` run, and the write wait for it, at the n-th write from now on of those that match.
   *
   * @returns that write, once the action is done; undefined where it was withdrawn before
   */
  readonly at: (
    n: number,
    moment: WriteMoment,
    action: () => void | Promise<void>,
    match?: RequestMatch,
  ) => Promise<RequestFacts | undefined>
  /** Counts a write, and tells how to run what is due at its moments. */
  readonly next: (facts: RequestFacts) => (moment: WriteMoment) => Promise<void>
  /** Forgets all actions that are not due yet. */
  readonly withdraw: () => void
}

interface Hook {
  left: number
  readonly match: RequestMatch
  readonly moment: WriteMoment
  readonly run: (facts: RequestFacts) => Promise<void>
  readonly withdraw: () => void
}

/** Makes hooks with nothing to do. */
export function createWriteHooks(): WriteHooks {
  const hooks = new Set<Hook>()
  return {
    at: (n, moment, action, match = {}) =>
      new Promise((resolve, reject) => {
        const run = async (facts: RequestFacts): Promise<void> => {
          try {
            await action()
            await newsOfTheDead()
            resolve(facts)
          } catch (error) {
            reject(error)
          }
        }
        hooks.add({ left: n, match, moment, run, withdraw: () => resolve(undefined) })
      }),
    next: (facts) => {
      for (const hook of hooks) if (isMatch(facts, hook.match)) hook.left--
      const due = [...hooks].filter((hook) => hook.left === 0)
      for (const hook of due) hooks.delete(hook)
      return async (moment) => {
        for (const hook of due) if (hook.moment === moment) await hook.run(facts)
      }
    },
    withdraw: () => {
      for (const hook of hooks) hook.withdraw()
      hooks.clear()
    },
  }
}

/** A client that the action has killed is known to be gone after one whole turn of the event loop. */
async function newsOfTheDead(): Promise<void> {
  await turn()
  await turn()
}
