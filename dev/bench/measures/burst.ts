import { formatDuration } from '../../stack/progress.ts'
import type { Reading } from '../figures.ts'
import type { Measure } from '../measure.ts'
import { inTurns, withRivals } from '../subjects.ts'
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
      const { ours, plain, floor } = await withRivals(bench, (rivals) =>
        inTurns(
          bench,
          rivals,
          (subject) => subject.burst(count),
          (times) => formatDuration(last(times)),
        ),
      )
      const reading = (figure: FigureName, of: (times: readonly number[]) => number): Reading => ({
        figure,
        ours: ours.map(of),
        plain: plain.map(of),
        floor: floor.map(of),
      })
      return {
        readings: [
          reading(figures.last, (times) => last(times) / 1000),
          ...(figures.slowdown === undefined ? [] : [reading(figures.slowdown, slowdown)]),
        ],
        details: [`${figures.last}: ${count} at once; the last of ${ours.length} rounds is drawn`],
        curve: { title: `${count} at once`, ours: drawn(ours), plain: drawn(plain), floor: drawn(floor) },
      }
    },
  }
}

export const burst200 = burstOf(200, { last: 'burst-200' })
export const burst1000 = burstOf(1000, { last: 'burst-1000', slowdown: 'burst-1000-slowdown' })

function last(times: readonly number[]): number {
  return times.at(-1) ?? Number.NaN
}

function drawn(rounds: readonly (readonly number[])[]): readonly number[] {
  return rounds.at(-1) ?? []
}
