import { setTimeout as delay } from 'node:timers/promises'
import type { SeededRandom } from '../../../test/support/seeded-random.ts'
import type { Form } from './form.ts'
import type { Stage } from './stage.ts'

/** What a fault takes away. Of the faults for one place, one at most is in force at a time. */
export const faultPlaces = [
  'allocator',
  'api-server',
  'connections',
  'requests',
  'watches',
  'temporal',
  'task-queues',
  'ipam-provider',
] as const
export type FaultPlace = (typeof faultPlaces)[number]

/** One way in which things go wrong. */
export interface FaultKind {
  readonly name: string
  /** For people: what happens. */
  readonly what: string
  readonly place: FaultPlace
  /** Milliseconds that it is in force for, at least. */
  readonly holdMs: (form: Form) => number
  /** Resolves when it is in force, with what ends it. Everything that is taken away is given back by the end. */
  readonly start: (stage: Stage, random: SeededRandom) => Promise<() => Promise<void>>
}

/** As the proxy wants it. */
export function unitRandom(random: SeededRandom): () => number {
  return () => random.below(2 ** 30) / 2 ** 30
}

/**
 * Goes on with a deed again and again until the fault ends.
 *
 * @param deed told when to give up what it waits for; its failures are the end's
 */
export function again(deed: (over: AbortSignal) => Promise<void>): () => Promise<void> {
  const over = new AbortController()
  const done = (async () => {
    while (!over.signal.aborted) await deed(over.signal)
  })()
  done.catch(() => undefined)
  return async () => {
    over.abort()
    await done
  }
}

/** Waits, at most until the fault ends. */
export async function pauseUntil(ms: number, over: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: over }).catch(() => undefined)
}
