import { closeAll } from '../../stack/close-all.ts'
import { pauseUntil, recreateClusters, repeat, type FaultKind } from './fault-kind.ts'
import { changingAddresses, type HostBehavior } from './probed-hosts.ts'
import { targetsOf } from './targets.ts'

const targets = targetsOf('probed', 'probed', 6)
const behaviors: readonly [HostBehavior, ...HostBehavior[]] = ['accepts', 'refuses', 'silent']
const pauseMs = { shortest: 300, longest: 3_000 }

/** Faults of what is probed: hosts that Kubernetes does not know. */
export const probeFaults: readonly FaultKind[] = [
  {
    name: 'probed-hosts-change',
    what: 'hosts at addresses of a pool that is probed begin to answer, hang and answer again, while Clusters come',
    place: 'probed-hosts',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ probedHosts, users }, random) => {
      const endChanges = repeat(async (over) => {
        await probedHosts.change(random.pick(changingAddresses), random.pick(behaviors))
        await pauseUntil(pauseMs.shortest + random.below(pauseMs.longest - pauseMs.shortest), over)
      })
      const ends = [endChanges, recreateClusters(users, targets, random)]
      return async () => {
        await closeAll(ends)
        await probedHosts.reset()
      }
    },
  },
]
