import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds; less than a test may take, so that the error of a wait comes first and nothing goes on after a test. */
export const longestWaitMs = 180_000

/**
 * Asks again and again for what no event tells, until there is an answer.
 *
 * @param ask answers undefined, or fails, for "not yet"
 * @throws Error that names what was waited for, with the last failure as its cause
 */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + longestWaitMs
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
  throw new Error(`waited in vain for ${what}`, { cause })
}
