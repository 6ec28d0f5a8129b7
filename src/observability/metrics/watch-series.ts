import type { Registry } from 'prom-client'
import type { InformerHealth } from '../../kubernetes/informer/informer-types.ts'
import { counterOf, gaugeOf, type Sample } from './registry.ts'

/** @param read called at each scrape, by each series */
export function watchSeries(registry: Registry, read: () => readonly InformerHealth[]): void {
  const labels = ['resource'] as const
  const each =
    (value: (watch: InformerHealth) => number | undefined): (() => readonly Sample<'resource'>[]) =>
    () =>
      read().flatMap((watch) => sample(watch, value(watch)))
  gaugeOf(
    registry,
    { name: 'watch_synced', help: 'Whether the first full list has been read, 1 or 0.', labels },
    each(({ synced }) => (synced ? 1 : 0)),
  )
  gaugeOf(
    registry,
    {
      name: 'watch_staleness_seconds',
      help: 'Since the API server last said anything on this watch.',
      labels,
    },
    each(({ lastContactAt }) =>
      lastContactAt === undefined ? undefined : (Date.now() - lastContactAt) / 1000,
    ),
  )
  for (const { name, help, count } of counters) counterOf(registry, { name, help, labels }, each(count))
}

const counters: readonly {
  readonly name: string
  readonly help: string
  readonly count: (watch: InformerHealth) => number
}[] = [
  { name: 'watch_lists_total', help: 'Full lists read.', count: ({ lists }) => lists },
  {
    name: 'watch_reconnects_total',
    help: 'Watches that were reopened.',
    count: ({ reconnects }) => reconnects,
  },
  {
    name: 'watch_expired_total',
    help: 'Watches whose position the API server no longer had (410), so that a list followed.',
    count: ({ expired }) => expired,
  },
  { name: 'watch_failures_total', help: 'Failed lists and watches.', count: ({ failures }) => failures },
  {
    name: 'watch_drift_total',
    help: 'Changes that a list found and no event had reported.',
    count: ({ drift }) => drift,
  },
]

function sample({ resource }: InformerHealth, value: number | undefined): readonly Sample<'resource'>[] {
  return value === undefined ? [] : [{ labels: { resource }, value }]
}
