import { collectDefaultMetrics, Registry } from 'prom-client'
import type { StepObserver } from '../activities/step-outcome.ts'
import type { RequestOutcome } from '../kubernetes/transport/connection.ts'
import type { HookOutcome } from '../runtime-extension/hook-server.ts'
import type { AttemptOutcome } from '../watcher/run-check.ts'
import { counter, gauge, histogram, workflowRequestOutcomes } from './metrics/series.ts'
import { registerWatcherSeries, type WatcherReadings } from './metrics/watcher-series.ts'
import { registerWorkerSeries } from './metrics/worker-series.ts'
import { messageOf } from '../domain/quote.ts'

/** Our own series. Label values are bounded: the name of a Cluster is never one. */
export interface Metrics extends StepObserver {
  countApiRequest(request: Pick<RequestOutcome, 'verb' | 'resource' | 'code' | 'seconds'>): void
  /** Whether Temporal answered; it counts as unreachable before the first call. */
  temporalReachable(reachable: boolean): void
  /** One of the watcher's requests to Temporal. */
  countWorkflowRequest(outcome: AttemptOutcome): void
  /** Registers the watcher's other series. Call it once. */
  observeWatcher(readings: WatcherReadings): void
  /** Registers the series of the runtime extension. Call it once. @returns counts one call of a hook */
  observeRuntimeExtension(): (outcome: HookOutcome) => void
  /** These series and those of the process, in Prometheus' text format. */
  text(): Promise<string>
}

const apiBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** A call answers within milliseconds, or waits for an allocation. */
const hookBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5]

/** Registers our own series and the default ones of the process. */
export function createMetrics(options: {
  readonly version: string
  /** The parts that run in this process: calls that belong to another part are ignored. */
  readonly parts: { readonly watcher: boolean; readonly worker: boolean }
  /** All roles: counters by role start at zero for each. */
  readonly roles: readonly string[]
}): Metrics {
  const { version, parts, roles } = options
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  gauge(registry, 'build_info').set({ version, node_version: process.versions.node }, 1)
  const apiRequests = histogram(registry, 'api_request_duration_seconds', apiBuckets)
  const temporalReachable = gauge(registry, 'temporal_reachable')
  const fromZero = workflowRequestOutcomes.map((outcome) => ({ outcome }))
  const workflowRequests = parts.watcher ? counter(registry, 'workflow_requests_total', fromZero) : undefined
  const worker = parts.worker ? registerWorkerSeries(registry, roles) : undefined
  return {
    countApiRequest: ({ verb, resource, code, seconds }) =>
      apiRequests.observe({ verb, resource, code }, seconds),
    temporalReachable: (reachable) => temporalReachable.set(reachable ? 1 : 0),
    countWorkflowRequest: (outcome) => workflowRequests?.inc({ outcome }),
    observeWatcher: (readings) => registerWatcherSeries(registry, readings),
    observeStep: (reading) => worker?.observeStep(reading),
    countReport: (kind, result) => worker?.countReport(kind, result),
    observeRuntimeExtension: () => {
      const calls = histogram(registry, 'runtime_extension_duration_seconds', hookBuckets)
      return ({ call, outcome, seconds }) => calls.observe({ call, outcome }, seconds)
    },
    text: () => registry.metrics(),
  }
}

/**
 * Reads the series of Temporal Core from its own listener, so that one page shows all; else a comment with the reason.
 *
 * @param address host:port; undefined before the first connection
 */
export async function readCoreMetrics(address: string | undefined): Promise<string> {
  if (address === undefined) return '# Temporal Core: not connected yet\n'
  try {
    const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(2_000) })
    return await response.text()
  } catch (error) {
    return `# Temporal Core: ${messageOf(error)}\n`
  }
}
