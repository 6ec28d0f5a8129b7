import { setTimeout as delay } from 'node:timers/promises'
import { waitedInVain } from './evidence.ts'

/** Milliseconds; less than a test may take, so that the error of a wait comes first and nothing goes on after a test. */
export const longestWaitMs = 180_000

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
  const deadline = performance.now() + longestMs
  let cause: unknown
  while (performance.now() < deadline) {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      cause = error
    }
    await delay(20)
  }
  throw await waitedInVain(what, cause)
}
