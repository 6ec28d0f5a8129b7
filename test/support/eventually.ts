import { setTimeout as delay } from 'node:timers/promises'
import { timeoutError } from './evidence.ts'

/** Less than the time limit of a test, so that the error of a wait comes first, and no wait continues after a test. */
export const longestWaitMs = 180_000

/** Milliseconds between two attempts, increasing from `first` to `most`: an attempt late in a long wait costs as much as an early one. */
const pauses = { first: 20, most: 250 } as const

/**
 * Polls until there is a result; use it if no event can be awaited.
 *
 * @param ask resolves with undefined, or rejects, for "not yet"
 * @throws Error that names what was awaited, with the evidence, and the last failure as its cause
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  longestMs = longestWaitMs,
): Promise<T> {
  const begun = performance.now()
  const deadline = begun + longestMs
  let cause: unknown
  while (performance.now() < deadline) {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      cause = error
    }
    await delay(Math.min(pauses.first + (performance.now() - begun) / 50, pauses.most))
  }
  throw await timeoutError(what, cause)
}
