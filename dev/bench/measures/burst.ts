import { formatDuration } from '../../stack/progress.ts'
import type { Reading } from '../figures.ts'
import type { Measure } from '../measure.ts'
import { clearSubject, withSubjects } from '../subjects.ts'
import { slowdown } from '../statistics.ts'
import type { FigureName } from '../targets.ts'

/** Creates many Clusters at once: time until the last has its endpoint. */
function burstOf(
  defaultCount: number,
  figures: { readonly last: FigureName; readonly slowdown?: FigureName },
): Measure {
  return {
    name: figures.last,
    run: async (bench) => {
      const count = bench.countFor(defaultCount)
      const rounds: { readonly ours: readonly number[]; readonly floor: readonly number[] }[] = []
      await withSubjects(bench, async (subjects) => {
        for (let round = 1; round <= bench.rounds; round += 1) {
          const floor = await subjects.floor.burst(count)
          await clearSubject(bench, subjects.floor)
          const ours = await subjects.ours.burst(count)
          await clearSubject(bench, subjects.ours)
          rounds.push({ ours, floor })
          bench.progress(
            `  round ${round} of ${bench.rounds}: ours ${formatDuration(last(ours))}, floor ${formatDuration(last(floor))}`,
          )
        }
      })
      const reading = (figure: FigureName, of: (times: readonly number[]) => number): Reading => ({
        figure,
        ours: rounds.map(({ ours }) => of(ours)),
        floor: rounds.map(({ floor }) => of(floor)),
      })
      const [{ ours, floor } = { ours: [], floor: [] }] = rounds.slice(-1)
      return {
        readings: [
          reading(figures.last, (times) => last(times) / 1000),
          ...(figures.slowdown === undefined ? [] : [reading(figures.slowdown, slowdown)]),
        ],
        details: [`${figures.last}: ${count} at once; the last of ${rounds.length} rounds is drawn`],
        curve: { title: `${count} at once`, ours, floor },
      }
    },
  }
}

export const burst200 = burstOf(200, { last: 'burst-200' })
export const burst1000 = burstOf(1000, { last: 'burst-1000', slowdown: 'burst-1000-slowdown' })

function last(times: readonly number[]): number {
  return times.at(-1) ?? Number.NaN
}
