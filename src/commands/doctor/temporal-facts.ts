import { isGrpcServiceError } from '@temporalio/client'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import { type RegisteredSearchAttributes, type SearchAttributeName } from '../../domain/search-attributes.ts'
import { describeRun, readPollers } from '../../watcher/describe-run.ts'
import { workflowIdFor } from '../../workflows/contract.ts'
import { inParallel } from '../in-parallel.ts'
import { readSearchAttributes, registerSearchAttributes } from '../temporal/search-attributes.ts'
import { withTemporal, type TemporalClient } from '../temporal/with-temporal.ts'
import type { Reading } from './checks/check-result.ts'
import type { NamespaceFacts, TaskQueueFacts } from './checks/temporal.ts'
import type { WorkflowRunFacts } from './checks/workflow-runs.ts'
import { readingOf } from './reading.ts'

/** The facts that are read from Temporal. */
export interface TemporalFacts {
  readonly address: string
  readonly version: string
  /** The configured namespace; the reading is undefined if the server does not know it. */
  readonly namespaceName: string
  readonly namespace: Reading<NamespaceFacts | undefined>
  readonly taskQueueName: string
  readonly taskQueue: Reading<TaskQueueFacts>
  readonly workflowRuns: Reading<WorkflowRunFacts>
  readonly searchAttributes: Reading<RegisteredSearchAttributes>
  /** The search attributes that were registered just now. */
  readonly registered: Reading<readonly SearchAttributeName[]>
}

/** How many runs are looked up, those of the oldest Clusters first, and how many at a time. */
const mostRuns = 100
const runsAtOnce = 10

/** gRPC status code NOT_FOUND. */
const notFound: readonly number[] = [5]

/**
 * Reads all facts once, and registers missing search attributes with `register`.
 *
 * @throws Error if the configuration cannot be read, or Temporal does not answer at all
 */
export async function readTemporalFacts(options: {
  readonly taskQueue: string
  readonly register: boolean
  /** The Clusters that wait for a VIP, oldest first. */
  readonly waiting: Promise<Reading<readonly NamespacedName[]>>
  readonly signal: AbortSignal
}): Promise<TemporalFacts> {
  const { taskQueue: taskQueueName } = options
  return withTemporal(options.signal, async (temporal) => {
    const { client, address, namespace: namespaceName } = temporal
    const { serverVersion } = await temporal.bounded(() => client.workflowService.getSystemInfo({}))
    const namespace = await readingOf(readNamespace(temporal))
    const about = { address, version: serverVersion, namespaceName, namespace, taskQueueName }
    if ('read' in namespace && namespace.read === undefined) {
      const unread = { unread: `there is no namespace ${namespaceName}` }
      const nothing = { taskQueue: unread, workflowRuns: unread, searchAttributes: unread }
      return { ...about, ...nothing, registered: { read: [] } }
    }
    const registered = options.register
      ? await readingOf(registerSearchAttributes(client.connection, namespaceName))
      : { read: [] }
    const [taskQueue, workflowRuns, searchAttributes] = await Promise.all([
      readingOf(readTaskQueue(temporal, taskQueueName)),
      readRuns(temporal, taskQueueName, await options.waiting),
      readingOf(readSearchAttributes(client.connection, namespaceName)),
    ])
    return { ...about, taskQueue, workflowRuns, searchAttributes, registered }
  })
}

async function readNamespace(temporal: TemporalClient): Promise<NamespaceFacts | undefined> {
  const { client, namespace } = temporal
  try {
    const { config } = await temporal.bounded(() => client.workflowService.describeNamespace({ namespace }))
    return { name: namespace, retentionSeconds: Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) }
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

async function readRuns(
  { client, bounded }: TemporalClient,
  taskQueue: string,
  waiting: Reading<readonly NamespacedName[]>,
): Promise<Reading<WorkflowRunFacts>> {
  if ('unread' in waiting) return waiting
  const asked = waiting.read.slice(0, mostRuns)
  const runs = inParallel(runsAtOnce, asked, (cluster) =>
    bounded(() => describeRun(client, workflowIdFor(cluster), taskQueue)),
  )
  return readingOf(
    runs.then((found) => ({
      running: found.filter((run) => run !== undefined),
      asked: asked.length,
      passedOver: waiting.read.length - asked.length,
    })),
  )
}
