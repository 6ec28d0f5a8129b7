import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** The prefix of all our own series. */
const prefix = 'capi_vip_allocator_'

/** The description of a series; its name is without the prefix. */
export interface SeriesNames<L extends string> {
  readonly name: string
  readonly help: string
  readonly labels: readonly L[]
}

/** One value of a series. */
export interface Sample<L extends string> {
  readonly labels: Readonly<Record<L, string>>
  readonly value: number
}

/** A counter that the program counts up. */
export function counter<L extends string>(registry: Registry, series: SeriesNames<L>): Counter<L> {
  return new Counter(configOf(series, registry))
}

/** Initializes a counter for these labels: `increase` misses the first event of a series that starts with it. */
export function startAtZero<L extends string>(
  series: Counter<L>,
  labels: readonly Readonly<Record<L, string>>[],
): void {
  for (const each of labels) series.inc(each, 0)
}

/** A gauge that the program sets. */
export function gauge<L extends string>(registry: Registry, series: SeriesNames<L>): Gauge<L> {
  return new Gauge(configOf(series, registry))
}

/** @param buckets upper bounds in seconds */
export function histogram<L extends string>(
  registry: Registry,
  series: SeriesNames<L>,
  buckets: readonly number[],
): Histogram<L> {
  return new Histogram({ ...configOf(series, registry), buckets: [...buckets] })
}

/** A gauge whose values are read at every scrape. Labels that are no longer read disappear. */
export function gaugeOf<L extends string>(
  registry: Registry,
  series: SeriesNames<L>,
  read: () => readonly Sample<L>[],
): Gauge<L> {
  return new Gauge<L>({
    ...configOf(series, registry),
    collect() {
      this.reset()
      // Without labels, a reset leaves a zero, which would be a made-up value.
      if (series.labels.length === 0) this.remove()
      for (const { labels, value } of read()) this.set(labels, value)
    },
  })
}

/** A counter that is counted elsewhere; its values are read at every scrape. */
export function counterOf<L extends string>(
  registry: Registry,
  series: SeriesNames<L>,
  read: () => readonly Sample<L>[],
): Counter<L> {
  return new Counter<L>({
    ...configOf(series, registry),
    collect() {
      this.reset()
      for (const { labels, value } of read()) this.inc(labels, value)
    },
  })
}

function configOf<L extends string>(
  { name, help, labels }: SeriesNames<L>,
  registry: Registry,
): { name: string; help: string; labelNames: L[]; registers: Registry[] } {
  return { name: `${prefix}${name}`, help, labelNames: [...labels], registers: [registry] }
}
