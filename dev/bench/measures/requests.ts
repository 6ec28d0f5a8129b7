import type { ApiProxy } from '../../api-proxy/api-proxy.ts'
import type { RecordedRequest } from '../../api-proxy/request-record.ts'
import type { Bench } from '../bench.ts'
import type { Measure } from '../measure.ts'
import { countByKind, describeCounts, growingLists, withoutWatches } from '../request-counts.ts'
import { clearSide, onSides } from '../sides.ts'

const ownCount = 20

/** What the allocator asks the API server for one allocation, one after the other and in a burst. Exact: nothing is sampled. */
export const requests: Measure = {
  name: 'requests',
  run: async (bench) => {
    const count = bench.size(ownCount)
    const proxy = await bench.startProxy()
    const rounds: {
      readonly single: readonly RecordedRequest[]
      readonly burst: readonly RecordedRequest[]
    }[] = []
    await onSides(
      bench,
      async (sides) => {
        for (let round = 1; round <= bench.rounds; round += 1) {
          const single: RecordedRequest[] = []
          for (let each = 0; each < count; each += 1) {
            single.push(...(await requestsDuring(bench, proxy, sides.ours.one)))
          }
          await clearSide(bench, sides.ours)
          const burst = await requestsDuring(bench, proxy, () => sides.ours.burst(count))
          await clearSide(bench, sides.ours)
          rounds.push({ single, burst })
          bench.progress(`  round ${round} of ${bench.rounds}: ${single.length / count} requests`)
        }
      },
      proxy,
    )
    await proxy.close()
    const shown = (all: readonly RecordedRequest[] = []): string => describeCounts(countByKind(all), count)
    return {
      readings: [
        { figure: 'requests', ours: rounds.map(({ single }) => single.length / count) },
        { figure: 'requests-lists', ours: rounds.map(({ single }) => growingLists(single).length / count) },
      ],
      details: [
        `requests of one allocation, one after the other: ${shown(rounds.at(-1)?.single)}`,
        `requests of one allocation, ${count} at once: ${shown(rounds.at(-1)?.burst)}`,
      ],
    }
  },
}

/** What comes through the proxy during some work and until its runs have ended, watches left out. */
export async function requestsDuring(
  bench: Pick<Bench, 'untilNoRuns'>,
  proxy: ApiProxy,
  work: () => Promise<unknown>,
): Promise<readonly RecordedRequest[]> {
  const before = proxy.requests.length
  await work()
  await bench.untilNoRuns()
  return withoutWatches(proxy.requests.slice(before))
}
