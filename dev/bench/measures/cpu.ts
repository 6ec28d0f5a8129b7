import { cpuBetween, describeCpu, processesOf, readCpu, totalOf, type CpuTimes } from '../cpu.ts'
import { hasCondition } from '../objects.ts'
import type { Measure } from '../measure.ts'
import { inTurns, withRivals, type Side } from '../subjects.ts'

const defaultCount = 200

/** The programs that rest while a side has its turn: what they need is none of its. */
const resting: Readonly<Record<Side, readonly string[]>> = {
  ours: ['plain'],
  plain: ['allocator', 'temporal'],
  floor: ['allocator', 'temporal', 'plain'],
}

/** CPU time of one allocation in a burst, of the allocator and of the other programs. */
export const cpu: Measure = {
  name: 'cpu',
  run: async (bench) => {
    const count = bench.countFor(defaultCount)
    const { ours, plain, floor } = await withRivals(bench, (rivals, { allocator, plain: controller }) => {
      const programs = processesOf(bench, { allocator: allocator.pid, plain: controller.pid })
      return inTurns(
        bench,
        rivals,
        async (subject, side) => {
          const before = await readCpu(programs)
          await subject.burst(count)
          if (side === 'plain') await subject.untilMatching(count, hasCondition)
          await bench.untilNoRuns()
          return without(resting[side], cpuBetween(before, await readCpu(programs), count))
        },
        (times) => `${totalOf(times).toFixed(0)} ms`,
      )
    })
    return {
      readings: [
        {
          figure: 'cpu',
          ours: each(ours, 'allocator'),
          plain: each(plain, 'plain'),
          floor: each(floor, 'ipam-provider'),
        },
        { figure: 'cpu-temporal', ours: each(ours, 'temporal') },
        {
          figure: 'cpu-all-parts',
          ours: ours.map(totalOf),
          plain: plain.map(totalOf),
          floor: floor.map(totalOf),
        },
      ],
      details: [
        `CPU of one allocation, ${count} at once: ${described(ours)}`,
        `CPU of one allocation by the plain controller, ${count} at once: ${described(plain)}`,
        `CPU of one claim without an allocator, ${count} at once: ${described(floor)}`,
      ],
    }
  },
}

function without(names: readonly string[], times: CpuTimes): CpuTimes {
  return Object.fromEntries(Object.entries(times).filter(([name]) => !names.includes(name)))
}

function described(rounds: readonly CpuTimes[]): string {
  return describeCpu(rounds, Object.keys(rounds[0] ?? {}))
}

function each(rounds: readonly CpuTimes[], name: string): readonly number[] {
  return rounds.map((times) => times[name] ?? Number.NaN)
}
