import type { WorkflowExecutionDescription } from '@temporalio/client'
import { timeOf } from '../../watcher/describe-run.ts'

/** What Temporal says of a run when it is described. */
type RawDescription = WorkflowExecutionDescription['raw']
type RawActivity = NonNullable<RawDescription['pendingActivities']>[number]

/** A step that a run is at, as Temporal shows it. */
export interface PendingActivity {
  readonly activity: string
  readonly attempt: number
  /** The reason of the last attempt's failure, and its words; absent where none has failed yet. */
  readonly reason?: string
  readonly message?: string
  /** RFC 3339: when it is tried again; absent while an attempt is being made. */
  readonly nextLook?: string
}

/** A step that has failed, as it does to wait, and will be tried again. */
export interface RunWait {
  readonly activity: string
  /** Type of the failure: a Reason, or that the API server is away. */
  readonly reason: string
  readonly message: string
  /** From one look to the next, where known. */
  readonly retrySeconds: number | undefined
}

export function pendingActivitiesIn(raw: RawDescription): readonly PendingActivity[] {
  return (raw.pendingActivities ?? []).map((pending) => {
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

/** Those of the pending activities that have failed. */
export function waitsIn(raw: RawDescription): readonly RunWait[] {
  return (raw.pendingActivities ?? [])
    .filter(({ lastFailure }) => Boolean(lastFailure))
    .map((pending) => {
      const { currentRetryInterval } = pending
      const retrySeconds = currentRetryInterval ? Number(currentRetryInterval.seconds ?? 0) : undefined
      return { ...stepIn(pending), retrySeconds }
    })
}

/** Reason and message are empty before a failure. */
function stepIn({ activityType, lastFailure }: RawActivity): Omit<RunWait, 'retrySeconds'> {
  return {
    activity: activityType?.name ?? '',
    reason: lastFailure?.applicationFailureInfo?.type ?? '',
    message: lastFailure?.message ?? '',
  }
}
