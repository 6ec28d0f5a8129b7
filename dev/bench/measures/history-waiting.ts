import { setTimeout as delay } from 'node:timers/promises'
import { workflowIdFor } from '../../../src/workflows/contract.ts'
import { eventually } from '../eventually.ts'
import type { Measure } from '../measure.ts'
import { openSides } from '../sides.ts'

/** As long as a run is watched at least: several looks, the last ones half a minute apart. */
const watchedMs = 95_000

/** By how much the history of a run grows that waits for an exhausted pool. */
export const historyWaiting: Measure = {
  name: 'history-waiting',
  run: async (bench) => {
    const sides = await openSides(bench, { ours: 1, floor: 1 })
    const { namespace } = sides.ours
    const allocator = await bench.startAllocator({ namespace })
    await sides.ours.one()
    const [name = ''] = await sides.ours.create(1)
    const handle = bench.temporal.workflow.getHandle(workflowIdFor({ namespace, name }))
    const look = async (): Promise<{ readonly events: number; readonly attempt: number }> => {
      const { historyLength, raw } = await handle.describe()
      return { events: historyLength, attempt: raw.pendingActivities?.[0]?.attempt ?? 0 }
    }
    // What the first look of an attempt has to tell the run has been told by the second.
    await eventually('the second look of a run that waits', bench.signal, async () => {
      const { attempt } = await look().catch(() => ({ attempt: 0 }))
      return attempt > 2
    })
    const before = await look()
    bench.progress(`  watching a run that waits for ${watchedMs / 1000} s`)
    await delay(watchedMs, undefined, { signal: bench.signal })
    const after = await look()
    await sides.close()
    await allocator.stop()
    return {
      readings: [{ figure: 'history-waiting', ours: [after.events - before.events] }],
      details: [
        `a run that waits for an exhausted pool: ${before.events} events before and ${after.events} after ${watchedMs / 1000} s, in which it looked ${after.attempt - before.attempt} times`,
      ],
    }
  },
}
