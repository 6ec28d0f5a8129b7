import { once } from 'node:events'
import { Client } from '@temporalio/client'
import type { Worker } from '@temporalio/worker'
import type { AllocatorCommand, Config } from '../../config.ts'
import { roles } from '../../domain/role.ts'
import { readManagementClusterUid } from '../../kubernetes/management-cluster-uid.ts'
import { createLiveClusterApi } from '../../kubernetes/live-cluster-api.ts'
import { connectTo } from '../../kubernetes/transport/connection.ts'
import { createCachedClusterApi } from '../../kubernetes/cache/cached-cluster-api.ts'
import { openKubeConfig } from '../../kubernetes/transport/kube-config.ts'
import { healthRoutes, type HealthSources } from '../../observability/health.ts'
import { startHttpServer, type HttpServer, type Routes } from '../../observability/http-server.ts'
import { createLog } from '../../observability/log.ts'
import { watchLoop } from '../../observability/loop-watch.ts'
import { createMetrics, readCoreMetrics, type Metrics } from '../../observability/metrics.ts'
import { createVipWorkflowClient, type VipWorkflowClient } from '../../watcher/workflow-client.ts'
import { monitorTemporal } from '../../watcher/temporal-monitor.ts'
import { createManagementClusterIdentity } from './management-cluster-identity.ts'
import { createNeighbors } from './neighbors.ts'
import { createOutages } from './outages.ts'
import type { ProgramParts } from './program-parts.ts'
import { healthOf, type ProgramState } from './readiness.ts'
import { createRefusals } from './refusals.ts'
import { loadTemporalConfig } from '../temporal/config.ts'
import { registerAtStart } from '../temporal/search-attributes.ts'
import { connectToTemporal, openVerified, type TemporalConnection } from './temporal-connection.ts'
import { renewTemporal } from './temporal-renewal.ts'
import { runWorker } from './run-worker.ts'
import { startRuntimeExtension, type RunningExtension } from './runtime-extension.ts'
import { temporalLogger } from './temporal-log.ts'
import { programVersion } from '../version.ts'
import { runWatcher, type RunningWatcher } from './watcher.ts'
import { createWorker } from './worker.ts'

/**
 * Runs watcher, worker or both until the signal is aborted. Then no new work is started, running activities end or go
 * back to the server, and the connections close.
 *
 * @returns exit code: 0 if stopped by the signal, 1 if the Worker died
 * @throws Error if the kubeconfig cannot be read, or an address cannot be bound
 */
export async function runProgram(
  command: AllocatorCommand,
  config: Config,
  signal: AbortSignal,
): Promise<number> {
  const log = createLog(config.logLevel, config.logFormat)
  const version = programVersion()
  const runs = { watcher: command !== 'worker', worker: command !== 'watcher' }
  const metrics = createMetrics({ version, parts: runs, roles })
  const outages = createOutages(log)
  const refusals = createRefusals(log)
  const loop = watchLoop()
  const state: ProgramState = {}
  // Loads OpenTelemetry only if traces are asked for.
  const tracing = config.traces
    ? (await import('../../observability/tracing.ts')).startTracing({ version, outage: outages.traces })
    : undefined
  const kubernetes = connectTo({
    ...openKubeConfig(config),
    proxies: config.proxies,
    version,
    log,
    onRequest: (outcome) => {
      metrics.countApiRequest(outcome)
      outages.observeRequest(outcome)
      refusals.observeRequest(outcome)
      tracing?.onRequest(outcome)
    },
  })
  const servers = await startServers(config, metrics, state, healthOf(command, state, outages, loop))
  log.info('Starting', { command, version, taskQueue: config.taskQueue })
  for (const warning of config.warnings) log.warn(warning)
  let extension: RunningExtension | undefined
  try {
    const identity = createManagementClusterIdentity({
      read: () => readManagementClusterUid(kubernetes),
      log,
      now: Date.now,
    })
    const neighbors = createNeighbors(log, Date.now)
    state.managementCluster = { identity, neighbors }
    const api = createLiveClusterApi(kubernetes, config.namespaces, config.poolKinds)
    const cachedApi =
      command === 'run'
        ? createCachedClusterApi({ live: api, now: Date.now, poolKinds: config.poolKinds })
        : undefined
    const observed = { metrics, outages, tracing, state, log }
    extension = await startRuntimeExtension({ config, kubernetes, api, ...observed, signal })
    const clusterChanges = extension?.changes
    const parts = { command, config, kubernetes, api, cachedApi, identity, neighbors, clusterChanges }
    return await connectAndRun({ ...parts, ...observed, signal })
  } finally {
    await extension?.close()
    await Promise.all([...servers.map((server) => server.close()), kubernetes.close(), tracing?.close()])
    loop.stop()
    log.info('Stopped')
  }
}

/** Milliseconds for closing all connections after the Worker has ended. */
const longestEndMs = 5_000

/** Connects to Temporal, runs the parts over that connection, and closes it. */
async function connectAndRun(parts: ProgramParts): Promise<number> {
  const { command, config, outages, state, log, signal } = parts
  const reached = await connectToTemporal({
    proxies: config.proxies,
    log,
    logger: temporalLogger(log, outages.suppresses),
    outage: outages.temporal,
    signal,
    // Requests the namespace, and fails if the server has become unreachable again.
    prepare: async (temporal) => {
      // Before the Worker is made, which reads the registered ones.
      if (config.registerSearchAttributes) await registerAtStart(temporal, log)
      return command === 'watcher' ? undefined : createWorker(parts, temporal)
    },
  })
  if (reached === undefined) return 0
  const { temporal, prepared: worker } = reached
  state.temporal = temporal
  try {
    const code = await runParts(parts, temporal, worker)
    // A Worker that died or did not stop in time may leave threads that keep the process alive.
    setTimeout(() => process.exit(code), longestEndMs).unref()
    return code
  } finally {
    // Closing fails if such a Worker still uses the connection.
    await state.temporal.connection.close().catch((error: unknown) => log.debug(String(error)))
  }
}

/** Runs until the signal is aborted, or the Worker dies. */
async function runParts(
  parts: ProgramParts,
  temporal: TemporalConnection,
  worker: Worker | undefined,
): Promise<number> {
  const { command, config, identity, tracing, state, log } = parts
  const died = new AbortController()
  const signal = AbortSignal.any([parts.signal, died.signal])
  const onDeath = (error: string): void => {
    state.workerDeath = error
    died.abort()
  }
  const working = worker === undefined ? undefined : runWorker({ worker, log, stop: parts.signal, onDeath })
  state.worker = worker
  // Its requests are traced if tracing is on.
  const interceptors = tracing && { interceptors: { workflow: [tracing.clientInterceptor] } }
  const { namespace } = temporal
  const clientOf = ({ connection }: TemporalConnection): Client =>
    new Client({ connection, namespace, ...interceptors })
  let client = clientOf(temporal)
  const workflows = createVipWorkflowClient(() => client, {
    taskQueue: config.taskQueue,
    managementCluster: config.managementCluster,
    managementClusterUid: () => identity.uid(),
    // An eager start goes past the current version of Workers.
    eagerStart: worker !== undefined && config.workerVersion === undefined,
  })
  const watcher = command === 'worker' ? undefined : runWatcher({ ...parts, signal }, workflows)
  state.watcher = watcher
  state.watched = watcher
  const monitor = startMonitor({ ...parts, signal }, workflows, watcher)
  const renewal = followCredentials({ ...parts, signal }, temporal, worker, (renewed) => {
    client = clientOf(renewed)
  })
  if (!signal.aborted) await once(signal, 'abort')
  log.info('Stopping')
  await Promise.all([watcher?.done, monitor, renewal])
  if (worker?.getState() === 'RUNNING') worker.shutdown()
  await working
  return died.signal.aborted ? 1 : 0
}

/** Puts a new connection in the place of the present one when the credentials for Temporal change on disk. */
function followCredentials(
  { config: { proxies }, state, log, signal }: ProgramParts,
  temporal: TemporalConnection,
  worker: Worker | undefined,
  onRenewed: (temporal: TemporalConnection) => void,
): Promise<void> {
  let current = temporal
  return renewTemporal({
    config: temporal.config,
    load: () => loadTemporalConfig(proxies),
    connect: openVerified,
    adopt(connection) {
      const { connection: previous } = current
      // Also polls that keep failing over the previous connection go on over this one.
      if (worker !== undefined) worker.connection = connection
      current = { ...current, connection }
      state.temporal = current
      onRenewed(current)
      // What is under way ends all the same.
      previous.close().catch((error: unknown) => log.debug(String(error)))
    },
    log,
    signal,
  })
}

/** Monitors Temporal, and has the watcher start or follow runs that an outage may have affected. */
function startMonitor(
  { log, outages, metrics, neighbors, signal }: ProgramParts,
  client: VipWorkflowClient,
  watcher: RunningWatcher | undefined,
): Promise<void> {
  return monitorTemporal({
    client,
    log,
    outage: outages.temporal,
    signal,
    onPolled: (reachable) => metrics.temporalReachable(reachable),
    onPollers: (installation, pollers) => neighbors.observePollers(installation, pollers),
    onRunsMayBeLost: () => watcher?.enqueueAll(),
    ...(watcher !== undefined && { onRunsElsewhere: (clusters) => watcher.checkElsewhere(clusters) }),
  })
}

/** Starts the servers of /metrics, /healthz and /readyz. */
async function startServers(
  config: Config,
  metrics: Metrics,
  state: Pick<ProgramState, 'temporal'>,
  health: HealthSources,
): Promise<readonly HttpServer[]> {
  const { metricsAddress, healthProbeAddress } = config
  const metricsRoutes: Routes = {
    '/metrics': async () => ({
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: (await metrics.text()) + (await readCoreMetrics(state.temporal?.coreMetricsAddress)),
    }),
  }
  return Promise.all([
    ...(metricsAddress === undefined ? [] : [startHttpServer(metricsAddress, metricsRoutes)]),
    ...(healthProbeAddress === undefined ? [] : [startHttpServer(healthProbeAddress, healthRoutes(health))]),
  ])
}
