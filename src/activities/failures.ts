import { activityInfo } from '@temporalio/activity'
import {
  ApplicationFailure,
  ApplicationFailureCategory,
  type ApplicationFailureOptions,
} from '@temporalio/common'
import type { ActionOf } from '../domain/allocation/action.ts'
import { mostRelevant, type PoolVerdict } from '../domain/allocation/pool-selection.ts'
import { truncated, messageOf } from '../domain/quote.ts'
import { isReason, type Reason } from '../domain/reason.ts'
import type { Role } from '../domain/role.ts'
import { delayAfterAttempt, type WaitKind } from '../domain/timings.ts'
import { isKubernetesError, type KubernetesError } from '../kubernetes/errors.ts'

/** Failure types of requests that may succeed the next time. */
export const apiUnavailable = 'KubernetesUnavailable'
export const apiConflict = 'KubernetesConflict'
/** Failure types of a release. Its Cluster is gone, so no condition can show them. */
export const releasePending = 'ReleasePending'
export const releaseLeaked = 'ReleaseLeaked'

/** Failure type of a DNS name that is published later. No condition shows it: the VIP is there. */
export const dnsNamePending = 'DNSNamePending'

/** Failure type of an activity that a Worker leaves to the Workers of another management cluster. */
export const otherManagementCluster = 'OtherManagementCluster'

/** Failure types by which a step waits. */
export type WaitType =
  | Reason
  | typeof dnsNamePending
  | typeof releasePending
  | typeof releaseLeaked
  | typeof otherManagementCluster

/** Milliseconds until the next attempt after a conflict: at first just enough for the other write to be readable. */
const conflictDelay = { first: 50, most: 5_000 } as const

/** Bytes of verdicts on pools: Temporal shows no failure above 4 KiB, and the status keeps a result or a signal. */
export const verdictBytes = { inFailure: 1_500, inStatus: 16_000 } as const

/** What a step waits for besides its reason. */
export type WaitDetails = Pick<ActionOf<'wait'>, 'considered' | 'isAfterOthers' | 'isQueued'> & {
  /** The other roles for which the Cluster wants a VIP; absent: the step does not know. */
  readonly alsoWanted?: readonly Role[]
}

/** The details of waiting steps; the failure itself has no room for all of them. */
const detailsBy = new WeakMap<ApplicationFailure, WaitDetails & { readonly kind: WaitKind }>()

/**
 * Temporal holds the wait outside of the history, and shows the message under Pending Activities. Nothing is wrong.
 *
 * @param details of a step that waits for a pool
 */
export function retryLater(reason: WaitType, message: string, details: WaitDetails = {}): ApplicationFailure {
  return waitFailure(reason, message, details, 'usual')
}

/** The same wait where the informers of this process observe everything that can end it. */
export function whileWatched(wait: ApplicationFailure): ApplicationFailure {
  const details = detailsBy.get(wait)
  const { type, message } = wait
  const isReasoned = typeof type === 'string' && isReason(type)
  return details?.isQueued === true && isReasoned ? waitFailure(type, message, details, 'watched') : wait
}

/** How a step waits that has failed so. */
export function waitKindOf(wait: ApplicationFailure): WaitKind {
  return detailsBy.get(wait)?.kind ?? 'usual'
}

function waitFailure(
  reason: WaitType,
  message: string,
  details: WaitDetails,
  kind: WaitKind,
): ApplicationFailure {
  const { considered = [] } = details
  const made = failure({
    type: reason,
    message,
    details:
      considered.length === 0 ? [] : [{ considered: mostRelevant(verdictBytes.inFailure, considered) }],
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: delayAfterAttempt(activityInfo().attempt, kind),
  })
  detailsBy.set(made, { ...details, kind })
  return made
}

/** The pools that were considered before this failure. */
export function consideredIn(failure: ApplicationFailure): readonly PoolVerdict[] {
  return mostRelevant(verdictBytes.inStatus, detailsBy.get(failure)?.considered ?? [])
}

/** The other roles whose allocations need not wait for this step. */
export function alsoWantedIn(failure: ApplicationFailure): readonly Role[] {
  return detailsBy.get(failure)?.alsoWanted ?? []
}

/** Whether the step waits for addresses that others are about to take: what it waits for otherwise is as before. */
export function isAfterOthers(failure: ApplicationFailure): boolean {
  return detailsBy.get(failure)?.isAfterOthers === true
}

/** A step on the fast path makes no progress, and becomes a regular activity. */
export class FastPathAbandoned extends Error {
  override readonly name = 'FastPathAbandoned'

  constructor(why: unknown) {
    super(messageOf(why), { cause: why })
  }
}

/** Whether the failure only waits, and nothing is wrong. */
export function isWait(failure: unknown): failure is ApplicationFailure {
  return failure instanceof ApplicationFailure && failure.category === ApplicationFailureCategory.BENIGN
}

/** A person has to act first: retried as slowly as a wait, but logged and counted as an error. */
export function actionRequired(
  reason: WaitType,
  message: string,
  details: WaitDetails = {},
): ApplicationFailure {
  const made = failure({ type: reason, message, nextRetryDelay: delayAfterAttempt(activityInfo().attempt) })
  detailsBy.set(made, { ...details, kind: 'usual' })
  return made
}

/**
 * Temporal drops a failure above 4 KiB, so the message is truncated, and the stack, which only says where in our code a wait
 * began, is left out. So is the cause: the message contains it.
 */
function failure(options: ApplicationFailureOptions & { readonly message: string }): ApplicationFailure {
  const made = ApplicationFailure.create({ ...options, message: truncated(options.message) })
  made.stack = ''
  return made
}

/** Runs a step and translates errors of the API server. @param rejected the failure type of a refusal that is final */
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
