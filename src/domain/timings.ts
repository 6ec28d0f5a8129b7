/**
 * Milliseconds for which the fast path polls a new claim. A provider with room needs some 40; in a burst, as many claims are
 * under way as a Worker has slots for workflow tasks, and a busy provider needs some two seconds for those. An address that
 * comes in this time costs no further round trip to Temporal.
 */
export const fastPathPollTimeoutMs = 3_000

/** Concurrent workflow tasks of a Worker: enough to keep a provider busy, few enough that it binds all claims in that time. */
export const workflowTasksAtOnce = 20

/**
 * The same after so many polls in vain: each poll occupies a workflow-task slot, and an absent provider must not hold up
 * other runs.
 */
export function fastPathPollTimeoutAfter(pollsInVain: number): number {
  return fastPathPollTimeoutMs / 2 ** Math.min(pollsInVain, 5)
}

/**
 * Milliseconds for which an attempt of the activity polls, before it fails to wait. From then on Temporal holds the wait,
 * and the watcher wakes the run when the claim is bound.
 */
export const claimPollTimeoutMs = 1_000

/**
 * Milliseconds to the next poll of a claim, by number of polls so far. A provider with room binds a claim within some 40 ms,
 * so the first polls are close together.
 */
export function pollInterval(polls: number): number {
  return Math.min(20 * 2 ** Math.floor(polls / 2), 500)
}

/**
 * Milliseconds between the polls of the first attempt of a release. Garbage collector and provider need some 50 ms for one
 * claim, and take many one after the other.
 */
export const releasePollIntervals = [100, 200, 400, 800, 1_600] as const

/** Seconds until a waiting step is retried, by attempt. `wake` ends a wait early, so this is what a lost event can cost. */
const waitSeconds = [1, 2, 5, 15, 30] as const
const longestWaitSeconds = 60

/** Milliseconds. @param attempt from 1 */
export function delayAfterAttempt(attempt: number): number {
  return (waitSeconds[attempt - 1] ?? longestWaitSeconds) * 1000
}

/** Milliseconds for which a new Cluster's run is not woken by a change of a pool: it retries at short intervals anyway. */
export const beginsWithinMs = 5_000

/**
 * Attempts until a step steps back from an address although the other allocation should: by then, some 20 seconds have
 * passed, and the other one may be paused or stuck.
 */
export const attemptsUntilStepBack = 5

/** Attempts between two equal events about a wait: half an hour, since an API server keeps events for an hour. */
export const attemptsUntilReminder = 30
