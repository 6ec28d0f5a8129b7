import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow'

/** The reasons to look again that came from outside, and the waits they cut short. */
export interface WakeUp {
  /** A watcher or a person says: look again now. */
  wake(reason: string): void
  /** Runs a step, and runs it again at once whenever somebody wakes the workflow meanwhile. */
  readonly untilDone: <T>(step: () => Promise<T>) => Promise<T>
  /** Somebody woke the workflow after the last step had begun: what it saw may be out of date. */
  readonly isPending: boolean
  /** The last few reasons, the latest last. */
  readonly recent: readonly string[]
}

/** Reasons kept for people to read. */
const kept = 5

/** Reasons are cut to this length: they come from outside and go into query results. */
const reasonLength = 200

/** @param startAnew called when the history of a run that is woken again and again has grown too long */
export function createWakeUp(startAnew: () => Promise<never>): WakeUp {
  let count = 0
  let seen = 0
  const recent: string[] = []
  return {
    wake(reason) {
      count += 1
      recent.push(reason.slice(0, reasonLength))
      if (recent.length > kept) recent.shift()
    },
    async untilDone(step) {
      for (;;) {
        seen = count
        const done = await firstOf(step, () => count > seen)
        if (done !== undefined) return done.value
        if (workflowInfo().continueAsNewSuggested) await startAnew()
      }
    },
    get isPending() {
      return count > seen
    },
    get recent() {
      return [...recent]
    },
  }
}

/** The step's value, or undefined where the condition came true first; what lost the race is canceled. */
async function firstOf<T>(
  step: () => Promise<T>,
  interrupted: () => boolean,
): Promise<{ readonly value: T } | undefined> {
  return CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current()
    try {
      return await Promise.race([
        step().then((value) => ({ value })),
        condition(interrupted).then(() => undefined),
      ])
    } finally {
      scope.cancel()
    }
  })
}
