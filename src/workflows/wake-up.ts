import { CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow'

/** The wakes of a run. */
export interface WakeUp {
  /** By a signal. */
  wake(reason: string): void
  /**
   * By an update. If a workflow task was prolonged and its next one timed out, a replay delivers an update after the run's
   * first step although it came before. So until that step ends, an update counts as having come after it.
   */
  wakeByUpdate(reason: string): void
  /**
   * A local activity is under way, or the run has just started, with one. Until it ends, the run gives no command: a replay
   * would find the command at another place relative to the local activity's marker.
   */
  isHeld(): boolean
  /** Whether a local activity is under way. */
  isBusy(): boolean
  forRole(): RoleWakeUp
  /** The last few reasons, the latest last. */
  readonly recent: readonly string[]
}

/** The wakes of a run for the allocation of one role, and the waits that they end. */
export interface RoleWakeUp {
  /**
   * Runs a step, and repeats it at once after a wake if the step waits. A result counts, also if it arrives together with a
   * wake. While a local activity is under way, no step is started or canceled.
   */
  readonly runInterruptible: <T>(step: () => Promise<T>) => Promise<T>
  /**
   * Runs a local activity to its end, even if the workflow is canceled; a wake stays pending. One at a time for all roles.
   *
   * @param localActivity may find, when it is its turn, that there is nothing to run
   */
  readonly runToCompletion: <T>(localActivity: () => Promise<T>) => Promise<T>
  /** An attempt has ended in a wait. @param scheduledAt of its activity, which may not be the present one */
  readonly waits: (scheduledAt: number) => void
  /** Somebody woke the workflow after the last step started, so the step may have missed a change. */
  isPending(): boolean
}

/** Reasons that the status shows. */
const kept = 5

/** Reasons are truncated, since they come from outside and go into query results. */
const reasonLength = 200

/** The state that all roles of a run share. */
interface Wakes {
  /** Signals, and updates that count already. */
  count: number
  /** Updates that count when no local activity is under way. */
  updates: number
  isUnderWay: boolean
  isHeld: boolean
}

/** @param startNewRun called if the history of a run that is often woken has grown too long */
export function createWakeUp(startNewRun: () => Promise<never>): WakeUp {
  const wakes: Wakes = { count: 0, updates: 0, isUnderWay: false, isHeld: true }
  const recent: string[] = []
  const keep = (reason: string): void => {
    recent.push(reason.slice(0, reasonLength))
    if (recent.length > kept) recent.shift()
  }
  return {
    wake(reason) {
      wakes.count += 1
      keep(reason)
    },
    wakeByUpdate(reason) {
      wakes.updates += 1
      keep(reason)
      if (!wakes.isHeld) unhold(wakes)
    },
    isHeld: () => wakes.isHeld,
    isBusy: () => wakes.isUnderWay,
    forRole: () => createRoleWakeUp(wakes, startNewRun),
    get recent() {
      return [...recent]
    },
  }
}

function unhold(wakes: Wakes): void {
  wakes.isUnderWay = false
  wakes.isHeld = false
  wakes.count += wakes.updates
  wakes.updates = 0
}

function createRoleWakeUp(wakes: Wakes, startNewRun: () => Promise<never>): RoleWakeUp {
  let seen = 0
  let waitsSince = 0
  const isBusy = (): boolean => wakes.isUnderWay
  const isPending = (): boolean => wakes.count > seen
  return {
    async runInterruptible(step) {
      for (;;) {
        while (isBusy()) await condition(() => !isBusy())
        seen = wakes.count
        const startedAt = Date.now()
        const isWoken = (): boolean => !isBusy() && isPending() && waitsSince >= startedAt
        const done = await unlessWoken(step, isWoken)
        if (done !== undefined) return done.value
        if (workflowInfo().continueAsNewSuggested) await startNewRun()
      }
    },
    async runToCompletion(localActivity) {
      // If several roles wait, the first one has started before the next one checks.
      while (isBusy()) await condition(() => !isBusy())
      seen = wakes.count
      wakes.isUnderWay = true
      wakes.isHeld = true
      try {
        return await CancellationScope.nonCancellable(localActivity)
      } finally {
        unhold(wakes)
      }
    },
    waits(scheduledAt) {
      waitsSince = Math.max(waitsSince, scheduledAt)
    },
    isPending,
  }
}

/**
 * The step's result, or undefined if a wake canceled it. The condition only requests the cancellation: a step that has a
 * result by then still returns it.
 */
async function unlessWoken<T>(
  step: () => Promise<T>,
  isWoken: () => boolean,
): Promise<{ readonly value: T } | undefined> {
  return CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current()
    let isCanceled = false
    const cancel = (): void => {
      isCanceled = true
      scope.cancel()
    }
    // Rejects when the scope is canceled, which is when the step has ended.
    void condition(isWoken).then(cancel, () => undefined)
    try {
      return { value: await step() }
    } catch (failure) {
      if (isCanceled && isCancellation(failure)) return undefined
      throw failure
    } finally {
      scope.cancel()
    }
  })
}
