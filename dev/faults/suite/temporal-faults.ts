import type { FaultKind } from './fault-kind.ts'

/** Faults of Temporal. */
export const temporalFaults: readonly FaultKind[] = [
  {
    name: 'temporal-away-at-start',
    what: 'gone when the allocator starts, and for a while after',
    place: 'temporal',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ stack, fleet }) => {
      await stack.part('temporal').kill()
      await fleet.kill()
      await fleet.fill()
      return () => stack.part('temporal').start()
    },
  },
  {
    name: 'temporal-away',
    what: 'killed, and gone for a while',
    place: 'temporal',
    holdMs: ({ longOutageMs }) => longOutageMs,
    start: async ({ stack }) => {
      await stack.part('temporal').kill()
      return () => stack.part('temporal').start()
    },
  },
  {
    name: 'temporal-restarted',
    what: 'killed, and started again at once with its database',
    place: 'temporal',
    holdMs: () => 0,
    start: async ({ stack }) => {
      await stack.part('temporal').kill()
      await stack.part('temporal').start()
      return async () => undefined
    },
  },
  {
    name: 'temporal-emptied',
    what: 'killed, and started again with an empty database',
    place: 'temporal',
    holdMs: () => 0,
    start: async ({ stack, forgetHistory }) => {
      forgetHistory()
      await stack.part('temporal').kill()
      await stack.part('temporal').start({ forgetData: true })
      return async () => undefined
    },
  },
]
