import { formatDuration } from '../../stack/progress.ts'
import type { Measure } from '../measure.ts'
import { clusterWrites, countByKind, describeCounts } from '../request-counts.ts'
import { requestsDuring } from './requests.ts'
import { clearSide, onSides, warmUp } from '../sides.ts'

const ownCount = 200

interface Burst {
  readonly seconds: number
  /** Of endpoints, for each Cluster. */
  readonly writes: number
  /** In words. */
  readonly asked: string
}

/** Two replicas against one, both behind the same proxy, which sees who writes what. */
export const twoReplicas: Measure = {
  name: 'two-replicas',
  run: async (bench) => {
    const count = bench.size(ownCount)
    const proxy = await bench.startProxy()
    const rounds: { readonly one: Burst; readonly two: Burst }[] = []
    await onSides(
      bench,
      async (sides) => {
        const { namespace } = sides.ours
        const burst = async (): Promise<Burst> => {
          let times: readonly number[] = []
          const requests = await requestsDuring(bench, proxy, async () => {
            times = await sides.ours.burst(count)
          })
          await clearSide(bench, sides.ours)
          return {
            seconds: (times.at(-1) ?? Number.NaN) / 1000,
            writes: clusterWrites(requests).length / count,
            asked: describeCounts(countByKind(requests), count),
          }
        }
        for (let round = 1; round <= bench.rounds; round += 1) {
          const one = await burst()
          const second = await bench.startAllocator({ namespace, proxy })
          await warmUp(bench, sides)
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
