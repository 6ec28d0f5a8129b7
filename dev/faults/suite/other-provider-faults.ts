import { setTimeout as delay } from 'node:timers/promises'
import type { PoolBehavior } from '../../ipam-provider/provider.ts'
import type { SeededRandom } from '../../../test/support/seeded-random.ts'
import { closeAll } from '../../stack/close-all.ts'
import { recreateClusters, type FaultKind } from './fault-kind.ts'
import type { Harness } from './harness.ts'
import { allOtherPools, type OtherPool } from './other-provider.ts'
import { targetsOf } from './targets.ts'

/** Faults of the IPAM provider of another kind of pools, while Clusters of their class come and go. */
export const otherProviderFaults: readonly FaultKind[] = [
  {
    name: 'other-provider-away',
    what: 'the provider of another kind of pools is gone for a while',
    place: 'other-provider',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ otherProvider, users }, random) => {
      await otherProvider.stop()
      const end = recreateClusters(users, targets, random)
      return () => closeAll([() => Promise.resolve(otherProvider.start()), end])
    },
  },
  misbehavior('refuses', 'refuses every claim on some or all of its pools', () => ({
    fail: 'no credentials',
  })),
  misbehavior('gives-twice', 'gives all claims on a pool of its own the same address', () => ({
    handsOutTwice: true,
  })),
  misbehavior('slow', 'takes up to five seconds for every claim', (random) => ({
    delayMs: 500 + random.below(4_500),
  })),
]

const targets = targetsOf('other', 'other', 6)

function misbehavior(
  name: string,
  what: string,
  behavior: (random: SeededRandom) => PoolBehavior,
): FaultKind {
  return {
    name: `other-provider-${name}`,
    what: `the provider of another kind of pools ${what}`,
    place: 'other-provider',
    holdMs: ({ outageMs }) => outageMs,
    start: async (harness, random) => {
      const pools = random.pick<readonly OtherPool[]>([allOtherPools, allOtherPools.slice(0, 1)])
      await behave(harness, pools, behavior(random), mostAttempts.begin)
      const end = recreateClusters(harness.users, targets, random)
      return () => closeAll([() => behave(harness, allOtherPools, {}, mostAttempts.end), end])
    },
  }
}

/** Another fault may hold up a change of a pool: the fault then begins without it, but does not end before it is undone. */
const mostAttempts = { begin: 3, end: 300 }
const pauseMs = 200

async function behave(
  { otherProvider }: Harness,
  pools: readonly OtherPool[],
  behavior: PoolBehavior,
  attempts: number,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await otherProvider.behave(pools, behavior)
    } catch (error) {
      if (attempt < attempts) await delay(pauseMs)
      else if (attempts === mostAttempts.end) throw error
      else return undefined
    }
  }
}
