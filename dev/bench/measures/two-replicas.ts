import { formatDuration } from '../../stack/progress.ts'
import type { Measure } from '../measure.ts'
import { clusterWrites, countByKind, describeCounts } from '../request-counts.ts'
import { requestsDuring } from './requests.ts'
import { clearSubject, withSubjects, warmUp } from '../subjects.ts'

const defaultCount = 200

interface Burst {
  readonly seconds: number
  /** Writes of endpoints per Cluster. */
  readonly writes: number
  /** Requests per allocation, as text. */
  readonly asked: string
}

/** Two replicas compared with one, behind the same proxy, which records all writes. */
export const twoReplicas: Measure = {
  name: 'two-replicas',
  run: async (bench) => {
    const count = bench.countFor(defaultCount)
    const proxy = await bench.startProxy()
    const rounds: { readonly one: Burst; readonly two: Burst }[] = []
    await withSubjects(
      bench,
      async (subjects) => {
        const { namespace } = subjects.ours
        const burst = async (): Promise<Burst> => {
          let times: readonly number[] = []
          const requests = await requestsDuring(bench, proxy, async () => {
            times = await subjects.ours.burst(count)
          })
          await clearSubject(bench, subjects.ours)
          return {
            seconds: (times.at(-1) ?? Number.NaN) / 1000,
            writes: clusterWrites(requests).length / count,
            asked: describeCounts(countByKind(requests), count),
          }
        }
        for (let round = 1; round <= bench.rounds; round += 1) {
          const one = await burst()
          const second = await bench.startAllocator({ namespace, proxy })
          await warmUp(bench, [subjects.floor, subjects.ours])
          const two = await burst()
          await second.stop()
          rounds.push({ one, two })
          bench.progress(
            `  round ${round} of ${bench.rounds}: two ${formatDuration(two.seconds * 1000)}, one ${formatDuration(one.seconds * 1000)}`,
          )
        }
      },
      proxy,
    )
    await proxy.close()
    return {
      readings: [
        {
          figure: 'two-replicas',
          ours: rounds.map(({ two }) => two.seconds),
          floor: rounds.map(({ one }) => one.seconds),
        },
        {
          figure: 'two-replicas-writes',
          ours: rounds.map(({ two }) => two.writes),
          floor: rounds.map(({ one }) => one.writes),
        },
      ],
      details: [
        `requests of one allocation by two replicas, ${count} at once: ${rounds.at(-1)?.two.asked ?? 'none'}`,
      ],
    }
  },
}
