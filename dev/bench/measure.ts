import type { Bench } from './bench.ts'
import type { Reading } from './figures.ts'

/** Something that can be measured, by itself, on a running bench. It leaves the bench as it found it. */
export interface Measure {
  /** For `--only`. */
  readonly name: string
  readonly run: (bench: Bench) => Promise<Outcome>
}

export interface Outcome {
  readonly readings: readonly Reading[]
  /** Lines that tell more than the figures. */
  readonly details: readonly string[]
  readonly curve?: Curve
}

/** When each of many was done, in milliseconds since the first was created, ascending. */
export interface Curve {
  readonly title: string
  readonly ours: readonly number[]
  readonly floor: readonly number[]
}
