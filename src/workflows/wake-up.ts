import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow'

/** The reasons to look again that came from outside. */
export interface WakeUp {
  /** A watcher or a person says: look again now. */
  wake(reason: string): void
  /** The view of one role's allocation. */
  forRole(): RoleWakeUp
  /** The last few reasons, the latest last. */
  readonly recent: readonly string[]
}

/** What one role's allocation sees of the wakes, and the waits they cut short. */
export interface RoleWakeUp {
  /** Runs a step, and runs it again at once whenever somebody wakes the workflow meanwhile. */
  readonly untilDone: <T>(step: () => Promise<T>) => Promise<T>
  /** Somebody woke the workflow after the last step had begun: what it saw may be out of date. */
  isPending(): boolean
}

/** Reasons kept for people to read. */
const kept = 5

/** Reasons are cut to this length: they come from outside and go into query results. */
const reasonLength = 200

/** @param startAnew called when the history of a run that is woken again and again has grown too long */
export function createWakeUp(startAnew: () => Promise<never>): WakeUp {
  let count = 0
  const recent: string[] = []
  return {
    wake(reason) {
      count += 1
      recent.push(reason.slice(0, reasonLength))
      if (recent.length > kept) recent.shift()
    },
    forRole() {
      let seen = 0
      return {
        async untilDone(step) {
          for (;;) {
            seen = count
            const done = await firstOf(step, () => count > seen)
            if (done !== undefined) return done.value
            if (workflowInfo().continueAsNewSuggested) await startAnew()
          }
        },
        isPending: () => count > seen,
      }
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
