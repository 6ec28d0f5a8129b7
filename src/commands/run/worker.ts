import { fileURLToPath } from 'node:url'
import { Worker, type WorkerOptions } from '@temporalio/worker'
import { createActivities } from '../../activities/index.ts'
import type { StepObserver } from '../../activities/step-outcome.ts'
import type { Config } from '../../config.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import { usableSearchAttributes, type SearchAttributeName } from '../../domain/search-attributes.ts'
import { workflowTasksAtOnce } from '../../domain/timings.ts'
import type { Tracing } from '../../observability/tracing.ts'
import { activityLogFields } from './activity-log.ts'
import { readSearchAttributes } from '../temporal/search-attributes.ts'
import type { TemporalConnection } from './temporal-connection.ts'

/** Built from src/workflows, without and with the interceptors that make spans. */
const workflowBundle = { codePath: fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url)) }
const tracedBundle = { codePath: fileURLToPath(new URL('../../workflow-bundle-traced.js', import.meta.url)) }

/** For the arguments of activities; the bundle contains its own copy. */
const payloadConverterPath = fileURLToPath(new URL('../../workflows/payload-converter.js', import.meta.url))

/**
 * Runs that a Worker keeps in memory. An evicted run is replayed at its next message, and loses a workflow task if a local
 * activity is under way. The SDK's default depends on the heap: 10 runs in a Pod of 512 MiB.
 */
const cachedRuns = 200

/** How a Worker runs workflows. */
export const workflowOptions = {
  maxConcurrentWorkflowTaskExecutions: workflowTasksAtOnce,
  maxCachedWorkflows: cachedRuns,
  // A run whose history does not replay would fail its workflow task for ever, and block its id. As the desired state
  // follows from Kubernetes, a new run loses nothing.
  workflowFailureErrorTypes: { '*': ['NondeterminismError'] },
} satisfies Partial<WorkerOptions>

export interface WorkerSetup {
  readonly temporal: TemporalConnection
  readonly api: ClusterApi
  /** Reads from the informers of this process; undefined without any. */
  readonly cachedApi: ClusterApi | undefined
  readonly config: Config
  readonly observer: StepObserver
  readonly tracing: Tracing | undefined
}

/**
 * Makes a Worker for the workflows and their activities. It polls nothing before `run` is called.
 *
 * @throws Error if the server cannot be reached, or does not know the namespace
 */
export async function createWorker({
  temporal,
  api,
  cachedApi,
  config,
  observer,
  tracing,
}: WorkerSetup): Promise<Worker> {
  const { defaultPort, variables } = config
  return Worker.create({
    connection: temporal.connection,
    namespace: temporal.namespace,
    taskQueue: config.taskQueue,
    workflowBundle: tracing === undefined ? workflowBundle : tracedBundle,
    interceptors: {
      activity: [activityLogFields, ...(tracing === undefined ? [] : [tracing.activityInterceptors])],
    },
    ...(tracing !== undefined && { sinks: { exporter: tracing.exporter } }),
    dataConverter: { payloadConverterPath },
    activities: createActivities({
      api,
      cachedApi,
      observer,
      ...(tracing !== undefined && { aroundStep: tracing.aroundStep }),
      settings: { defaultPort, variables, searchable: await searchableIn(temporal) },
    }),
    ...workflowOptions,
    // A Pod has 30 s to stop by default. Activities have 4 s to end; the server retries the others elsewhere.
    shutdownGraceTime: '4 seconds',
    shutdownForceTime: '8 seconds',
  })
}

/** None if they cannot be read: a run that sets an unregistered attribute would be stuck. */
async function searchableIn({
  connection,
  namespace,
}: TemporalConnection): Promise<readonly SearchAttributeName[]> {
  return readSearchAttributes(connection, namespace).then(usableSearchAttributes, () => [])
}
