import type { WorkflowExecutionDescription } from '@temporalio/client'
import { timeOf } from '../../watcher/describe-run.ts'

type RawDescription = Pick<WorkflowExecutionDescription['raw'], 'pendingActivities'>
type RawActivity = NonNullable<RawDescription['pendingActivities']>[number]

/** A pending activity of a run. */
export interface PendingActivity {
  readonly activity: string
  readonly attempt: number
  /** Type and message of the last attempt's failure; absent if none has failed yet. */
  readonly reason?: string
  readonly message?: string
  /** RFC 3339: the next attempt; absent while an attempt is running. */
  readonly nextLook?: string
}

/** A pending activity that has failed, which is also how a step waits, and will be retried. */
export interface RunWait {
  readonly activity: string
  /** Type of the failure: a Reason, or one of the types for an unreachable API server. */
  readonly reason: string
  readonly message: string
  /** The current retry interval; undefined if Temporal reports none. */
  readonly retrySeconds: number | undefined
}

export function pendingActivitiesIn({ pendingActivities }: RawDescription): readonly PendingActivity[] {
  return (pendingActivities ?? []).map((pending) => {
    const { activity, reason, message } = stepIn(pending)
    const nextLook = timeOf(pending.nextAttemptScheduleTime)
    return {
      activity,
      attempt: pending.attempt ?? 1,
      ...(reason && { reason }),
      ...(message && { message }),
      ...(nextLook !== undefined && { nextLook: new Date(nextLook).toISOString() }),
    }
  })
}

export function waitsIn({ pendingActivities }: RawDescription): readonly RunWait[] {
  return (pendingActivities ?? [])
    .filter(({ lastFailure }) => Boolean(lastFailure))
    .map((pending) => {
      const { currentRetryInterval } = pending
      const retrySeconds = currentRetryInterval ? Number(currentRetryInterval.seconds ?? 0) : undefined
      return { ...stepIn(pending), retrySeconds }
    })
}

/** Reason and message are `""` before the first failure. */
function stepIn({ activityType, lastFailure }: RawActivity): Omit<RunWait, 'retrySeconds'> {
  return {
    activity: activityType?.name ?? '',
    reason: lastFailure?.applicationFailureInfo?.type ?? '',
    message: lastFailure?.message ?? '',
  }
}
