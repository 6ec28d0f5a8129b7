import type { Client } from '@temporalio/client'
import { eventually } from '../support/eventually.ts'

/** What a person reads about a step that waits. */
export interface PendingFailure {
  /** Empty where Temporal found the failure too big, and put another one in its place. */
  readonly reason: string
  readonly message: string
  /** Bytes of the whole failure as Temporal keeps it, details included. */
  readonly bytes: number
}

/** Resolves with the failure of a run's pending activity, once there is one. */
export function untilPending(client: Client, workflowId: string): Promise<PendingFailure> {
  return eventually(`${workflowId} to wait`, async () => {
    const { raw } = await client.workflow.getHandle(workflowId).describe()
    const failure = raw.pendingActivities?.[0]?.lastFailure
    if (failure === undefined || failure === null) return undefined
    return {
      reason: failure.applicationFailureInfo?.type ?? '',
      message: failure.message ?? '',
      bytes: JSON.stringify(failure).length,
    }
  })
}
