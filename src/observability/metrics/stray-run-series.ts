import type { Registry } from 'prom-client'
import type { StrayRun } from '../../watcher/run-check.ts'
import { gaugeOf } from './registry.ts'

const verdicts: readonly StrayRun['verdict'][] = ['elsewhere', 'failing']

/** @param read called at each scrape */
export function strayRunSeries(registry: Registry, read: () => readonly Pick<StrayRun, 'verdict'>[]): void {
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
