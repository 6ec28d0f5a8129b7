import { collectDefaultMetrics, Registry } from 'prom-client'
import { inventorySeries, type InventoryReading } from './metrics/inventory-series.ts'
import { gauge } from './metrics/registry.ts'
import {
  reportSeries,
  requestSeries,
  workflowRequestSeries,
  type ApiRequest,
  type ReportKind,
  type ReportResult,
  type WorkflowRequestOutcome,
} from './metrics/request-series.ts'
import { stepSeries, type StepReading } from './metrics/step-series.ts'
import { strayRunSeries, type StrayRunReading } from './metrics/stray-run-series.ts'
import { watchSeries, type WatchReading } from './metrics/watch-series.ts'

/** The product's own series. Label values are bounded: no name of a Cluster is ever one. */
export interface Metrics {
  /** One request to the API server. */
  countApiRequest(request: ApiRequest): void
  /** Tells whether Temporal answered; before the first time, it counts as away. */
  temporalReachable(reachable: boolean): void
  /** One of the watcher's requests to Temporal. */
  countWorkflowRequest(outcome: WorkflowRequestOutcome): void
  /** Has the watcher's other series asked for at every scrape. Once. */
  observeWatcher(readings: WatcherReadings): void
  /** One attempt of a step, at its end. */
  observeStep(reading: StepReading): void
  /** One condition, event or signal of the Worker. */
  countReport(kind: ReportKind, result: ReportResult): void
  /** The page of these series and the process's, in Prometheus' text format. */
  text(): Promise<string>
}

export interface MetricsOptions {
  /** Of this program, for the series `build_info`. */
  readonly version: string
  /** What runs in this process: each part has series of its own, and what is told of another part is not shown. */
  readonly parts: { readonly watcher: boolean; readonly worker: boolean }
  /** What a VIP can be for: counters by role begin at zero for each. */
  readonly roles: readonly string[]
}

export interface WatcherReadings {
  readonly watches: () => readonly WatchReading[]
  /** Undefined while too little is known to count. */
  readonly inventory: () => InventoryReading | undefined
  readonly strays: () => readonly StrayRunReading[]
}

/** Makes the series of a process, and those of the process itself. */
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
