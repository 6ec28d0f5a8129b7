import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

const prefix = 'capi_vip_allocator_'

/** The product's own series. Label values are bounded: no name of a Cluster is ever one. */
export interface Metrics {
  /** What became of the watcher's requests to Temporal: started, running, woken, nudged, failed. */
  countDispatch(outcome: string): void
  /** One request to the API server; `code` is the HTTP status, 0 where no answer came. */
  countApiRequest(request: ApiRequest): void
  /** Asked at each scrape for the state of the list+watch loops. */
  observeWatches(read: () => readonly WatchReading[]): void
  observeStep(reading: object): void
  countReport(kind: string, result: string): void
  /** The page of these series and the process's, in Prometheus' text format. */
  text(): Promise<string>
}

export interface ApiRequest {
  readonly verb: string
  readonly resource: string
  readonly code: number
  readonly seconds: number
}

export interface WatchReading {
  readonly resource: string
  readonly synced: boolean
  /** Milliseconds since the epoch. */
  readonly lastContactAt: number | undefined
  readonly lists: number
  readonly reconnects: number
  readonly failures: number
}

/** @param version of this program, for the series `build_info` */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const buildInfo = new Gauge({
    name: `${prefix}build_info`,
    help: 'Constant 1, labeled with the version that runs.',
    labelNames: ['version'],
    registers,
  })
  buildInfo.set({ version }, 1)
  const dispatches = new Counter({
    name: `${prefix}workflow_requests_total`,
    help: 'Requests of the watcher to Temporal by outcome: started, running, woken, nudged, failed.',
    labelNames: ['outcome'],
    registers,
  })
  const requests = new Histogram({
    name: `${prefix}api_request_duration_seconds`,
    help: 'Requests to the Kubernetes API server by verb, resource and HTTP status (0: no answer).',
    labelNames: ['verb', 'resource', 'code'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  return {
    countDispatch: (outcome) => dispatches.inc({ outcome }),
    countApiRequest: ({ verb, resource, code, seconds }) =>
      requests.observe({ verb, resource, code }, seconds),
    observeWatches: (read) =>
      watchSeries.forEach((series) => registry.registerMetric(watchGauge(series, read))),
    observeStep: () => undefined,
    countReport: () => undefined,
    text: () => registry.metrics(),
  }
}

interface WatchSeries {
  readonly name: string
  readonly help: string
  readonly value: (watch: WatchReading, now: number) => number
}

const watchSeries: readonly WatchSeries[] = [
  {
    name: 'watch_synced',
    help: 'Whether the first full list has been read, 1 or 0.',
    value: (watch) => (watch.synced ? 1 : 0),
  },
  {
    name: 'watch_staleness_seconds',
    help: 'Seconds since the API server last said anything on this watch; NaN before the first time.',
    value: (watch, now) => (now - (watch.lastContactAt ?? Number.NaN)) / 1000,
  },
  { name: 'watch_lists', help: 'Full lists read since the start.', value: (watch) => watch.lists },
  {
    name: 'watch_reconnects',
    help: 'Watches opened anew since the start.',
    value: (watch) => watch.reconnects,
  },
  {
    name: 'watch_failures',
    help: 'Failed lists and watches since the start.',
    value: (watch) => watch.failures,
  },
]

function watchGauge({ name, help, value }: WatchSeries, read: () => readonly WatchReading[]): Gauge {
  return new Gauge({
    name: `${prefix}${name}`,
    help,
    labelNames: ['resource'],
    registers: [],
    collect() {
      const now = Date.now()
      for (const watch of read()) this.set({ resource: watch.resource }, value(watch, now))
    },
  })
}
