import { closeAll } from '../../stack/close-all.ts'
import { pauseUntil, repeat, type FaultKind } from './fault-kind.ts'
import { targetsOf } from './targets.ts'
import type { ActionKind } from './users.ts'

const targets = targetsOf('queued', 'queued', 10)

/** A crowd before a pool that is exhausted. */
export const queueFaults: readonly FaultKind[] = [
  {
    name: 'queue-crowded',
    what: 'Clusters of random priorities come to a pool that is exhausted, change their minds, and go',
    place: 'queue',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ users, profile }, random) => {
      const ends = targets.map((target) =>
        repeat(async (over) => {
          await users.act('create', target, random.below(1_000))
          await pauseUntil(random.below(profile.outageMs), over)
          if (over.aborted) return
          const kind = random.pick<ActionKind>([
            'change the queue-priority',
            'delete',
            'delete and create again',
          ])
          await users.act(kind, target, random.below(1_000))
          await pauseUntil(random.below(profile.outageMs / 2), over)
        }),
      )
      return () => closeAll(ends)
    },
  },
]
