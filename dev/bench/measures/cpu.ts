import { cpuBetween, describeCpu, processesOf, readCpu, type CpuTimes } from '../cpu.ts'
import type { Measure } from '../measure.ts'
import { clearSubject, withSubjects } from '../subjects.ts'

const defaultCount = 200

/** CPU time of one allocation in a burst, of the allocator and of the other programs. */
export const cpu: Measure = {
  name: 'cpu',
  run: async (bench) => {
    const count = bench.countFor(defaultCount)
    const rounds: { readonly ours: CpuTimes; readonly floor: CpuTimes }[] = []
    const names = await withSubjects(bench, async (subjects, allocator) => {
      const processes = processesOf(bench, allocator)
      const during = async (work: () => Promise<unknown>): Promise<CpuTimes> => {
        const before = await readCpu(processes)
        await work()
        await bench.untilNoRuns()
        return cpuBetween(before, await readCpu(processes), count)
      }
      for (let round = 1; round <= bench.rounds; round += 1) {
        const floor = await during(() => subjects.floor.burst(count))
        await clearSubject(bench, subjects.floor)
        const ours = await during(() => subjects.ours.burst(count))
        await clearSubject(bench, subjects.ours)
        rounds.push({ ours, floor })
        bench.progress(`  round ${round} of ${bench.rounds}: ${describeCpu([ours], [...processes.keys()])}`)
      }
      return [...processes.keys()]
    })
    const [ours, floor] = [rounds.map((round) => round.ours), rounds.map((round) => round.floor)]
    return {
      readings: [
        {
          figure: 'cpu',
          ours: ours.map((times) => times['allocator'] ?? Number.NaN),
          floor: floor.map((times) => times['ipam-provider'] ?? Number.NaN),
        },
      ],
      details: [
        `CPU of one allocation, ${count} at once: ${describeCpu(ours, names)}`,
        `CPU of one claim without an allocator, ${count} at once: ${describeCpu(
          floor,
          names.filter((name) => name !== 'allocator' && name !== 'temporal'),
        )}`,
      ],
    }
  },
}
