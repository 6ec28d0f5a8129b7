import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { AttemptOutcome } from '../../watcher/run-check.ts'

export const workflowRequestOutcomes: readonly AttemptOutcome[] = [
  'started',
  'already-started',
  'signaled-with-start',
  'signaled',
  'checked',
  'replaced',
  'failed',
]

const perClass = ['role', 'cluster_class'] as const
const perPool = ['pool_name', 'kind', 'namespace'] as const
const perClaim = ['role', 'namespace'] as const
const perWatch = ['resource'] as const

/** All our own series, by name without the prefix. A test compares them with docs/metrics.md. */
const series = {
  // Every process
  build_info: {
    help: 'Constant 1, labeled with the versions that run.',
    labels: ['version', 'node_version'],
  },
  api_request_duration_seconds: {
    help: 'Requests to the Kubernetes API server by verb, resource and HTTP status (0: no answer).',
    labels: ['verb', 'resource', 'code'],
  },
  temporal_reachable: { help: 'Whether Temporal answered when last asked, 1 or 0.', labels: [] },

  // Worker
  reconcile_total: {
    help: 'Attempts of steps by result: success, waiting, error.',
    labels: ['cluster_class', 'result'],
  },
  reconcile_duration_seconds: { help: 'What attempts of steps took.', labels: ['cluster_class'] },
  allocation_errors_total: {
    help: 'Attempts of steps that ended with a failure, waits among them, by reason.',
    labels: [...perClass, 'reason'],
  },
  allocations_total: { help: 'VIPs written to Clusters.', labels: perClass },
  allocation_duration_seconds: {
    help: 'From the start of the run to the VIP on the Cluster.',
    labels: perClass,
  },
  time_to_endpoint_seconds: { help: 'From the creation of the Cluster to its VIP.', labels: perClass },
  duplicates_total: {
    help: 'Addresses stepped back from because somebody else has them.',
    labels: ['role'],
  },
  refused_claims_total: {
    help: 'Claims that were given back because their IPAM provider refused them, by its reason.',
    labels: ['role', 'reason'],
  },
  reports_total: {
    help: 'Conditions, events, signals and DNS names by result: written, unchanged, failed.',
    labels: ['kind', 'result'],
  },

  // Watcher
  workflow_requests_total: {
    help: `Requests of the watcher to Temporal by outcome: ${workflowRequestOutcomes.join(', ')}.`,
    labels: ['outcome'],
  },
  watch_synced: { help: 'Whether the first full list has been read, 1 or 0.', labels: perWatch },
  watch_staleness_seconds: {
    help: 'Since the API server last said anything on this watch.',
    labels: perWatch,
  },
  watch_lists_total: { help: 'Full lists read.', labels: perWatch },
  watch_reconnects_total: { help: 'Watches that were reopened.', labels: perWatch },
  watch_expired_total: {
    help: 'Watches whose position the API server no longer had (410), so that a list followed.',
    labels: perWatch,
  },
  watch_failures_total: { help: 'Failed lists and watches.', labels: perWatch },
  watch_drift_total: { help: 'Changes that a list found and no event had reported.', labels: perWatch },
  pools_available: {
    help: 'Pools that match a ClusterClass and could give an address now.',
    labels: ['cluster_class', 'role'],
  },
  pool_addresses_total: { help: 'Addresses of a pool.', labels: perPool },
  pool_addresses_free: { help: 'Addresses of a pool that are available.', labels: perPool },
  pool_addresses_used: { help: 'Addresses of a pool that are in use or reserved.', labels: perPool },
  claims_total: { help: 'IPAddressClaims of ours.', labels: perClaim },
  claims_ready: { help: 'IPAddressClaims of ours that have an address.', labels: perClaim },
  claims_pending: { help: 'IPAddressClaims of ours that have no address yet.', labels: perClaim },
  waiting_clusters: { help: 'VIPs that Clusters wait for.', labels: ['role', 'reason'] },
  queue_length: {
    help: 'VIPs that wait for an address of a pool, each in every pool that it could use.',
    labels: perPool,
  },
  queue_longest_wait_seconds: {
    help: 'Since the VIP that has waited longest for an address of a pool began to wait.',
    labels: perPool,
  },
  lost_addresses: { help: 'VIPs of ours that no claim holds.', labels: ['role'] },
  leaked_claims: { help: 'Claims of ours whose Cluster has been gone for 50 seconds.', labels: ['role'] },
  reserved_addresses: { help: 'Duplicate addresses kept out of circulation.', labels: [] },
  kept_addresses: {
    help: 'Addresses of a pool that are kept for Clusters that are gone.',
    labels: perPool,
  },
  stray_runs: {
    help: 'Runs of Clusters that another installation has (elsewhere), that another management cluster has (foreign), or whose workflow task keeps failing (failing).',
    labels: ['verdict'],
  },

  // Runtime extension
  runtime_extension_duration_seconds: {
    help: 'Calls of hooks by outcome: success, failure, refused, error. A call may wait for an allocation.',
    labels: ['call', 'outcome'],
  },
} as const

export type SeriesName = keyof typeof series
type Label<N extends SeriesName> = (typeof series)[N]['labels'][number]

/** @param fromZero labels that count from zero: `increase` misses the first event of a series that starts with it */
export function counter<N extends SeriesName>(
  registry: Registry,
  name: N,
  fromZero: readonly Readonly<Record<Label<N>, string>>[] = [],
): Counter<Label<N>> {
  const created = new Counter(configOf(registry, name))
  for (const labels of fromZero) created.inc(labels, 0)
  return created
}

export function gauge<N extends SeriesName>(registry: Registry, name: N): Gauge<Label<N>> {
  return new Gauge(configOf(registry, name))
}

/** @param buckets upper bounds in seconds */
export function histogram<N extends SeriesName>(
  registry: Registry,
  name: N,
  buckets: readonly number[],
): Histogram<Label<N>> {
  return new Histogram({ ...configOf(registry, name), buckets: [...buckets] })
}

/** The values of the labels, in their order, and one value of the series. */
export type Sample = readonly [...labels: string[], value: number]

/** Registers a gauge whose values are read at every scrape. Labels that are no longer read disappear. */
export function scrapedGauge(registry: Registry, name: SeriesName, read: () => readonly Sample[]): Gauge {
  return new Gauge<string>({
    ...configOf(registry, name),
    collect() {
      this.reset()
      // Without labels, a reset leaves a zero, which would be a made-up value.
      if (series[name].labels.length === 0) this.remove()
      for (const { labels, value } of read().map(split)) this.labels(...labels).set(value)
    },
  })
}

/** Registers a counter that is counted elsewhere; its values are read at every scrape. */
export function scrapedCounter(registry: Registry, name: SeriesName, read: () => readonly Sample[]): Counter {
  return new Counter<string>({
    ...configOf(registry, name),
    collect() {
      this.reset()
      for (const { labels, value } of read().map(split)) this.labels(...labels).inc(value)
    },
  })
}

function split(sample: Sample): { readonly labels: string[]; readonly value: number } {
  return { labels: sample.slice(0, -1).map(String), value: Number(sample.at(-1)) }
}

function configOf<N extends SeriesName>(
  registry: Registry,
  name: N,
): { name: string; help: string; labelNames: Label<N>[]; registers: Registry[] } {
  const { help, labels } = series[name]
  return { name: `capi_vip_allocator_${name}`, help, labelNames: [...labels], registers: [registry] }
}
