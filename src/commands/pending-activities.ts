import type { WorkflowExecutionDescription } from '@temporalio/client'

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

export function pendingActivitiesIn(raw: WorkflowExecutionDescription['raw']): readonly PendingActivity[] {
  return (raw.pendingActivities ?? []).map((pending) => {
    const { activityType, attempt, lastFailure, nextAttemptScheduleTime } = pending
    const reason = lastFailure?.applicationFailureInfo?.type
    const nextLook = timeOf(nextAttemptScheduleTime)
    return {
      activity: activityType?.name ?? '',
      attempt: attempt ?? 1,
      ...(reason && { reason }),
      ...(lastFailure?.message && { message: lastFailure.message }),
      ...(nextLook !== undefined && { nextLook }),
    }
  })
}

/** A protobuf Timestamp, whose seconds are a number or a Long. */
function timeOf(
  timestamp: { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined,
): string | undefined {
  if (timestamp === null || timestamp === undefined) return undefined
  const milliseconds = Number(timestamp.seconds ?? 0) * 1000 + (timestamp.nanos ?? 0) / 1e6
  return new Date(milliseconds).toISOString()
}
