import { setImmediate as turn } from 'node:timers/promises'
import { isMatch, type RequestFacts, type RequestMatch } from './request-facts.ts'

/** Before the server receives a write, or after it has responded and before the client receives the response. */
export type WriteMoment = 'before' | 'after'

/** Actions at certain writes. */
export interface WriteHooks {
  /**
   * Runs `action` at the n-th matching write from now on; the write waits for it.
   *
   * @returns the write, after the action; undefined if it was withdrawn first
   */
  readonly at: (
    n: number,
    moment: WriteMoment,
    action: () => void | Promise<void>,
    match?: RequestMatch,
  ) => Promise<RequestFacts | undefined>
  /** Counts a write, and returns the function that runs the actions due at its moments. */
  readonly next: (facts: RequestFacts) => (moment: WriteMoment) => Promise<void>
  /** Cancels all actions that are not due yet. */
  readonly withdraw: () => void
}

interface Hook {
  left: number
  readonly match: RequestMatch
  readonly moment: WriteMoment
  readonly run: (facts: RequestFacts) => Promise<void>
  readonly withdraw: () => void
}

export function createWriteHooks(): WriteHooks {
  const hooks = new Set<Hook>()
  return {
    at: (n, moment, action, match = {}) =>
      new Promise((resolve, reject) => {
        const run = async (facts: RequestFacts): Promise<void> => {
          try {
            await action()
            await clientEndNoticed()
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

/** After a whole turn of the event loop, the end of a killed client has been noticed. */
async function clientEndNoticed(): Promise<void> {
  await turn()
  await turn()
}
