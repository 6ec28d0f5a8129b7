import type { Registry } from 'prom-client'
import type { Inventory } from '../../commands/run/inventory/inventory.ts'
import type { InformerHealth } from '../../kubernetes/informer/informer-types.ts'
import type { StrayRun } from '../../watcher/run-check.ts'
import { scrapedCounter, scrapedGauge, type Sample, type SeriesName } from './series.ts'

/** The values of the watcher's series. Each series reads them at every scrape. */
export interface WatcherReadings {
  readonly watches: () => readonly InformerHealth[]
  /** Undefined until every kind has been listed. */
  readonly inventory: () => Inventory | undefined
  readonly strays: () => readonly Pick<StrayRun, 'verdict'>[]
}

const verdicts: readonly StrayRun['verdict'][] = ['elsewhere', 'failing', 'foreign']

export function registerWatcherSeries(
  registry: Registry,
  { watches, inventory, strays }: WatcherReadings,
): void {
  /** A sample of each watch that has a value. */
  const perWatch = (valueOf: (watch: InformerHealth) => number | undefined) => (): readonly Sample[] =>
    watches().flatMap((watch): readonly Sample[] => {
      const value = valueOf(watch)
      return value === undefined ? [] : [[watch.resource, value]]
    })
  scrapedGauge(registry, 'watch_synced', perWatch(syncedOf))
  scrapedGauge(registry, 'watch_staleness_seconds', perWatch(stalenessOf))
  for (const count of ['lists', 'reconnects', 'expired', 'failures', 'drift'] as const) {
    scrapedCounter(
      registry,
      `watch_${count}_total`,
      perWatch(({ [count]: value }) => value),
    )
  }
  for (const [name, samplesOf] of inventorySeries) {
    scrapedGauge(registry, name, () => {
      const current = inventory()
      return current === undefined ? [] : samplesOf(current)
    })
  }
  scrapedGauge(registry, 'stray_runs', () => {
    const found = strays().map(({ verdict }) => verdict)
    return verdicts.map((verdict) => [verdict, found.filter((each) => each === verdict).length])
  })
}

/** None for a kind that cannot be read, and without which everything else works. */
function syncedOf({ synced, refusals, loss }: InformerHealth): number | undefined {
  if (synced) return 1
  return refusals.length > 0 && loss !== undefined ? undefined : 0
}

function stalenessOf({ lastContactAt }: InformerHealth): number | undefined {
  return lastContactAt === undefined ? undefined : (Date.now() - lastContactAt) / 1000
}

type SamplesOf = (inventory: Inventory) => readonly Sample[]

const inventorySeries: readonly (readonly [SeriesName, SamplesOf])[] = [
  [
    'pools_available',
    ({ poolsAvailable }) =>
      poolsAvailable.map(({ clusterClass, role, pools }) => [clusterClass, role, pools]),
  ],
  ['pool_addresses_total', poolAddresses('total')],
  ['pool_addresses_free', poolAddresses('free')],
  ['pool_addresses_used', poolAddresses('used')],
  ['claims_total', claims('total')],
  ['claims_ready', claims('ready')],
  ['claims_pending', claims('pending')],
  [
    'waiting_clusters',
    ({ waiting }) => waiting.map(({ role, reason, clusters }) => [role, reason, clusters]),
  ],
  [
    'queue_length',
    ({ queues }) => queues.map(({ name, kind, namespace, vips }) => [name, kind, namespace, vips]),
  ],
  [
    'queue_longest_wait_seconds',
    ({ queues }) =>
      queues.map(({ name, kind, namespace, since }) => [
        name,
        kind,
        namespace,
        Math.max(0, (Date.now() - Date.parse(since)) / 1000),
      ]),
  ],
  ['lost_addresses', ({ lost }) => lost.map(({ role, addresses }) => [role, addresses])],
  ['leaked_claims', ({ leaked }) => leaked.map(({ role, claims }) => [role, claims])],
  ['reserved_addresses', ({ reserved }) => [[reserved]]],
  [
    'kept_addresses',
    ({ kept }) => kept.map(({ name, kind, namespace, addresses }) => [name, kind, namespace, addresses]),
  ],
]

function poolAddresses(count: 'total' | 'free' | 'used'): SamplesOf {
  return ({ poolAddresses }) =>
    poolAddresses.map(({ name, kind, namespace, [count]: value }) => [name, kind, namespace, value])
}

function claims(count: 'total' | 'ready' | 'pending'): SamplesOf {
  return ({ claims }) => claims.map(({ role, namespace, [count]: value }) => [role, namespace, value])
}
