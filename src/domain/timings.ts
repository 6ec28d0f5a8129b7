/**
 * Milliseconds for which a new claim is looked at within the workflow task. A provider with room needs some 40; in a burst,
 * as many claims are under way as a Worker has slots for workflow tasks, and a busy provider needs some two seconds for
 * those. What comes in this time costs no further round through Temporal.
 */
export const fastPathPollTimeoutMs = 3_000

/** Workflow tasks that a Worker takes at once: enough to keep a provider busy, few enough that it binds all claims in that time. */
export const workflowTasksAtOnce = 20

/**
 * Milliseconds for which a new claim is looked at within the workflow task, where so many looks before were in vain: each
 * holds a slot, and a provider that is away must not hold up the runs that need none.
 */
export function fastPathPollTimeoutAfter(looksInVain: number): number {
  return fastPathPollTimeoutMs / 2 ** Math.min(looksInVain, 5)
}

/**
 * Milliseconds for which an attempt of the activity looks, before the wait is shown. From then on Temporal holds it, and
 * the watcher wakes the run when the claim is bound.
 */
export const claimPollTimeoutMs = 1_000

/**
 * Milliseconds from one look of an attempt to the next, by number of looks so far. A provider with room binds a
 * claim within some 40 ms, so the first looks are close.
 */
export function pollInterval(looks: number): number {
  return Math.min(20 * 2 ** Math.floor(looks / 2), 500)
}

/**
 * Milliseconds from one look of the first attempt to the next, after a Cluster is gone. Garbage collector and provider
 * need some 50 ms for one claim, and one after the other for many.
 */
export const pausesBetweenReleaseLooks = [100, 200, 400, 800, 1_600] as const

/** Seconds until a step that waits looks again, by attempt. `wake` ends a wait early, so this is what a lost event can cost. */
const waitSeconds = [1, 2, 5, 15, 30] as const
const longestWaitSeconds = 60

/** Milliseconds after which a step that has to wait is tried again. @param attempt from 1 */
export function delayAfterAttempt(attempt: number): number {
  return (waitSeconds[attempt - 1] ?? longestWaitSeconds) * 1000
}

/**
 * Milliseconds for which a new Cluster's run looks at the pools by itself, at short intervals: a change of a pool has nobody
 * to wake there.
 */
export const beginsWithinMs = 5_000

/**
 * Attempts of a step until it steps back from an address that another allocation has to step back from first: by then,
 * some 20 seconds have passed, and the other one may be paused or stuck.
 */
export const attemptsUntilStepBack = 5

/** Attempts between two events that say the same of a wait: half an hour, since an API server keeps events for an hour. */
export const attemptsUntilReminder = 30
