import { setTimeout as delay } from 'node:timers/promises'
import { timeoutError } from './evidence.ts'

/** Milliseconds; less than a test may take, so that the error of a wait comes first and nothing goes on after a test. */
export const longestWaitMs = 180_000

/** Milliseconds between two questions: few at first, for what comes at once, and more for what takes its time. */
const pauses = { first: 20, most: 100 } as const

/**
 * Asks again and again for what no event tells, until there is an answer.
 *
 * @param ask answers undefined, or fails, for "not yet"
 * @throws Error that names what was waited for, with the evidence, and the last failure as its cause
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
