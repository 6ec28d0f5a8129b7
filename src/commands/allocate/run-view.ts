import type { AllocationStatus } from '../../workflows/contract.ts'
import { statusQuery } from '../../workflows/contract.ts'
import type { TemporalClient } from '../temporal-client.ts'

/** A run as Temporal shows it at one moment. */
export interface RunView {
  readonly runId: string
  /** `RUNNING`, `COMPLETED`, `FAILED`, …; a run that has continued as new is the new one. */
  readonly status: string
  readonly waits: readonly RunWait[]
  /** A workflow task waits for a Worker. */
  readonly isTaskWaiting: boolean
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

/** `PENDING_WORKFLOW_TASK_STATE_SCHEDULED`: nobody has begun it. */
const scheduled = 1

/** Asks the server, which answers without any Worker. */
export async function viewRun({ client, bounded }: TemporalClient, workflowId: string): Promise<RunView> {
  const { runId, status, raw } = await bounded(() => client.workflow.getHandle(workflowId).describe())
  return {
    runId,
    status: status.name,
    isTaskWaiting: Number(raw.pendingWorkflowTask?.state) === scheduled,
    waits: (raw.pendingActivities ?? []).flatMap((pending) => {
      const { lastFailure, currentRetryInterval } = pending
      if (!lastFailure) return []
      return [
        {
          activity: pending.activityType?.name ?? '',
          reason: lastFailure.applicationFailureInfo?.type ?? '',
          message: lastFailure.message ?? '',
          retrySeconds: currentRetryInterval ? Number(currentRetryInterval.seconds ?? 0) : undefined,
        },
      ]
    }),
  }
}

/** What a run says of itself; undefined where no Worker answers for it in time. */
export async function queryPhases(
  { client, bounded }: TemporalClient,
  workflowId: string,
): Promise<AllocationStatus['roles'] | undefined> {
  try {
    const handle = client.workflow.getHandle(workflowId)
    const { roles } = await bounded(() => handle.query<AllocationStatus>(statusQuery))
    return roles
  } catch {
    return undefined
  }
}
