import type { AllocationStatus } from '../../workflows/contract.ts'
import { statusQuery } from '../../workflows/contract.ts'
import { isScheduled } from '../../watcher/describe-run.ts'
import { waitsIn, type RunWait } from '../temporal/pending-activities.ts'
import type { TemporalClient } from '../temporal/with-temporal.ts'

/** A run as Temporal shows it at one moment. */
export interface RunView {
  readonly runId: string
  /** `RUNNING`, `COMPLETED`, `FAILED`, …; a run that has continued as new is the new one. */
  readonly status: string
  readonly taskQueue: string
  readonly waits: readonly RunWait[]
  /** A workflow task waits for a Worker. */
  readonly isTaskWaiting: boolean
}

/** Asks the server, which answers without any Worker. */
export async function viewRun({ client, bounded }: TemporalClient, workflowId: string): Promise<RunView> {
  const { runId, status, taskQueue, raw } = await bounded(() =>
    client.workflow.getHandle(workflowId).describe(),
  )
  return {
    runId,
    status: status.name,
    taskQueue,
    isTaskWaiting: isScheduled(raw.pendingWorkflowTask ?? {}),
    waits: waitsIn(raw),
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
