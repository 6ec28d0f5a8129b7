import type { WorkflowExecutionDescription } from '@temporalio/client'
import { workflowIdFor } from '../../../src/workflows/contract.ts'
import { inParallel } from '../../../src/domain/in-parallel.ts'
import { arrayOf, objectOf, type JsonObject } from '../../../src/domain/model/decode.ts'
import type { Bench } from '../bench.ts'
import type { Measure } from '../measure.ts'
import { pathIn } from '../../stack/resource-path.ts'
import { nameOf } from '../subject.ts'
import { clearSubject, withSubjects } from '../subjects.ts'
import { median } from '../statistics.ts'

const defaultCount = 50

/** Events of a run in Temporal's history. */
export const historyEvents: Measure = {
  name: 'history-events',
  run: async (bench) => {
    const count = bench.countFor(defaultCount)
    const means: number[] = []
    const bytes: number[] = []
    let most = 0
    await withSubjects(bench, async (subjects) => {
      for (let round = 1; round <= bench.rounds; round += 1) {
        await subjects.ours.burst(count)
        await bench.untilNoRuns()
        const runs = await describeRuns(bench, subjects.ours.namespace)
        const lengths = runs.map(({ historyLength }) => historyLength)
        bytes.push(median(runs.map(({ historySize = Number.NaN }) => historySize)))
        most = Math.max(most, ...lengths)
        means.push(lengths.reduce((sum, length) => sum + length, 0) / lengths.length)
        await clearSubject(bench, subjects.ours)
        bench.progress(`  round ${round} of ${bench.rounds}: ${means.at(-1)?.toFixed(1)} events`)
      }
    })
    return {
      readings: [{ figure: 'history-events', ours: means }],
      details: [
        `events of one run, ${count} Clusters at once: at most ${most}, ${(median(bytes) / 1000).toFixed(1)} kB`,
      ],
    }
  },
}

/** Events of the latest run of each Cluster. */
export async function historyLengths(bench: Bench, namespace: string): Promise<readonly number[]> {
  return (await describeRuns(bench, namespace)).map(({ historyLength }) => historyLength)
}

async function describeRuns(
  bench: Bench,
  namespace: string,
): Promise<readonly WorkflowExecutionDescription[]> {
  const list = await bench.api.send<JsonObject>({ method: 'GET', path: pathIn(namespace, 'clusters') })
  return inParallel(10, arrayOf(list['items']), async (item) => {
    const handle = bench.temporal.workflow.getHandle(
      workflowIdFor({ namespace, name: nameOf(objectOf(item)) }),
    )
    return handle.describe()
  })
}
