import { setTimeout as delay } from 'node:timers/promises'
import type { SeededRandom } from '../../../test/support/seeded-random.ts'
import type { Profile } from './profile.ts'
import type { Harness } from './harness.ts'
import type { Target } from './targets.ts'
import type { Users } from './users.ts'

/** Where a fault acts. At most one fault per place is in force at a time. */
export const faultPlaces = [
  'allocator',
  'api-server',
  'connections',
  'requests',
  'watches',
  'temporal',
  'task-queues',
  'ipam-provider',
  'other-provider',
  'probed-hosts',
  'queue',
  'hooks',
] as const
export type FaultPlace = (typeof faultPlaces)[number]

/** A kind of fault. */
export interface FaultKind {
  readonly name: string
  /** For the report and docs/reliability.md. */
  readonly what: string
  readonly place: FaultPlace
  /** Minimum duration in milliseconds. */
  readonly holdMs: (profile: Profile) => number
  /** Resolves when the fault is in force, with the function that ends it and restores everything. */
  readonly start: (harness: Harness, random: SeededRandom) => Promise<() => Promise<void>>
}

/** Random numbers in [0, 1), for the proxy. */
export function unitRandom(random: SeededRandom): () => number {
  return () => random.below(2 ** 30) / 2 ** 30
}

/**
 * Repeats an action until the fault ends.
 *
 * @param action gets a signal that ends its waits; if it fails, so does the end of the fault
 */
export function repeat(action: (over: AbortSignal) => Promise<void>): () => Promise<void> {
  const over = new AbortController()
  const done = (async () => {
    while (!over.signal.aborted) await action(over.signal)
  })()
  done.catch(() => undefined)
  return async () => {
    over.abort()
    await done
  }
}

/** Waits, but not beyond the end of the fault. */
export async function pauseUntil(ms: number, over: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: over }).catch(() => undefined)
}

const recreationPauseMs = { shortest: 1_000, longest: 8_000 }

/** Creates Clusters, deletes them and creates them again, with random policies, until the fault ends. */
export function recreateClusters(
  users: Users,
  targets: readonly Target[],
  random: SeededRandom,
): () => Promise<void> {
  const ends = targets.map((target) =>
    repeat(async (over) => {
      await users.act('create', target, random.below(1_000))
      await pauseUntil(
        recreationPauseMs.shortest + random.below(recreationPauseMs.longest - recreationPauseMs.shortest),
        over,
      )
      if (!over.aborted) await users.act('delete and create again', target, random.below(1_000))
      await pauseUntil(recreationPauseMs.shortest, over)
    }),
  )
  return async () => void (await Promise.all(ends.map((end) => end())))
}
