import { setTimeout as delay } from 'node:timers/promises'

const pauseMs = 200
const longestMs = 15 * 60_000

/**
 * Asks again and again for what no event tells.
 *
 * @throws Error that names what was waited for, after a quarter of an hour or where `signal` is aborted
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
