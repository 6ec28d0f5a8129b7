import type { ApiProxy } from '../../api-proxy/api-proxy.ts'
import type { RecordedRequest } from '../../api-proxy/request-record.ts'
import type { Bench } from '../bench.ts'
import type { Measure } from '../measure.ts'
import { countByKind, describeCounts, growingLists, withoutWatches } from '../request-counts.ts'
import { clearSubject, withSubjects } from '../subjects.ts'

const defaultCount = 20

/** Requests of the allocator to the API server per allocation, sequentially and in a burst. All are counted. */
export const requests: Measure = {
  name: 'requests',
  run: async (bench) => {
    const count = bench.countFor(defaultCount)
    const proxy = await bench.startProxy()
    const rounds: {
      readonly single: readonly RecordedRequest[]
      readonly burst: readonly RecordedRequest[]
    }[] = []
    await withSubjects(
      bench,
      async (subjects) => {
        for (let round = 1; round <= bench.rounds; round += 1) {
          const single: RecordedRequest[] = []
          for (let each = 0; each < count; each += 1) {
            single.push(...(await requestsDuring(bench, proxy, subjects.ours.createOne)))
          }
          await clearSubject(bench, subjects.ours)
          const burst = await requestsDuring(bench, proxy, () => subjects.ours.burst(count))
          await clearSubject(bench, subjects.ours)
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

/** Requests through the proxy during some work and until its runs have ended, without watches. */
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
