import { activityInfo } from '@temporalio/activity'
import {
  ApplicationFailure,
  ApplicationFailureCategory,
  type ApplicationFailureOptions,
} from '@temporalio/common'
import { mostRelevant, type PoolVerdict } from '../domain/allocation/pool-selection.ts'
import { truncated } from '../domain/quote.ts'
import type { Reason } from '../domain/reason.ts'
import { delayAfterAttempt } from '../domain/timings.ts'
import { isKubernetesError, type KubernetesError } from '../kubernetes/errors.ts'

/** Failure types of requests that may pass the next time. */
export const apiUnavailable = 'KubernetesUnavailable'
export const apiConflict = 'KubernetesConflict'
/** Failure types of a release, which no condition of a Cluster can show: that Cluster is gone. */
export const releasePending = 'ReleasePending'
export const releaseLeaked = 'ReleaseLeaked'

/** Failure types by which a step waits. */
export type WaitType = Reason | typeof releasePending | typeof releaseLeaked

/** Milliseconds until the next attempt after a lost race: first just enough for the winner's write to be readable. */
const conflictDelay = { first: 50, most: 5_000 } as const

/** Bytes of verdicts on pools: Temporal keeps no failure above 4 KiB, and a result or a signal is kept in the status. */
export const verdictBytes = { inFailure: 1_500, inStatus: 16_000 } as const

/** What a failure that waits for a pool looked at; the failure itself has no room for all of it. */
const consideredBy = new WeakMap<ApplicationFailure, readonly PoolVerdict[]>()

/**
 * The allocation cannot go on yet, and nothing is wrong with us: Temporal holds the wait outside of
 * the history, and shows the message under Pending Activities.
 *
 * @param considered the verdict on every pool, where one is waited for
 */
export function retryLater(
  reason: WaitType,
  message: string,
  considered: readonly PoolVerdict[] = [],
): ApplicationFailure {
  const made = failure({
    type: reason,
    message,
    details:
      considered.length === 0 ? [] : [{ considered: mostRelevant(verdictBytes.inFailure, considered) }],
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: delayAfterAttempt(activityInfo().attempt),
  })
  consideredBy.set(made, considered)
  return made
}

/** Every pool that was looked at before the failure was made. */
export function consideredIn(failure: ApplicationFailure): readonly PoolVerdict[] {
  return mostRelevant(verdictBytes.inStatus, consideredBy.get(failure) ?? [])
}

/** A step that is tried at once does not get on, and becomes an activity of its own. */
export class FastPathAbandoned extends Error {
  override readonly name = 'FastPathAbandoned'

  constructor(why: unknown) {
    super(why instanceof Error ? why.message : String(why), { cause: why })
  }
}

/** Whether a failure is a wait, and nothing is wrong. */
export function isWait(failure: unknown): boolean {
  return failure instanceof ApplicationFailure && failure.category === ApplicationFailureCategory.BENIGN
}

/** A person has to act before this can go on: looked at again as slowly as a wait, but logged and counted. */
export function actionRequired(reason: WaitType, message: string): ApplicationFailure {
  return failure({ type: reason, message, nextRetryDelay: delayAfterAttempt(activityInfo().attempt) })
}

/**
 * Temporal shows nothing of a failure above 4 KiB but that it was too large: the message is cut, and the stack, which
 * says where in our code a wait began, is left out. So is the cause: its words are in the message.
 */
function failure(options: ApplicationFailureOptions & { readonly message: string }): ApplicationFailure {
  const made = ApplicationFailure.create({ ...options, message: truncated(options.message) })
  made.stack = ''
  return made
}

/**
 * Runs a step and translates what the API server refused or failed to do.
 *
 * @param rejected the failure type to show where the server's answer to this request is final (invalid, forbidden)
 */
export async function translatingFailures<T>(rejected: WaitType, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw isKubernetesError(error) ? failureFor(error, rejected) : error
  }
}

function failureFor(error: KubernetesError, rejected: WaitType): ApplicationFailure {
  switch (error.kind) {
    case 'invalid':
    case 'forbidden':
      return actionRequired(rejected, error.message)
    case 'conflict':
    case 'alreadyExists':
      return failure({
        type: apiConflict,
        message: error.message,
        category: ApplicationFailureCategory.BENIGN,
        nextRetryDelay: Math.min(conflictDelay.first * 2 ** (activityInfo().attempt - 1), conflictDelay.most),
      })
    case 'notFound':
    case 'notServed':
    case 'throttled':
    case 'unavailable':
      return failure({
        type: apiUnavailable,
        message: error.message,
        ...(error.retryAfterSeconds !== undefined && { nextRetryDelay: error.retryAfterSeconds * 1000 }),
      })
    default:
      return error.kind satisfies never
  }
}
