import { activityInfo, getClient } from '@temporalio/activity'
import { waitingSignal, type WaitingNews } from '../workflows/contract.ts'

/** Milliseconds; a run that is not told shows the wait under Pending Activities all the same. */
const deadlineMs = 5_000

/** Tells the run of this attempt what its step waits for, through the Worker's own connection. */
export async function tellWorkflow(news: WaitingNews): Promise<void> {
  const { workflowExecution } = activityInfo()
  if (workflowExecution === undefined) return
  const { workflowId, runId } = workflowExecution
  const client = getClient()
  await client.connection.withDeadline(Date.now() + deadlineMs, () =>
    client.workflow.getHandle(workflowId, runId).signal(waitingSignal, news),
  )
}
