import type { Bench } from './bench.ts'
import type { Reading } from './figures.ts'

/** A measurement that leaves the bench as it found it. */
export interface Measure {
  /** For `--only`. */
  readonly name: string
  /** It measures what Cluster API core does: a run of all measures leaves it out, and one that names it starts core. */
  readonly needsCore?: true
  readonly run: (bench: Bench) => Promise<Outcome>
}

export interface Outcome {
  readonly readings: readonly Reading[]
  /** Lines printed below the figures. */
  readonly details: readonly string[]
  readonly curve?: Curve
}

/** Completion times in milliseconds since the first creation, ascending. */
export interface Curve {
  readonly title: string
  readonly ours: readonly number[]
  readonly plain: readonly number[]
  readonly floor: readonly number[]
}
