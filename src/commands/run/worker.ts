import { fileURLToPath } from 'node:url'
import { Worker } from '@temporalio/worker'
import { createActivities } from '../../activities/index.ts'
import type { StepObserver } from '../../activities/reporting.ts'
import type { Config } from '../../config.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import { usableSearchAttributes, type SearchAttributeName } from '../../domain/search-attributes.ts'
import type { Tracing } from '../../observability/tracing.ts'
import { activityLogFields } from './activity-log.ts'
import { readSearchAttributes } from '../temporal/search-attributes.ts'
import type { TemporalConnection } from './temporal-connection.ts'
import { workflowOptions } from './workflow-options.ts'

/** Made at build time from src/workflows, once as they are and once with the interceptors that make spans. */
const workflowBundle = { codePath: fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url)) }
const tracedBundle = { codePath: fileURLToPath(new URL('../../workflow-bundle-traced.js', import.meta.url)) }

/** For arguments of activities; the bundle has its own. */
const payloadConverterPath = fileURLToPath(new URL('../../workflows/payload-converter.js', import.meta.url))

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
 * Makes a Worker for the workflows and their activities. It polls only once it is run.
 *
 * @throws Error where the server does not know the namespace, or cannot be reached
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
    // A Pod is given 30 s by default; what runs may end in 4 s, and what does not is given back to the server.
    shutdownGraceTime: '4 seconds',
    shutdownForceTime: '8 seconds',
  })
}

/** None where the server does not tell: a run that sets an attribute it has not got gets no further. */
async function searchableIn({
  connection,
  namespace,
}: TemporalConnection): Promise<readonly SearchAttributeName[]> {
  return readSearchAttributes(connection, namespace).then(usableSearchAttributes, () => [])
}
