import type { Registry } from 'prom-client'
import { gaugeOf } from './registry.ts'

/** A run that is needed here and that only a person can get further. */
export interface StrayRunReading {
  readonly verdict: (typeof verdicts)[number]
}

const verdicts = ['elsewhere', 'failing'] as const

/** @param read asked at each scrape */
export function strayRunSeries(registry: Registry, read: () => readonly StrayRunReading[]): void {
  gaugeOf(
    registry,
    {
      name: 'stray_runs',
      help: 'Runs of Clusters that another installation has (elsewhere), or whose workflow task keeps failing (failing).',
      labels: ['verdict'],
    },
    () => {
      const strays = read()
      return verdicts.map((verdict) => ({
        labels: { verdict },
        value: strays.filter((stray) => stray.verdict === verdict).length,
      }))
    },
  )
}
