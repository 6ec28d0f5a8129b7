import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { logTail, startChild } from '../../stack/child-process.ts'
import { decodeEmptyRunReport } from '../empty-run/report.ts'
import type { Measure } from '../measure.ts'
import { median, percentile } from '../statistics.ts'

const defaultCount = 200

/**
 * What Temporal takes of an allocation before the allocator does anything: a run with one local activity that does nothing.
 * It has no target, and so no row in the table: it is the part that only the SDK can make smaller.
 */
export const emptyRun: Measure = {
  name: 'empty-run',
  run: async (bench) => {
    const { connection, rounds } = bench
    const count = bench.countFor(defaultCount)
    const logPath = join(connection.runDirectory, 'empty-run.log')
    const child = await startChild({
      name: 'empty run',
      command: process.execPath,
      args: [
        join(import.meta.dirname, '..', 'empty-run', 'program.ts'),
        `--address=${connection.temporal.address}`,
        `--namespace=${connection.temporal.namespace}`,
        `--temporal-pid=${bench.pidOf('temporal')}`,
        `--count=${count}`,
        `--rounds=${rounds}`,
      ],
      logPath,
    })
    bench.alsoClose(() => child.stop())
    const how = await child.ended
    const line = (await readFile(logPath, 'utf8')).split('\n').find((each) => each.startsWith('{'))
    if (line === undefined) {
      throw new Error(`the empty run ended with ${how}. The end of its log:\n${logTail(logPath)}`)
    }
    const { untilActivity, cpu, temporalCpu } = decodeEmptyRunReport(line)
    return {
      readings: [],
      details: [
        `a run with one local activity that does nothing, ${count} at once: Worker ${ms(median(cpu))}, temporal ${ms(median(temporalCpu))}; one after the other, the activity begins after ${ms(median(untilActivity))} (p99 ${ms(percentile(untilActivity, 99))})`,
      ],
    }
  },
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}
