import { setTimeout as delay } from 'node:timers/promises'

const pauseMs = 200
const longestMs = 15 * 60_000

/**
 * Polls until a condition holds.
 *
 * @throws Error that names the condition, after a quarter of an hour or if `signal` is aborted
 */
export async function eventually(
  what: string,
  signal: AbortSignal,
  ask: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + longestMs
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`timed out waiting for ${what}`)
    await delay(pauseMs, undefined, { signal })
  }
}
