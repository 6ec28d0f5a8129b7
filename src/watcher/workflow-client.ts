import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client'
import type { Installation } from '../domain/management-cluster.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { messageOf } from '../domain/quote.ts'
import type { Poller, RunningWorkflow } from '../domain/workflow-run.ts'
import {
  allocateVipType,
  allocationPrefixFor,
  managementClusterMemo,
  partsOfWorkflowId,
  releaseVipType,
  releaseWorkflowIdFor,
  staticDetailsFor,
  wakeSignal,
  workflowIdFor,
  type ReleaseVipInput,
} from '../workflows/contract.ts'
import { describeRun, readPollers, unlessNotFound } from './describe-run.ts'
import { workflowIdOf, type RequestOutcome, type WorkflowRequest } from './workflow-request.ts'

/** Requests to Temporal, bounded in time. They reject if it is away, and with a `RefusedError` if it refuses this request. */
export interface VipWorkflowClient {
  /** Sends a request. It is no failure if there is a run already, or none to signal. */
  send(cluster: NamespacedName, request: WorkflowRequest): Promise<RequestOutcome>
  /** The run that a request is about as Temporal describes it; undefined if none is running. */
  describe(cluster: NamespacedName, request: WorkflowRequest): Promise<RunningWorkflow | undefined>
  /** Terminates a run, with a reason for its history. Does nothing if it has ended. */
  terminate(run: Pick<RunningWorkflow, 'workflowId' | 'runId'>, reason: string): Promise<void>
  /** The task queue on which it starts runs, and the management cluster that they are of. */
  installation(): Promise<Installation>
  /** Those that poll this task queue for workflow tasks. */
  pollers(): Promise<readonly Poller[]>
  /** Clusters with a run on another task queue, the first hundred. Temporal's visibility store lags by a moment. */
  runsElsewhere(): Promise<readonly NamespacedName[]>
  /** The id of the Temporal namespace. It differs from database to database. */
  namespaceId(): Promise<string>
}

/** Temporal refuses a request for what it is, or for the state of its run. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** The management cluster cannot be identified now, so a run would name none. Temporal has not been asked. */
export class UnidentifiedError extends Error {
  override readonly name = 'UnidentifiedError'
}

/** gRPC status codes INVALID_ARGUMENT, such as too many signals for one run, FAILED_PRECONDITION and OUT_OF_RANGE. */
const refusedCodes: readonly number[] = [3, 9, 11]

/** Milliseconds for one request, the client's own retries included. */
const deadlineMs = 10_000

/** A busy machine needs seconds to replay a run. A task that a Worker lost as it died is handed out again after this time. */
const workflowTaskTimeout = '30 seconds'

export interface StartOptions extends Pick<Installation, 'taskQueue' | 'managementCluster'> {
  /** The uid that runs carry; undefined: none. Rejects if it may be readable later. */
  readonly managementClusterUid: () => Promise<string | undefined>
  /**
   * A person starts the runs: they name no management cluster, and any Worker of the task queue takes them. What a person's
   * kubeconfig names may be another cluster.
   */
  readonly isByHand?: boolean
  /** Client and Worker share one NativeConnection, so that the first task skips the server's queue. */
  readonly eagerStart: boolean
}

/** @param current the client of the moment: a connection is replaced when its credentials are renewed */
export function createVipWorkflowClient(current: () => Client, options: StartOptions): VipWorkflowClient {
  const { taskQueue, managementCluster } = options
  const bounded = async <T>(call: (client: Client) => Promise<T>): Promise<T> => {
    const client = current()
    try {
      return await client.connection.withDeadline(Date.now() + deadlineMs, () => call(client))
    } catch (error) {
      throw refusalIn(error) ?? error
    }
  }
  const installation = async (): Promise<Installation> => {
    const managementClusterUid = await identify(options)
    return { taskQueue, managementCluster, managementClusterUid }
  }
  return {
    installation,
    pollers: () => bounded((client) => readPollers(client, taskQueue, 'workflow')),
    async send(cluster, request) {
      const origin = options.isByHand === true ? { taskQueue, managementCluster } : await installation()
      return bounded((client) =>
        send(client, cluster, request, { ...origin, eagerStart: options.eagerStart }),
      )
    },
    describe: (cluster, request) =>
      bounded((client) => describeRun(client, workflowIdOf(cluster, request, managementCluster), taskQueue)),
    async terminate({ workflowId, runId }, reason) {
      await bounded((client) =>
        unlessNotFound(client.workflow.getHandle(workflowId, runId).terminate(reason)),
      )
    },
    async runsElsewhere() {
      const prefix = allocationPrefixFor(managementCluster)
      const query = `WorkflowType = '${allocateVipType}' AND ExecutionStatus = 'Running' AND TaskQueue != '${taskQueue.replaceAll("'", "''")}' AND WorkflowId STARTS_WITH '${prefix}'`
      const { executions } = await bounded(({ options: { namespace }, workflowService }) =>
        workflowService.listWorkflowExecutions({ namespace, query, pageSize: 100 }),
      )
      return executions.flatMap(({ execution }) => {
        const parts = partsOfWorkflowId(execution?.workflowId ?? '')
        return parts === undefined || parts.managementCluster !== managementCluster ? [] : [parts.cluster]
      })
    },
    async namespaceId() {
      const { namespaceInfo } = await bounded(({ options: { namespace }, workflowService }) =>
        workflowService.describeNamespace({ namespace }),
      )
      return namespaceInfo?.id ?? ''
    },
  }
}

async function identify({ managementClusterUid }: StartOptions): Promise<string | undefined> {
  try {
    return await managementClusterUid()
  } catch (error) {
    throw new UnidentifiedError(messageOf(error), { cause: error })
  }
}

/** Where and as whose runs are started. */
interface Origin extends Installation, Pick<StartOptions, 'eagerStart'> {}

async function send(
  client: Client,
  cluster: NamespacedName,
  request: WorkflowRequest,
  origin: Origin,
): Promise<RequestOutcome> {
  const { eagerStart: requestEagerStart, managementCluster } = origin
  switch (request.action) {
    case 'start':
      return start(client, allocateVipType, { ...allocationOptions(cluster, origin), requestEagerStart })
    case 'start-release':
      if (request.wakes === true) {
        await client.workflow.signalWithStart(releaseVipType, {
          ...releaseOptions(request, origin),
          signal: wakeSignal,
          signalArgs: [request.reason],
        })
        return 'signaled-with-start'
      }
      return start(client, releaseVipType, { ...releaseOptions(request, origin), requestEagerStart })
    case 'signal-with-start':
      await client.workflow.signalWithStart(allocateVipType, {
        ...allocationOptions(cluster, origin),
        signal: wakeSignal,
        signalArgs: [request.reason],
      })
      return 'signaled-with-start'
    case 'signal':
    case 'signal-release': {
      const handle = client.workflow.getHandle(workflowIdOf(cluster, request, managementCluster))
      await unlessNotFound(handle.signal(wakeSignal, request.reason))
      return 'signaled'
    }
    default:
      return request satisfies never
  }
}

async function start(client: Client, type: string, options: WorkflowStartOptions): Promise<RequestOutcome> {
  try {
    await client.workflow.start(type, { ...options, workflowIdConflictPolicy: 'FAIL' })
    return 'started'
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'already-started'
    throw error
  }
}

/** The client wraps the gRPC error in an error of its own, once or twice. */
function refusalIn(error: unknown): RefusedError | undefined {
  if (!(error instanceof Error)) return undefined
  if (!isGrpcServiceError(error)) return refusalIn(error.cause)
  return refusedCodes.includes(error.code) ? new RefusedError(error.details, { cause: error }) : undefined
}

function allocationOptions(cluster: NamespacedName, origin: Installation): WorkflowStartOptions {
  const { managementCluster } = origin
  return {
    ...placeOf(origin),
    workflowId: workflowIdFor(cluster, managementCluster),
    args: [{ namespace: cluster.namespace, name: cluster.name }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowTaskTimeout,
    staticSummary: `VIP for Cluster ${formatKey(cluster)}`,
    staticDetails: staticDetailsFor(cluster, managementCluster),
  }
}

function placeOf({
  taskQueue,
  managementClusterUid: uid,
}: Installation): Pick<WorkflowStartOptions, 'taskQueue' | 'memo'> {
  return { taskQueue, ...(uid !== undefined && { memo: { [managementClusterMemo]: uid } }) }
}

function releaseOptions(
  { deleted, held, again }: Extract<WorkflowRequest, { readonly action: 'start-release' }>,
  origin: Installation,
): WorkflowStartOptions {
  const { namespace, name, uid } = deleted
  const input: ReleaseVipInput = { namespace, name, uid, ...(held.length > 0 && { held }) }
  return {
    ...placeOf(origin),
    workflowId: releaseWorkflowIdFor(deleted, origin.managementCluster),
    args: [input],
    workflowIdReusePolicy: again ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
    workflowTaskTimeout,
    staticSummary: `Release of what the former Cluster ${formatKey(deleted)} held`,
  }
}
