import { CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow'

/** The reasons to look again that came from outside. */
export interface WakeUp {
  /** A signal says: look again now. */
  wake(reason: string): void
  /**
   * An update says so. Where a workflow task was prolonged and its next one timed out, a replay delivers an update after
   * the run's first step that came before it; so until that is over, it counts as having come after it.
   */
  wakeByUpdate(reason: string): void
  /**
   * A local activity is under way, or the run has just begun, with one. Until it is over, the run gives no command: a
   * replay would find it in another place beside the local activity's marker.
   */
  isHeld(): boolean
  /** Whether a local activity is under way. */
  isBusy(): boolean
  /** The view of one role's allocation. */
  forRole(): RoleWakeUp
  /** The last few reasons, the latest last. */
  readonly recent: readonly string[]
}

/** What one role's allocation sees of the wakes, and the waits they cut short. */
export interface RoleWakeUp {
  /**
   * Runs a step, and runs it again at once whenever somebody has woken the workflow and the step waits. An answer counts,
   * also one that arrives together with a wake. Neither begins nor cancels one while a local activity is under way.
   */
  readonly runInterruptible: <T>(step: () => Promise<T>) => Promise<T>
  /**
   * Runs a local activity, whoever wakes or cancels the workflow meanwhile; a wake is pending then. One at a time, for all
   * roles.
   *
   * @param localActivity may also find, now that it is its turn, that there is nothing to run
   */
  readonly runToCompletion: <T>(localActivity: () => Promise<T>) => Promise<T>
  /** An attempt has ended in a wait. @param scheduledAt of its activity, which may not be the present one */
  readonly waits: (scheduledAt: number) => void
  /** Somebody woke the workflow after the last step had begun: what it saw may be out of date. */
  isPending(): boolean
}

/** Reasons kept for people to read. */
const kept = 5

/** Reasons are cut to this length: they come from outside and go into query results. */
const reasonLength = 200

/** What all roles of a run share. */
interface Wakes {
  /** Signals, and updates that count already. */
  count: number
  /** Updates that count once no local activity holds them. */
  updates: number
  isUnderWay: boolean
  isHeld: boolean
}

/** @param startAnew called if the history of a run that is woken again and again has grown too long */
export function createWakeUp(startAnew: () => Promise<never>): WakeUp {
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
      if (!wakes.isHeld) letGo(wakes)
    },
    isHeld: () => wakes.isHeld,
    isBusy: () => wakes.isUnderWay,
    forRole: () => createRoleWakeUp(wakes, startAnew),
    get recent() {
      return [...recent]
    },
  }
}

function letGo(wakes: Wakes): void {
  wakes.isUnderWay = false
  wakes.isHeld = false
  wakes.count += wakes.updates
  wakes.updates = 0
}

function createRoleWakeUp(wakes: Wakes, startAnew: () => Promise<never>): RoleWakeUp {
  let seen = 0
  let waitsSince = 0
  const isBusy = (): boolean => wakes.isUnderWay
  const isPending = (): boolean => wakes.count > seen
  return {
    async runInterruptible(step) {
      for (;;) {
        while (isBusy()) await condition(() => !isBusy())
        seen = wakes.count
        const begunAt = Date.now()
        const isToBeCut = (): boolean => !isBusy() && isPending() && waitsSince >= begunAt
        const done = await unlessCutShort(step, isToBeCut)
        if (done !== undefined) return done.value
        if (workflowInfo().continueAsNewSuggested) await startAnew()
      }
    },
    async runToCompletion(localActivity) {
      // Of several that waited, the first one has begun by the time the next one is asked.
      while (isBusy()) await condition(() => !isBusy())
      seen = wakes.count
      wakes.isUnderWay = true
      wakes.isHeld = true
      try {
        return await CancellationScope.nonCancellable(localActivity)
      } finally {
        letGo(wakes)
      }
    },
    waits(scheduledAt) {
      waitsSince = Math.max(waitsSince, scheduledAt)
    },
    isPending,
  }
}

/**
 * The step's value, or undefined where it was cut short. The condition only has the step canceled; what becomes of the step
 * is known by its own end, so that one which has an answer by then gives it.
 */
async function unlessCutShort<T>(
  step: () => Promise<T>,
  isToBeCut: () => boolean,
): Promise<{ readonly value: T } | undefined> {
  return CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current()
    let isCut = false
    const cut = (): void => {
      isCut = true
      scope.cancel()
    }
    // Rejected where the scope is canceled, which is when the step is over.
    void condition(isToBeCut).then(cut, () => undefined)
    try {
      return { value: await step() }
    } catch (failure) {
      if (isCut && isCancellation(failure)) return undefined
      throw failure
    } finally {
      scope.cancel()
    }
  })
}
