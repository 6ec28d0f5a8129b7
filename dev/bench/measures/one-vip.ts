import type { Bench } from '../bench.ts'
import type { Reading } from '../figures.ts'
import type { Measure } from '../measure.ts'
import type { Subject } from '../subject.ts'
import { clearSubject, withSubjects } from '../subjects.ts'
import { median, percentile } from '../statistics.ts'
import type { FigureName } from '../targets.ts'

const defaultCount = 50

type Times = readonly Awaited<ReturnType<Subject['createOne']>>[]

/** Creates one Cluster after another: time until each has its endpoint. */
export const oneVip: Measure = {
  name: 'one-vip',
  run: async (bench) => {
    const [ours, floor]: [Times[], Times[]] = [[], []]
    await withSubjects(bench, async (subjects) => {
      for (let round = 1; round <= bench.rounds; round += 1) {
        floor.push(await timesOf(bench, subjects.floor))
        ours.push(await timesOf(bench, subjects.ours))
        const shown = [ours, floor].map((times) => `${percentOf(50)(times.at(-1)).toFixed(0)} ms`)
        bench.progress(`  round ${round} of ${bench.rounds}: ours ${shown[0]}, floor ${shown[1]}`)
      }
    })
    const reading = (figure: FigureName, percent: number): Reading => ({
      figure,
      ours: ours.map(percentOf(percent)),
      floor: floor.map(percentOf(percent)),
    })
    const sinceSeen = [ours, floor].map((rounds) =>
      median(rounds.flat().map((times) => times.sinceSeen)).toFixed(0),
    )
    return {
      readings: [reading('one-vip-p50', 50), reading('one-vip-p99', 99)],
      details: [
        `one-vip: without the request that creates, p50 of all is ${sinceSeen[0]} ms at a floor of ${sinceSeen[1]} ms`,
      ],
    }
  },
}

async function timesOf(bench: Bench, subject: Subject): Promise<Times> {
  const times = []
  for (let each = 0; each < bench.countFor(defaultCount); each += 1) times.push(await subject.createOne())
  await clearSubject(bench, subject)
  return times
}

function percentOf(percent: number): (times?: Times) => number {
  return (times = []) =>
    percentile(
      times.map(({ sinceRequest }) => sinceRequest),
      percent,
    )
}
