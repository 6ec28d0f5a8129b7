import { collectDefaultMetrics, Registry } from 'prom-client'
import type { StepObserver } from '../activities/reporting.ts'
import type { AttemptOutcome } from '../watcher/run-check.ts'
import { inventorySeries } from './metrics/inventory-series.ts'
import { gauge } from './metrics/registry.ts'
import {
  reportSeries,
  requestSeries,
  workflowRequestSeries,
  type CountedRequest,
} from './metrics/request-series.ts'
import { stepSeries } from './metrics/step-series.ts'
import { strayRunSeries } from './metrics/stray-run-series.ts'
import { watchSeries } from './metrics/watch-series.ts'

/** Our own series. Label values are bounded: the name of a Cluster is never one. */
export interface Metrics extends StepObserver {
  /** One request to the API server. */
  countApiRequest(request: CountedRequest): void
  /** Whether Temporal answered; it counts as unreachable before the first call. */
  temporalReachable(reachable: boolean): void
  /** One of the watcher's requests to Temporal. */
  countWorkflowRequest(outcome: AttemptOutcome): void
  /** Registers the watcher's other series, which are read at every scrape. Call it once. */
  observeWatcher(readings: WatcherReadings): void
  /** These series and those of the process, in Prometheus' text format. */
  text(): Promise<string>
}

export interface MetricsOptions {
  /** The program's version, for the series `build_info`. */
  readonly version: string
  /** The parts that run in this process: calls that belong to another part are ignored. */
  readonly parts: { readonly watcher: boolean; readonly worker: boolean }
  /** All roles: counters by role start at zero for each. */
  readonly roles: readonly string[]
}

/** The values of the series that are read at every scrape. */
export interface WatcherReadings {
  readonly watches: Parameters<typeof watchSeries>[1]
  readonly inventory: Parameters<typeof inventorySeries>[1]
  readonly strays: Parameters<typeof strayRunSeries>[1]
}

/** Registers our own series and the default ones of the process. */
export function createMetrics({ version, parts, roles }: MetricsOptions): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  gauge(registry, {
    name: 'build_info',
    help: 'Constant 1, labeled with the versions that run.',
    labels: ['version', 'node_version'],
  }).set({ version, node_version: process.versions.node }, 1)
  const requests = requestSeries(registry)
  const workflowRequests = parts.watcher ? workflowRequestSeries(registry) : undefined
  const worker = parts.worker ? { ...stepSeries(registry, roles), ...reportSeries(registry) } : undefined
  return {
    ...requests,
    countWorkflowRequest: (outcome) => workflowRequests?.countWorkflowRequest(outcome),
    observeWatcher({ watches, inventory, strays }) {
      watchSeries(registry, watches)
      inventorySeries(registry, inventory)
      strayRunSeries(registry, strays)
    },
    observeStep: (reading) => worker?.observeStep(reading),
    countReport: (kind, result) => worker?.countReport(kind, result),
    text: () => registry.metrics(),
  }
}
