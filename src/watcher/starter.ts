import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client'
import { formatKey, type NamespacedName } from '../domain/object-meta.ts'
import { allocateVipType, wakeSignal, workflowIdFor } from '../workflows/contract.ts'

/** The watcher's ways to speak to Temporal. Each is bounded in time and rejects where Temporal is away. */
export interface AllocationStarter {
  /** Starts the Cluster's run; one that runs already is success. */
  start(cluster: NamespacedName): Promise<'started' | 'joined'>
  /** Has the Cluster's run look again now, and starts one if none runs. No wake is lost between two runs. */
  wake(cluster: NamespacedName, reason: string): Promise<void>
  /** Has the Cluster's run look again now; none running is success. */
  nudge(cluster: NamespacedName, reason: string): Promise<void>
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
  return {
    async start(cluster) {
      try {
        await bounded(() =>
          client.workflow.start(allocateVipType, {
            ...startOptions(cluster, options),
            workflowIdConflictPolicy: 'FAIL',
            requestEagerStart: options.eagerStart,
          }),
        )
        return 'started'
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return 'joined'
        throw error
      }
    },
    async wake(cluster, reason) {
      await bounded(() =>
        client.workflow.signalWithStart(allocateVipType, {
          ...startOptions(cluster, options),
          signal: wakeSignal,
          signalArgs: [reason],
        }),
      )
    },
    async nudge(cluster, reason) {
      try {
        await bounded(() => client.workflow.getHandle(workflowIdFor(cluster)).signal(wakeSignal, reason))
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error
      }
    },
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
    staticSummary: `VIP for Cluster ${formatKey(cluster)}`,
  }
}
