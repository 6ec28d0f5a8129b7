import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client'
import type { PendingActivity, Run } from '../invariants/observations.ts'

/** `PENDING_ACTIVITY_STATE_STARTED`: an attempt is running. */
const started = 2

/** The latest run of `allocate-vip/<namespace>/<cluster>`, if there is one. */
export async function readRun(client: Client, clusterKey: string): Promise<Run | undefined> {
  const handle = client.workflow.getHandle(`allocate-vip/${clusterKey}`)
  try {
    const description = await handle.describe()
    const status = description.status.name
    const result: unknown =
      status === 'COMPLETED'
        ? await client.workflow.getHandle(description.workflowId, description.runId).result()
        : undefined
    return {
      status,
      taskQueue: description.taskQueue,
      result,
      isDeciding: Boolean(description.raw.pendingWorkflowTask),
      pendingActivities: pendingIn(description),
    }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}

function pendingIn({ raw }: WorkflowExecutionDescription): readonly PendingActivity[] {
  return (raw.pendingActivities ?? []).map(({ activityType, state, lastFailure }) => ({
    type: activityType?.name ?? '',
    isRunning: Number(state) === started,
    failureType: lastFailure?.applicationFailureInfo?.type ?? '',
    failureMessage: lastFailure?.message ?? '',
  }))
}
