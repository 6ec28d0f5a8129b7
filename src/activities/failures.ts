import { activityInfo } from '@temporalio/activity'
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common'
import type { Reason } from '../domain/reason.ts'
import { delayAfterAttempt } from '../domain/waiting.ts'
import { isKubernetesError, type KubernetesError } from '../kubernetes/errors.ts'

/** Failure types of requests that may pass the next time; every other failure type is a Reason. */
export const apiUnavailable = 'KubernetesUnavailable'
export const apiConflict = 'KubernetesConflict'

/** Milliseconds until the next attempt after a lost race: first just enough for the winner's write to be readable. */
const conflictDelay = { first: 50, most: 5_000 } as const

/**
 * The allocation cannot go on yet, and nothing is wrong with us: Temporal holds the wait outside of
 * the history, and shows the message under Pending Activities.
 *
 * @param details small JSON for people, such as the verdict on every pool
 */
export function waiting(reason: Reason, message: string, ...details: readonly unknown[]): ApplicationFailure {
  return ApplicationFailure.create({
    type: reason,
    message,
    details: [...details],
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: delayAfterAttempt(activityInfo().attempt),
  })
}

/** A person has to act before this can go on: looked at again as slowly as a wait, but logged and counted. */
export function needsPerson(reason: Reason, message: string, cause?: KubernetesError): ApplicationFailure {
  return ApplicationFailure.create({
    type: reason,
    message,
    nextRetryDelay: delayAfterAttempt(activityInfo().attempt),
    ...(cause && { cause }),
  })
}

/**
 * Runs a step and translates what the API server refused or failed to do.
 *
 * @param rejected the reason to show where the server's answer to this request is final (invalid, forbidden)
 */
export async function translatingFailures<T>(rejected: Reason, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw isKubernetesError(error) ? failureFor(error, rejected) : error
  }
}

function failureFor(error: KubernetesError, rejected: Reason): ApplicationFailure {
  switch (error.kind) {
    case 'invalid':
    case 'forbidden':
      return needsPerson(rejected, error.message, error)
    case 'conflict':
    case 'alreadyExists':
      return ApplicationFailure.create({
        type: apiConflict,
        message: error.message,
        category: ApplicationFailureCategory.BENIGN,
        nextRetryDelay: Math.min(conflictDelay.first * 2 ** (activityInfo().attempt - 1), conflictDelay.most),
      })
    case 'notFound':
    case 'notServed':
    case 'throttled':
    case 'unavailable':
      return ApplicationFailure.create({
        type: apiUnavailable,
        message: error.message,
        cause: error,
        ...(error.retryAfterSeconds !== undefined && { nextRetryDelay: error.retryAfterSeconds * 1000 }),
      })
    default:
      return error.kind satisfies never
  }
}
