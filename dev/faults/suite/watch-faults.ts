import { pauseUntil, repeat, unitRandom, type FaultKind } from './fault-kind.ts'

/** Faults of watches. */
export const watchFaults: readonly FaultKind[] = [
  {
    name: 'watches-expired',
    what: 'all watches end with 410 Expired, again and again',
    place: 'watches',
    holdMs: () => 0,
    start: async ({ proxy }, random) =>
      repeat(async (over) => {
        proxy.inject({ kind: 'expire' })()
        await pauseUntil(300 + random.below(3_000), over)
      }),
  },
  {
    name: 'watches-silent',
    what: 'no watch says anything, and none ends; then all comes that was held back',
    place: 'watches',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ proxy }) => {
      const end = proxy.inject({ kind: 'silence' })
      return async () => end()
    },
  },
  {
    name: 'events-lost',
    what: 'half of the events never arrive; then the watches expire',
    place: 'watches',
    holdMs: () => 0,
    start: async ({ proxy }, random) => {
      const end = proxy.inject({ kind: 'lose-events' }, {}, { probability: 0.5, random: unitRandom(random) })
      return async () => {
        end()
        // Only a relist, minutes later, shows lost events. Force one.
        proxy.inject({ kind: 'expire' })()
      }
    },
  },
  {
    name: 'watches-lag',
    what: 'every event comes a second after the one before, as from a stale watch cache',
    place: 'watches',
    holdMs: () => 0,
    start: async ({ proxy }) => {
      const end = proxy.inject({ kind: 'lag', ms: 1_000 })
      return async () => end()
    },
  },
]
