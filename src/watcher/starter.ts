import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client'
import type { ClusterIdentity } from '../domain/claim.ts'
import { formatKey, type NamespacedName } from '../domain/object-meta.ts'
import {
  allocateVipType,
  releaseVipType,
  releaseWorkflowIdFor,
  staticDetailsFor,
  staticSummaryFor,
  wakeSignal,
  workflowIdFor,
  type ReleaseVipInput,
} from '../workflows/contract.ts'

/** The watcher's ways to speak to Temporal. Each is bounded in time and rejects where Temporal is away. */
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
  /** The id of the Temporal namespace, which another database has not. */
  namespaceId(): Promise<string>
}

/** Milliseconds for one request, the client's own retries included. */
const deadlineMs = 10_000

export interface StarterOptions {
  readonly taskQueue: string
  /** Client and Worker share one NativeConnection: the first task then needs no way through the server. */
  readonly eagerStart: boolean
}

/** Speaks to Temporal through the given client. The only file of the watcher that knows it. */
export function createStarter(client: Client, options: StarterOptions): AllocationStarter {
  const bounded = <T>(call: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(Date.now() + deadlineMs, call)
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
  const signal = async (workflowId: string, reason: string): Promise<void> => {
    try {
      await bounded(() => client.workflow.getHandle(workflowId).signal(wakeSignal, reason))
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
    }
  }
  return {
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
    async namespaceId() {
      const { namespace } = client.options
      const { namespaceInfo } = await bounded(() => client.workflowService.describeNamespace({ namespace }))
      return namespaceInfo?.id ?? ''
    },
  }
}

function startOptions(cluster: NamespacedName, { taskQueue }: StarterOptions): WorkflowStartOptions {
  return {
    workflowId: workflowIdFor(cluster),
    taskQueue,
    args: [{ namespace: cluster.namespace, name: cluster.name }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
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
    staticSummary: `Release of what the former Cluster ${formatKey(cluster)} held`,
  }
}
