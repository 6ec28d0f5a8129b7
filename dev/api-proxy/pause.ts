import { setTimeout as delay } from 'node:timers/promises'

/** Waits, until one of the signals is aborted at the longest. */
export async function pause(ms: number, until: readonly AbortSignal[]): Promise<void> {
  await delay(ms, undefined, { signal: AbortSignal.any([...until]) }).catch(() => undefined)
}
