import usageOf from 'pidusage'
import type { PartName } from '../stack/stack.ts'
import type { Bench } from './bench.ts'
import { median } from './statistics.ts'

/** CPU time of processes so far, in milliseconds, by name. The system counts in steps of 10 ms. */
export type CpuTimes = Readonly<Record<string, number>>

/** The parts that work on an allocation besides the allocator. */
const parts = ['temporal', 'kube-apiserver', 'etcd', 'ipam-provider'] as const satisfies readonly PartName[]

/** Process ids by name: of these programs, and of the parts whose id is known. */
export function processesOf(
  bench: Pick<Bench, 'pidOf'>,
  programs: Readonly<Record<string, number>>,
): ReadonlyMap<string, number> {
  const known = parts.flatMap((part) => {
    const pid = bench.pidOf(part)
    return pid === undefined ? [] : [[part, pid] as const]
  })
  return new Map([...Object.entries(programs), ...known])
}

/** Reads the CPU times so far. */
export async function readCpu(processes: ReadonlyMap<string, number>): Promise<CpuTimes> {
  const times = await Promise.all(
    [...processes].map(async ([name, pid]) => [name, (await usageOf(pid)).ctime] as const),
  )
  return Object.fromEntries(times)
}

/** CPU time between two readings, divided by `count`. */
export function cpuBetween(before: CpuTimes, after: CpuTimes, count: number): CpuTimes {
  return Object.fromEntries(
    Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? ms)) / count]),
  )
}

/** CPU use between two readings that are `ms` apart, in percent of a core. */
export function cpuPercent(before: CpuTimes, after: CpuTimes, ms: number): CpuTimes {
  return cpuBetween(before, after, ms / 100)
}

/** Of all processes. */
export function totalOf(times: CpuTimes): number {
  return Object.values(times).reduce((sum, time) => sum + time, 0)
}

/** Describes the medians of several readings. @param unit formats each number */
export function describeCpu(
  readings: readonly CpuTimes[],
  names: readonly string[],
  unit: (median: number) => string = (ms) => `${ms.toFixed(1)} ms`,
): string {
  return names
    .map((name) => `${name} ${unit(median(readings.map((times) => times[name] ?? Number.NaN)))}`)
    .join(', ')
}

const bytesPerMB = 1e6

/** Resident memory of a process, in MB. */
export async function readMemory(pid: number): Promise<number> {
  return (await usageOf(pid)).memory / bytesPerMB
}

/** Lets this process exit: the library keeps its readings for a minute. */
export function forgetUsage(): void {
  usageOf.clear()
}
