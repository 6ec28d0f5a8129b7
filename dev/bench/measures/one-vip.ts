import type { Bench } from '../bench.ts'
import type { Reading } from '../figures.ts'
import type { Measure } from '../measure.ts'
import type { Subject } from '../subject.ts'
import { inTurns, withRivals } from '../subjects.ts'
import { median, percentile } from '../statistics.ts'
import type { FigureName } from '../targets.ts'

const defaultCount = 50

type Times = readonly Awaited<ReturnType<Subject['createOne']>>[]

/** Creates one Cluster after another: time until each has its endpoint. */
export const oneVip: Measure = {
  name: 'one-vip',
  run: async (bench) => {
    const { ours, plain, floor } = await withRivals(bench, (rivals) =>
      inTurns(
        bench,
        rivals,
        (subject) => timesOf(bench, subject),
        (times) => `${percentOf(50)(times).toFixed(0)} ms`,
      ),
    )
    const reading = (figure: FigureName, percent: number): Reading => ({
      figure,
      ours: ours.map(percentOf(percent)),
      plain: plain.map(percentOf(percent)),
      floor: floor.map(percentOf(percent)),
    })
    const [seenOurs, seenPlain, seenFloor] = [ours, plain, floor].map((rounds) =>
      median(rounds.flat().map((times) => times.sinceSeen)).toFixed(0),
    )
    return {
      readings: [reading('one-vip-p50', 50), reading('one-vip-p99', 99)],
      details: [
        `one-vip: without the request that creates, p50 of all is ${seenOurs} ms, of the plain controller ${seenPlain} ms, at a floor of ${seenFloor} ms`,
      ],
    }
  },
}

async function timesOf(bench: Bench, subject: Subject): Promise<Times> {
  const times = []
  for (let each = 0; each < bench.countFor(defaultCount); each += 1) times.push(await subject.createOne())
  return times
}

function percentOf(percent: number): (times: Times) => number {
  return (times) =>
    percentile(
      times.map(({ sinceRequest }) => sinceRequest),
      percent,
    )
}
