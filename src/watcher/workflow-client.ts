import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client'
import type { ClusterIdentity } from '../domain/model/claim.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { RunningWorkflow } from '../domain/workflow-run.ts'
import {
  allocateVipType,
  clusterOfWorkflowId,
  releaseVipType,
  releaseWorkflowIdFor,
  staticDetailsFor,
  staticSummaryFor,
  wakeSignal,
  workflowIdFor,
  type ReleaseVipInput,
} from '../workflows/contract.ts'
import { describeRun } from './describe-run.ts'

/**
 * The watcher's ways to speak to Temporal. Each is bounded in time and rejects where Temporal is away; with a
 * `RefusedError` where it is there and does not take this one request.
 */
export interface AllocationStarter {
  /** Starts the Cluster's run; one that runs already is success. */
  start(cluster: NamespacedName): Promise<'started' | 'joined'>
  /** Has the Cluster's run look again now, and starts one if none runs. No wake is lost between two runs. */
  wake(cluster: NamespacedName, reason: string): Promise<void>
  /** Has the Cluster's run look again now; none running is success. */
  nudge(cluster: NamespacedName, reason: string): Promise<void>
  /**
   * Starts the run that confirms what a Cluster that is gone has released; one that runs already, or has ended, is success.
   *
   * @param again starts another one after it has ended
   */
  release(cluster: ReleaseVipInput, again: boolean): Promise<'started' | 'joined'>
  /** Has that run look again now; none running is success. */
  recheck(cluster: ClusterIdentity, reason: string): Promise<void>
  /** What Temporal says of the run of a workflow id; undefined where none runs. */
  describe(workflowId: string): Promise<RunningWorkflow | undefined>
  /** Ends a run at once, with a reason for people; one that has ended already is success. */
  terminate(run: Pick<RunningWorkflow, 'workflowId' | 'runId'>, reason: string): Promise<void>
  /** The task queue that runs are started on. */
  readonly taskQueue: string
  /** Clusters with a run on another task queue, as Temporal's visibility has them, a moment late; the first hundred. */
  runsElsewhere(): Promise<readonly NamespacedName[]>
  /** The id of the Temporal namespace, which another database has not. */
  namespaceId(): Promise<string>
}

/** Temporal answered, and does not take the request, whoever sends it: the fault is the request's or its run's. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** gRPC status codes INVALID_ARGUMENT, such as too many signals for one run, FAILED_PRECONDITION and OUT_OF_RANGE. */
const refusedCodes: readonly number[] = [3, 9, 11]

/** Milliseconds for one request, the client's own retries included. */
const deadlineMs = 10_000

/**
 * How long a Worker may take over one workflow task. A loaded machine needs seconds to replay a run; what a Worker took
 * along when it died is given to another one after this time.
 */
const workflowTaskTimeout = '30 seconds'

/** Runs on other task queues that are asked for at once. */
const mostElsewhere = 100

export interface StarterOptions {
  readonly taskQueue: string
  /** Client and Worker share one NativeConnection: the first task then needs no way through the server. */
  readonly eagerStart: boolean
}

/** Speaks to Temporal through the given client. The only file of the watcher that knows it. */
export function createStarter(client: Client, options: StarterOptions): AllocationStarter {
  const { taskQueue } = options
  const bounded = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await client.connection.withDeadline(Date.now() + deadlineMs, call)
    } catch (error) {
      throw refusalIn(error) ?? error
    }
  }
  const unlessGone = async (call: () => Promise<unknown>): Promise<void> => {
    try {
      await bounded(call)
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
    }
  }
  const start = async (type: string, how: WorkflowStartOptions): Promise<'started' | 'joined'> => {
    try {
      await bounded(() =>
        client.workflow.start(type, {
          ...how,
          workflowIdConflictPolicy: 'FAIL',
          requestEagerStart: options.eagerStart,
        }),
      )
      return 'started'
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return 'joined'
      throw error
    }
  }
  const signal = (workflowId: string, reason: string): Promise<void> =>
    unlessGone(() => client.workflow.getHandle(workflowId).signal(wakeSignal, reason))
  return {
    taskQueue,
    start: (cluster) => start(allocateVipType, startOptions(cluster, options)),
    async wake(cluster, reason) {
      await bounded(() =>
        client.workflow.signalWithStart(allocateVipType, {
          ...startOptions(cluster, options),
          signal: wakeSignal,
          signalArgs: [reason],
        }),
      )
    },
    nudge: (cluster, reason) => signal(workflowIdFor(cluster), reason),
    release: (cluster, again) => start(releaseVipType, releaseOptions(cluster, again, options)),
    recheck: (cluster, reason) => signal(releaseWorkflowIdFor(cluster), reason),
    describe: (workflowId) => bounded(() => describeRun(client, workflowId, taskQueue)),
    terminate: ({ workflowId, runId }, reason) =>
      unlessGone(() => client.workflow.getHandle(workflowId, runId).terminate(reason)),
    async runsElsewhere() {
      const { namespace } = client.options
      const query = `WorkflowType = '${allocateVipType}' AND ExecutionStatus = 'Running' AND TaskQueue != '${taskQueue.replaceAll("'", "''")}'`
      const request = { namespace, query, pageSize: mostElsewhere }
      const { executions } = await bounded(() => client.workflowService.listWorkflowExecutions(request))
      return executions.flatMap(({ execution }) => clusterOfWorkflowId(execution?.workflowId ?? '') ?? [])
    },
    async namespaceId() {
      const { namespace } = client.options
      const { namespaceInfo } = await bounded(() => client.workflowService.describeNamespace({ namespace }))
      return namespaceInfo?.id ?? ''
    },
  }
}

/** The client wraps what gRPC says in an error of its own, once or twice. */
function refusalIn(error: unknown): RefusedError | undefined {
  if (!(error instanceof Error)) return undefined
  if (!isGrpcServiceError(error)) return refusalIn(error.cause)
  return refusedCodes.includes(error.code) ? new RefusedError(error.details, { cause: error }) : undefined
}

function startOptions(cluster: NamespacedName, { taskQueue }: StarterOptions): WorkflowStartOptions {
  return {
    workflowId: workflowIdFor(cluster),
    taskQueue,
    args: [{ namespace: cluster.namespace, name: cluster.name }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowTaskTimeout,
    staticSummary: staticSummaryFor(cluster),
    staticDetails: staticDetailsFor(cluster),
  }
}

function releaseOptions(
  { namespace, name, uid, held = [] }: ReleaseVipInput,
  again: boolean,
  { taskQueue }: StarterOptions,
): WorkflowStartOptions {
  const cluster = { namespace, name, uid }
  return {
    workflowId: releaseWorkflowIdFor(cluster),
    taskQueue,
    args: [held.length === 0 ? cluster : { ...cluster, held }],
    workflowIdReusePolicy: again ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
    workflowTaskTimeout,
    staticSummary: `Release of what the former Cluster ${formatKey(cluster)} held`,
  }
}
