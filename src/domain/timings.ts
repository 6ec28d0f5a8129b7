/**
 * Milliseconds for which the fast path polls a new claim. A provider with room needs some 40; in a burst, as many claims are
 * under way as a Worker has slots for workflow tasks, and a busy provider needs some two seconds for those. An address that
 * comes in this time costs no further round trip to Temporal.
 */
export const fastPathPollTimeoutMs = 3_000

/** Concurrent workflow tasks of a Worker: enough to keep a provider busy, few enough that it binds all claims in that time. */
export const workflowTasksAtOnce = 20

/** The same after so many polls in vain: each occupies a workflow-task slot, and must not hold up other runs for long. */
export function fastPathPollTimeoutAfter(pollsInVain: number): number {
  return fastPathPollTimeoutMs / 2 ** Math.min(pollsInVain, 5)
}

/** Milliseconds for which an attempt of the activity polls. After that Temporal holds the wait until the run is woken. */
export const claimPollTimeoutMs = 1_000

/** Milliseconds for which a probe waits for an answer: a host on the same network needs one. */
export const probeTimeoutMs = 1_000

/** Milliseconds to the next poll of a claim: short at first, since a provider with room binds it within some 40 ms. */
export function pollInterval(polls: number): number {
  return Math.min(20 * 2 ** Math.floor(polls / 2), 500)
}

/** Milliseconds between the first polls of a release. Garbage collector and provider need some 50 ms for one claim. */
export const releasePollIntervals = [100, 200, 400, 800, 1_600] as const

/** Milliseconds after which an object of a deleted Cluster counts as leaked. Providers need far less. */
export const leakAfterMs = 50_000

/** Milliseconds until a waiting step is retried, by attempt. `wake` ends a wait early. */
const firstDelaysMs = [1_000, 2_000, 5_000, 15_000, 30_000, 60_000] as const

/**
 * Milliseconds until it is retried from then on: what a change costs that wakes nobody. `watched`: what can end the wait is
 * watched by the same process, which reviews all such waits, so that only its own failure costs that much.
 */
const laterDelayMs = { usual: 60_000, watched: 600_000 } as const

/** How a step waits. */
export type WaitKind = keyof typeof laterDelayMs

/** Milliseconds. @param attempt from 1 */
export function delayAfterAttempt(attempt: number, kind: WaitKind = 'usual'): number {
  return firstDelaysMs[attempt - 1] ?? laterDelayMs[kind]
}

/**
 * Milliseconds between two reviews of all Clusters that wait for a pool, by the watcher's caches: what a lost event, or a
 * lost wake, can cost them.
 */
export const waitReviewMs = 60_000

/**
 * Milliseconds for which a free address is offered to the Clusters in front alone. One that can take it needs a second or two,
 * and a minute where its wake was lost.
 */
export const letLieAfterMs = 90_000

/** Milliseconds for which a new Cluster's run is not woken by a change of a pool: it retries at short intervals anyway. */
export const beginsWithinMs = 5_000

/** Attempts, some 20 seconds, until a step steps back although the other allocation should: that one may be stuck. */
export const attemptsUntilStepBack = 5

/** Milliseconds between two equal events about a wait, since an API server keeps events for an hour. */
const remindAfterMs = 1_800_000

/** Whether an attempt of a step that waits is the first after another such time. @param attempt from 1 */
export function isReminderDue(attempt: number, kind: WaitKind): boolean {
  return remindersUntil(attempt, kind) > remindersUntil(attempt - 1, kind)
}

function remindersUntil(attempt: number, kind: WaitKind): number {
  const first = firstDelaysMs.slice(0, Math.max(0, attempt - 1)).reduce((sum, ms) => sum + ms, 0)
  const later = Math.max(0, attempt - 1 - firstDelaysMs.length) * laterDelayMs[kind]
  return Math.floor((first + later) / remindAfterMs)
}

/** Milliseconds after which a pool is tried again that gave no address, if nothing of it has changed. */
export const triedAgainAfterMs = 300_000

/** Milliseconds that a claim is left alone at least before the same pool is tried again. */
export const soonestRetryMs = 15_000
