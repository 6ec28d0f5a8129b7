import type { WriteMoment } from '../../api-proxy/write-hooks.ts'
import { closeAll } from '../../stack/close-all.ts'
import type { SeededRandom } from '../../../test/support/seeded-random.ts'
import { pauseUntil, recreateClusters, repeat, type FaultKind } from './fault-kind.ts'
import type { Fleet } from './fleet.ts'
import type { Harness } from './harness.ts'
import { targetsNamed } from './targets.ts'

/** Faults of the allocator's own processes. */
export const allocatorFaults: readonly FaultKind[] = [
  killedAtWrite('before', 'SIGKILL before a write reaches the API server'),
  killedAtWrite('after', 'SIGKILL when a write is done, before it hears of that'),
  {
    name: 'allocator-terminated',
    what: 'SIGTERM in the middle of work, and another one starts',
    place: 'allocator',
    holdMs: () => 0,
    start: async ({ fleet }, random) =>
      repeat(async (over) => {
        await pauseUntil(500 + random.below(4_000), over)
        await fleet.roll()
      }),
  },
  {
    name: 'two-replicas',
    what: 'a second replica starts, and ends again in an orderly way',
    place: 'allocator',
    holdMs: () => 0,
    start: async ({ fleet }) => {
      await fleet.resize(2)
      return () => fleet.resize(1)
    },
  },
  {
    name: 'replicas-in-turn',
    what: 'two replicas are replaced one after the other, again and again',
    place: 'allocator',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ fleet }) => {
      await fleet.resize(2)
      const end = repeat(async (over) => {
        await pauseUntil(1_000, over)
        await fleet.roll()
      })
      return async () => {
        await end()
        await fleet.resize(1)
      }
    },
  },
  {
    name: 'allocator-starved',
    what: 'it gets 15 % of its time (SIGSTOP, SIGCONT), while Clusters are deleted and created again',
    place: 'allocator',
    holdMs: ({ longOutageMs }) => longOutageMs,
    start: async ({ fleet, users }, random) => {
      const ends = [
        repeat((over) => throttleOnce(fleet, over)),
        recreateClusters(users, targetsNamed('starved', 8), random),
      ]
      return () => closeAll(ends)
    },
  },
]

/** Durations in milliseconds, as under a CPU limit that is much too low. */
const throttling = { stopMs: 978, runMs: 172 }

async function throttleOnce(fleet: Fleet, over: AbortSignal): Promise<void> {
  try {
    fleet.suspend()
    await pauseUntil(throttling.stopMs, over)
  } finally {
    fleet.resume()
  }
  await pauseUntil(throttling.runMs, over)
}

function killedAtWrite(moment: WriteMoment, when: string): FaultKind {
  return {
    name: `allocator-killed-${moment}-write`,
    what: `${when}, again and again, and another one starts`,
    place: 'allocator',
    holdMs: () => 0,
    start: async (harness, random) => repeat((over) => killOnce(harness, random, moment, over)),
  }
}

async function killOnce(
  { proxy, fleet }: Harness,
  random: SeededRandom,
  moment: WriteMoment,
  over: AbortSignal,
): Promise<void> {
  const nth = 1 + random.below(6)
  // The write may come after the end of the fault.
  const kill = async (): Promise<void> => {
    if (!over.aborted) await fleet.kill()
  }
  await Promise.race([proxy.atWrite(nth, moment, kill), aborted(over)])
  await fleet.fill()
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
