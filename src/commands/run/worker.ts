import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker, type ActivityInterceptors, type WorkerOptions } from '@temporalio/worker'
import { createActivities } from '../../activities/index.ts'
import type { WorkerVersion } from '../../config.ts'
import { workerIdentity } from '../../domain/management-cluster.ts'
import { objectOf, stringOf } from '../../domain/model/decode.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import { usableSearchAttributes } from '../../domain/search-attributes.ts'
import { workflowTasksAtOnce } from '../../domain/timings.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import { readSearchAttributes } from '../temporal/search-attributes.ts'
import type { ProgramParts } from './program-parts.ts'
import { probeTcp } from './tcp-probe.ts'
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

/** Makes a Worker, which polls nothing before `run` is called. @throws Error if the server or the namespace is missing */
export async function createWorker(
  parts: ProgramParts,
  { connection, namespace }: TemporalConnection,
): Promise<Worker> {
  const { config, api, cachedApi, identity, neighbors, metrics, tracing } = parts
  const { defaultPort, dnsNames, variables, requiresOptIn, poolKinds, taskQueue, workerVersion } = config
  // None if they cannot be read: a run that sets an unregistered attribute would be stuck.
  const searchable = await readSearchAttributes(connection, namespace).then(usableSearchAttributes, () => [])
  return Worker.create({
    connection,
    namespace,
    // By it, other management clusters see whose Worker polls.
    identity: workerIdentity(`${process.pid}@${hostname()}`, await uidInTime(identity)),
    taskQueue,
    workflowBundle: tracing === undefined ? workflowBundle : tracedBundle,
    interceptors: {
      activity: [activityLogFields, ...(tracing === undefined ? [] : [tracing.activityInterceptors])],
    },
    ...(tracing !== undefined && { sinks: { exporter: tracing.exporter } }),
    dataConverter: { payloadConverterPath },
    activities: createActivities({
      // The queue of the informers is as good for a decision on live reads: who is first changes at any moment.
      api: cachedApi === undefined ? api : withWaitingReadsOf(cachedApi, api),
      cachedApi,
      observer: metrics,
      probePort: probeTcp,
      managementClusterUid: () => identity.uid(),
      onForeignRun: (message) => neighbors.observeForeignRun(message),
      ...(tracing !== undefined && { aroundStep: tracing.aroundStep }),
      settings: { defaultPort, variables, dnsNames, requiresOptIn, poolKinds, searchable },
    }),
    ...workflowOptions,
    ...(workerVersion !== undefined && versioned(workerVersion)),
    // A Pod has 30 s to stop by default. Activities have 4 s to end; the server retries the others elsewhere.
    shutdownGraceTime: '4 seconds',
    shutdownForceTime: '8 seconds',
  })
}

function withWaitingReadsOf(cachedApi: ClusterApi, api: ClusterApi): ClusterApi {
  return {
    ...api,
    readWaitingQueue: () => cachedApi.readWaitingQueue(),
    countWaiting: () => cachedApi.countWaiting(),
  }
}

/** Runs move to the current version at their next workflow task: all of them replay, and none stays with an old version. */
function versioned(version: WorkerVersion): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  return {
    workerDeploymentOptions: {
      version,
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  }
}

/** Milliseconds that a Worker waits for an API server that may be away: it works without as well. */
const identifiedWithinMs = 3_000

async function uidInTime(identity: ProgramParts['identity']): Promise<string | undefined> {
  const waited = delay(identifiedWithinMs, undefined, { ref: false })
  return Promise.race([identity.uid(), waited]).catch(() => undefined)
}

/** Adds the Cluster and the role of an activity to the lines that Temporal writes for it. */
function activityLogFields(): ActivityInterceptors {
  let fields: Readonly<Record<string, string>> = {}
  return {
    inbound: {
      execute(input, next) {
        fields = fieldsOf(input.args[0])
        return next(input)
      },
    },
    outbound: { getLogAttributes: (attributes, next) => next({ ...attributes, ...fields }) },
  }
}

/** No fields if the argument has another shape, since a person can call an activity by hand. */
function fieldsOf(argument: unknown): Readonly<Record<string, string>> {
  const { cluster, role } = objectOf(argument)
  const { namespace, name } = objectOf(cluster)
  const key = { namespace: stringOf(namespace), name: stringOf(name) }
  if (key.namespace === '' || key.name === '') return {}
  return { cluster: formatKey(key), ...(typeof role === 'string' && { role }) }
}
