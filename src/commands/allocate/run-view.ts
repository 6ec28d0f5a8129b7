import { isScheduled } from '../../watcher/describe-run.ts'
import type { AllocationStatus } from '../../workflows/contract.ts'
import { statusQuery } from '../../workflows/contract.ts'
import { waitsIn, type RunWait } from '../temporal/pending-activities.ts'
import type { TemporalClient } from '../temporal/with-temporal.ts'

/** The state of a run, as Temporal describes it. */
export interface RunView {
  readonly runId: string
  /** `RUNNING`, `COMPLETED`, `FAILED`, …; of the latest run, if it continued as new. */
  readonly status: string
  readonly taskQueue: string
  readonly waits: readonly RunWait[]
  /** A workflow task waits for a Worker. */
  readonly isTaskWaiting: boolean
}

/** Describes the run, for which the server needs no Worker. */
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

/** Queries the phases of the run; undefined if no Worker answers in time. */
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
