import type { Measure } from '../measure.ts'
import { clearSide, openSides, warmUp } from '../sides.ts'
import { countByKind, describeCounts, growingLists, withoutWatches } from '../request-counts.ts'

const ownCount = 20

/** What the allocator asks the API server for one allocation, one after the other and in a burst. Exact: nothing is sampled. */
export const requests: Measure = {
  name: 'requests',
  run: async (bench) => {
    const count = bench.size(ownCount)
    const sides = await openSides(bench)
    const proxy = await bench.startProxy()
    const allocator = await bench.startAllocator({ namespace: sides.ours.namespace, proxy })
    await warmUp(bench, sides)
    const during = async (work: () => Promise<unknown>) => {
      const before = proxy.requests.length
      await work()
      await bench.untilNoRuns()
      return withoutWatches(proxy.requests.slice(before))
    }
    const rounds: { readonly all: number; readonly lists: number }[] = []
    const details: string[] = []
    for (let round = 1; round <= bench.rounds; round += 1) {
      const single = await during(async () => {
        for (let each = 0; each < count; each += 1) await sides.ours.one()
      })
      await clearSide(bench, sides.ours)
      const burst = await during(() => sides.ours.burst(count))
      await clearSide(bench, sides.ours)
      rounds.push({ all: single.length / count, lists: growingLists(single).length / count })
      bench.progress(`  round ${round} of ${bench.rounds}: ${single.length / count} requests`)
      details.splice(
        0,
        Infinity,
        `requests of one allocation, one after the other: ${describeCounts(countByKind(single), count)}`,
        `requests of one allocation, ${count} at once: ${describeCounts(countByKind(burst), count)}`,
      )
    }
    await sides.close()
    await allocator.stop()
    await proxy.close()
    return {
      readings: [
        { figure: 'requests', ours: rounds.map(({ all }) => all) },
        { figure: 'requests-lists', ours: rounds.map(({ lists }) => lists) },
      ],
      details,
    }
  },
}
