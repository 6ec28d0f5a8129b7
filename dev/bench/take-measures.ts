import { formatDuration } from '../stack/progress.ts'
import type { Bench } from './bench.ts'
import { forgetUsage } from './cpu.ts'
import { figureOf, type Figure } from './figures.ts'
import type { Curve, Measure } from './measure.ts'

/** The result of a run. */
export interface BenchResult {
  readonly figures: readonly Figure[]
  /** Lines printed below the figures. */
  readonly details: readonly string[]
  readonly curves: readonly Curve[]
  /** Conditions of the figures, as pairs of name and value. */
  readonly conditions: readonly (readonly [string, string])[]
}

export async function takeMeasures(
  bench: Bench,
  chosen: readonly Measure[],
): Promise<Omit<BenchResult, 'conditions'>> {
  const figures: Figure[] = []
  const details: string[] = []
  const curves: Curve[] = []
  try {
    for (const { name, run } of chosen) {
      bench.signal.throwIfAborted()
      const begun = performance.now()
      bench.progress(`${name}:`)
      const outcome = await run(bench)
      bench.progress(`${name}: measured (${formatDuration(performance.now() - begun)})`)
      figures.push(...outcome.readings.map(figureOf))
      details.push(...outcome.details)
      if (outcome.curve !== undefined) curves.push(outcome.curve)
    }
  } finally {
    forgetUsage()
  }
  return { figures, details, curves }
}
