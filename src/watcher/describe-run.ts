import { WorkflowNotFoundError, type Client } from '@temporalio/client'
import type { RunningWorkflow, Poller } from '../domain/workflow-run.ts'
import { managementClusterIn } from '../workflows/contract.ts'

type Description = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['describe']>>['raw']
type Timestamp = { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined

/** Numbers of Temporal's protocol: `PendingWorkflowTaskState`, `PendingActivityState`, `TaskQueueType`. */
const scheduledState = 1
const taskQueueTypes = { workflow: 1, activity: 2 } as const

/** Reads the running run of a workflow id, and who polls its task queue if that is not `ours`; undefined if none is running. */
export async function describeRun(
  client: Client,
  workflowId: string,
  ours: string,
): Promise<RunningWorkflow | undefined> {
  const description = await unlessNotFound(client.workflow.getHandle(workflowId).describe())
  if (description?.status.name !== 'RUNNING') return undefined
  const { runId, taskQueue, raw, memo } = description
  return {
    workflowId,
    runId,
    taskQueue,
    ...managementClusterIn(memo),
    pollers: taskQueue === ours ? [] : await readPollers(client, taskQueue, 'workflow'),
    beginsAt: timeOf(raw.workflowExecutionInfo?.executionTime),
    ...progressOf(raw, Date.now()),
  }
}

/** Resolves with undefined if there is no such run. */
export async function unlessNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  })
}

/** Who polls a task queue. The server remembers them for some minutes. */
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

/** Whether no Worker has started a pending workflow task or activity: it is ready, or waits for its next attempt. */
export function isScheduled({ state }: { readonly state?: unknown }): boolean {
  return Number(state) === scheduledState
}

/** Milliseconds since 1970. The seconds of a protobuf Timestamp are a number or a Long. */
export function timeOf(timestamp: Timestamp): number | undefined {
  if (!timestamp) return undefined
  return Number(timestamp.seconds ?? 0) * 1000 + (timestamp.nanos ?? 0) / 1e6
}
