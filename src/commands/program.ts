import { once } from 'node:events'
import type { Worker } from '@temporalio/worker'
import type { Command, Config } from '../config.ts'
import { createClusterApi } from '../kubernetes/client.ts'
import { connectTo, type KubernetesConnection } from '../kubernetes/connection.ts'
import { loadKubeConfig } from '../kubernetes/kube-config.ts'
import { readCoreMetrics } from '../observability/core-metrics.ts'
import { createLog } from '../observability/create-log.ts'
import { healthRoutes } from '../observability/health.ts'
import { startHttpServer, type HttpServer } from '../observability/http-server.ts'
import type { Log } from '../observability/log.ts'
import { createMetrics, type Metrics } from '../observability/metrics.ts'
import { programState, type ProgramState } from './program-state.ts'
import { registerAtStart } from './search-attributes.ts'
import { connectToTemporal, type TemporalConnection } from './temporal-connection.ts'
import { programVersion } from './version.ts'
import { runWatcher } from './watcher.ts'
import { createWorker } from './worker.ts'

/**
 * Runs watcher, worker or both until the signal is aborted, then stops in order: no new work, running
 * activities end or are given back, connections close.
 *
 * @returns exit code: 0 stopped in order, 1 the Worker failed
 * @throws Error where the kubeconfig cannot be read or an address cannot be had
 */
export async function runProgram(command: Command, config: Config, signal: AbortSignal): Promise<number> {
  const log = createLog(config.logLevel, config.logFormat)
  const version = programVersion()
  const metrics = createMetrics(version)
  const state = programState(command)
  const kubernetes = connectTo({
    kubeConfig: loadKubeConfig(config),
    version,
    onRequest: (outcome) => metrics.countApiRequest(outcome),
  })
  const servers = await startServers(config, metrics, state)
  log.info('Starting', { command, version, taskQueue: config.taskQueue })
  try {
    return await atWork({ command, config, kubernetes, metrics, state, log, signal })
  } finally {
    await Promise.all([...servers.map((server) => server.close()), kubernetes.close()])
    log.info('Stopped')
  }
}

interface Setup {
  readonly command: Command
  readonly config: Config
  readonly kubernetes: KubernetesConnection
  readonly metrics: Metrics
  readonly state: ProgramState
  readonly log: Log
  readonly signal: AbortSignal
}

async function atWork(setup: Setup): Promise<number> {
  const { command, config, kubernetes, metrics, state, log, signal } = setup
  const reached = await connectToTemporal({
    log,
    signal,
    onFailure: (message) => state.temporalAway(message),
    // The server is asked for the namespace here, and may have gone again since the connection was made.
    prepare: async (temporal) => {
      // First, since a Worker asks for those that there are.
      if (config.registerSearchAttributes) await registerAtStart(temporal, log)
      if (command === 'watcher') return undefined
      return createWorker(temporal, createClusterApi(kubernetes, config.namespaces), config, metrics)
    },
  })
  if (reached === undefined) return 0
  const { temporal, prepared: worker } = reached
  state.temporalConnected(temporal)
  try {
    return await withTemporal(setup, temporal, worker)
  } finally {
    await temporal.connection.close()
  }
}

/** Ends when the signal is aborted, or when the Worker has failed. */
async function withTemporal(
  setup: Setup,
  temporal: TemporalConnection,
  worker: Worker | undefined,
): Promise<number> {
  const { command, config, kubernetes, metrics, state, log } = setup
  const failed = new AbortController()
  const signal = AbortSignal.any([setup.signal, failed.signal])
  const working = worker === undefined ? undefined : run(worker, log, failed, setup.signal)
  state.workerStarted(worker)
  const watcher =
    command === 'worker'
      ? undefined
      : runWatcher({ config, kubernetes, temporal, besideWorker: worker !== undefined, log, metrics, signal })
  state.watcherStarted(watcher)
  if (!signal.aborted) await once(signal, 'abort')
  log.info('Stopping')
  await watcher?.done
  if (worker?.getState() === 'RUNNING') worker.shutdown()
  await working
  return failed.signal.aborted ? 1 : 0
}

/**
 * Never rejects: a Worker that fails is told by `failed`, and the program ends so that it is started anew. One that was
 * asked to stop and has something left that does not end, such as a request nobody answers, has stopped all the same.
 */
async function run(worker: Worker, log: Log, failed: AbortController, stop: AbortSignal): Promise<void> {
  try {
    await worker.run()
  } catch (failure) {
    const error = failure instanceof Error ? failure.message : String(failure)
    if (stop.aborted) {
      log.warn('What was running did not end in time; Temporal gives it to another Worker', { error })
      return
    }
    log.error('The Worker failed', { error })
    failed.abort()
  }
}

async function startServers(
  config: Config,
  metrics: Metrics,
  state: ProgramState,
): Promise<readonly HttpServer[]> {
  const metricsPage = async (): Promise<string> =>
    (await metrics.text()) + (await readCoreMetrics(state.coreMetricsAddress()))
  return Promise.all([
    startHttpServer(config.metricsAddress, {
      '/metrics': async () => ({
        status: 200,
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body: await metricsPage(),
      }),
    }),
    startHttpServer(config.healthProbeAddress, healthRoutes(state)),
  ])
}
