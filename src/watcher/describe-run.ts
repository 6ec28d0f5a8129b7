import { WorkflowNotFoundError, type Client } from '@temporalio/client'
import type { RunningWorkflow, Poller } from '../domain/workflow-run.ts'

type Description = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['describe']>>['raw']
type Timestamp = { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined

/** Numbers of Temporal's protocol: `PendingWorkflowTaskState`, `PendingActivityState`, `TaskQueueType`. */
const scheduledState = 1
const taskQueueTypes = { workflow: 1, activity: 2 } as const

/**
 * Asks Temporal about the run of a workflow id, which needs no Worker; and about the pollers of its task queue, where
 * that is not ours.
 *
 * @returns undefined where none runs
 */
export async function describeRun(
  client: Client,
  workflowId: string,
  ours: string,
): Promise<RunningWorkflow | undefined> {
  const description = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined
      throw error
    })
  if (description?.status.name !== 'RUNNING') return undefined
  const { runId, taskQueue, raw } = description
  return {
    workflowId,
    runId,
    taskQueue,
    pollers: taskQueue === ours ? [] : await readPollers(client, taskQueue, 'workflow'),
    ...progressOf(raw, Date.now()),
  }
}

/** Who polls a task queue, as the server remembers it for some minutes. */
export async function readPollers(
  client: Client,
  name: string,
  type: keyof typeof taskQueueTypes,
): Promise<readonly Poller[]> {
  const { namespace } = client.options
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name },
    taskQueueType: taskQueueTypes[type],
  })
  return pollers.map(({ identity, lastAccessTime, deploymentOptions, workerVersionCapabilities }) => ({
    identity: identity ?? '',
    build: deploymentOptions?.buildId || workerVersionCapabilities?.buildId || undefined,
    lastPollAt: timeOf(lastAccessTime),
  }))
}

/** @param now milliseconds since 1970 */
export function progressOf(
  { pendingWorkflowTask, pendingActivities }: Pick<Description, 'pendingWorkflowTask' | 'pendingActivities'>,
  now: number,
): Pick<RunningWorkflow, 'workflowTaskAttempt' | 'readyForMs' | 'isWaiting'> {
  const activities = (pendingActivities ?? []).map((activity) => ({
    isScheduled: isScheduled(activity),
    dueAt: timeOf(activity.nextAttemptScheduleTime) ?? timeOf(activity.scheduledTime) ?? now,
  }))
  const readySince = activities.flatMap(({ isScheduled, dueAt }) =>
    isScheduled && dueAt <= now ? [dueAt] : [],
  )
  if (pendingWorkflowTask && isScheduled(pendingWorkflowTask)) {
    readySince.push(timeOf(pendingWorkflowTask.scheduledTime) ?? now)
  }
  return {
    workflowTaskAttempt: pendingWorkflowTask ? (pendingWorkflowTask.attempt ?? 1) : 0,
    readyForMs: readySince.length === 0 ? undefined : Math.max(0, now - Math.min(...readySince)),
    isWaiting:
      !pendingWorkflowTask && activities.some(({ isScheduled, dueAt }) => isScheduled && dueAt > now),
  }
}

/** Whether a pending workflow task or activity waits for a Worker, or for its next attempt: nobody has begun it. */
export function isScheduled({ state }: { readonly state?: unknown }): boolean {
  return Number(state) === scheduledState
}

/** Milliseconds since 1970 of a protobuf Timestamp, whose seconds are a number or a Long. */
export function timeOf(timestamp: Timestamp): number | undefined {
  if (!timestamp) return undefined
  return Number(timestamp.seconds ?? 0) * 1000 + (timestamp.nanos ?? 0) / 1e6
}
