import { isGrpcServiceError } from '@temporalio/client'
import { inParallel } from '../../domain/in-parallel.ts'
import type { Installation } from '../../domain/management-cluster.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import type { ProxyRoute } from '../../domain/proxy-route.ts'
import type { ProxySettings } from '../../domain/proxy-settings.ts'
import type { RegisteredTypes, SearchAttributeName } from '../../domain/search-attributes.ts'
import { describeRun, readPollers } from '../../watcher/describe-run.ts'
import { managementClusterIn, workflowIdFor } from '../../workflows/contract.ts'
import { describeConnectError } from '../temporal/config.ts'
import { ConnectTimeoutError, tryNativeConnection } from '../temporal/native-connection.ts'
import { readSearchAttributes, registerSearchAttributes } from '../temporal/search-attributes.ts'
import { withTemporal, type TemporalClient } from '../temporal/with-temporal.ts'
import type { Reading } from './checks/check-result.ts'
import type { OwnedRun } from './checks/management-cluster.ts'
import type { TaskQueueFacts } from './checks/temporal.ts'
import type { WorkflowRunFacts } from './checks/workflow-runs.ts'
import { readingOf } from './reading.ts'

export interface TemporalFacts {
  readonly address: string
  readonly route: ProxyRoute
  readonly version: string
  readonly namespace: string
  /** Whether the connection of a Worker, which is another one than that of this command, reaches Temporal. */
  readonly workerConnection: Reading<true>
  /** For which the namespace keeps closed runs; undefined if the server does not know the namespace. */
  readonly retentionSeconds: Reading<number | undefined>
  readonly taskQueueName: string
  readonly taskQueue: Reading<TaskQueueFacts>
  /** The running workflows on the task queue, the first hundred. */
  readonly openRuns: Reading<readonly OwnedRun[]>
  readonly workflowRuns: Reading<WorkflowRunFacts>
  readonly searchAttributes: Reading<RegisteredTypes>
  /** The search attributes that were registered just now. */
  readonly registered: Reading<readonly SearchAttributeName[]>
}

/** How many runs are described, those of the oldest Clusters first, and how many at a time. */
const mostRuns = 100
const runsAtOnce = 10

/** gRPC status code. */
const notFound: readonly number[] = [5]

/**
 * Reads all facts once, and registers missing search attributes with `register`.
 *
 * @throws Error if the configuration cannot be read, or Temporal does not answer at all
 */
export async function readTemporalFacts(options: {
  readonly proxies: ProxySettings
  readonly taskQueue: string
  readonly managementCluster: string | undefined
  readonly register: boolean
  /** The Clusters that wait for a VIP, oldest first. */
  readonly waiting: Promise<Reading<readonly NamespacedName[]>>
  readonly signal: AbortSignal
}): Promise<TemporalFacts> {
  const { taskQueue: taskQueueName, managementCluster } = options
  return withTemporal(options, async (temporal) => {
    const { client, address, route, namespace } = temporal
    const { serverVersion } = await temporal.bounded(() => client.workflowService.getSystemInfo({}))
    const [retentionSeconds, workerConnection] = await Promise.all([
      readingOf(readRetention(temporal)),
      tryWorkerConnection(options.proxies, options.signal),
    ])
    const server = { address, route, version: serverVersion, workerConnection }
    const about = { ...server, namespace, retentionSeconds, taskQueueName }
    if ('read' in retentionSeconds && retentionSeconds.read === undefined) {
      const unread = { unread: `there is no namespace ${namespace}` }
      const nothing = { taskQueue: unread, openRuns: unread, workflowRuns: unread, searchAttributes: unread }
      return { ...about, ...nothing, registered: { read: [] } }
    }
    const registered = options.register
      ? await readingOf(registerSearchAttributes(client.connection, namespace))
      : { read: [] }
    const waiting = await options.waiting
    const [taskQueue, openRuns, workflowRuns, searchAttributes] = await Promise.all([
      readingOf(readTaskQueue(temporal, taskQueueName)),
      readingOf(temporal.bounded(() => listOpenRuns(temporal, taskQueueName))),
      readRuns(temporal, { taskQueue: taskQueueName, managementCluster }, waiting),
      readingOf(readSearchAttributes(client.connection, namespace)),
    ])
    return { ...about, taskQueue, openRuns, workflowRuns, searchAttributes, registered }
  })
}

async function tryWorkerConnection(proxies: ProxySettings, signal: AbortSignal): Promise<Reading<true>> {
  try {
    return { read: await tryNativeConnection(proxies, signal) }
  } catch (error) {
    const isLate = error instanceof ConnectTimeoutError
    return { unread: describeConnectError(error), ...(isLate && { noAnswer: true }) }
  }
}

async function readRetention({ client, namespace, bounded }: TemporalClient): Promise<number | undefined> {
  try {
    const { config } = await bounded(() => client.workflowService.describeNamespace({ namespace }))
    return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0)
  } catch (error) {
    if (isGrpcServiceError(error) && notFound.includes(error.code)) return undefined
    throw error
  }
}

async function readTaskQueue(temporal: TemporalClient, name: string): Promise<TaskQueueFacts> {
  const [workflowPollers, activityPollers] = await Promise.all([
    temporal.bounded(() => readPollers(temporal.client, name, 'workflow')),
    temporal.bounded(() => readPollers(temporal.client, name, 'activity')),
  ])
  return { name, workflowPollers, activityPollers }
}

async function listOpenRuns({ client }: TemporalClient, taskQueue: string): Promise<readonly OwnedRun[]> {
  const query = `ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue.replaceAll("'", "''")}'`
  const found: OwnedRun[] = []
  for await (const { workflowId, memo } of client.workflow.list({ query, pageSize: mostRuns })) {
    found.push({ workflowId, ...managementClusterIn(memo) })
    if (found.length === mostRuns) break
  }
  return found
}

async function readRuns(
  { client, bounded }: TemporalClient,
  { taskQueue, managementCluster }: Installation,
  waiting: Reading<readonly NamespacedName[]>,
): Promise<Reading<WorkflowRunFacts>> {
  if ('unread' in waiting) return waiting
  const asked = waiting.read.slice(0, mostRuns)
  const runs = inParallel(runsAtOnce, asked, (cluster) =>
    bounded(() => describeRun(client, workflowIdFor(cluster, managementCluster), taskQueue)),
  )
  return readingOf(
    runs.then((found) => ({
      running: found.filter((run) => run !== undefined),
      asked: asked.length,
      passedOver: waiting.read.length - asked.length,
    })),
  )
}
