import { setTimeout as delay } from 'node:timers/promises'
import { workflowIdFor } from '../../../src/workflows/contract.ts'
import { eventually } from '../eventually.ts'
import type { Measure } from '../measure.ts'
import { openSubjects } from '../subjects.ts'

/** Long enough for several attempts, the last ones half a minute apart. */
const watchedMs = 95_000

/** Growth of the history of a run that waits for an exhausted pool. */
export const historyWaiting: Measure = {
  name: 'history-waiting',
  run: async (bench) => {
    const subjects = await openSubjects(bench, { ours: 1, floor: 1 })
    const { namespace } = subjects.ours
    const allocator = await bench.startAllocator({ namespace })
    await subjects.ours.createOne()
    const [name = ''] = await subjects.ours.create(1)
    const handle = bench.temporal.workflow.getHandle(workflowIdFor({ namespace, name }))
    const read = async (): Promise<{ readonly events: number; readonly attempt: number }> => {
      const { historyLength, raw } = await handle.describe()
      return { events: historyLength, attempt: raw.pendingActivities?.[0]?.attempt ?? 0 }
    }
    // The first attempt signals the run; the second may add nothing.
    await eventually('the second attempt of a waiting run', bench.signal, async () => {
      const { attempt } = await read().catch(() => ({ attempt: 0 }))
      return attempt > 2
    })
    const before = await read()
    bench.progress(`  watching a run that waits for ${watchedMs / 1000} s`)
    await delay(watchedMs, undefined, { signal: bench.signal })
    const after = await read()
    await subjects.close()
    await allocator.stop()
    return {
      readings: [{ figure: 'history-waiting', ours: [after.events - before.events] }],
      details: [
        `a run that waits for an exhausted pool: ${before.events} events before and ${after.events} after ${watchedMs / 1000} s, in which it looked ${after.attempt - before.attempt} times`,
      ],
    }
  },
}
