import { median } from './statistics.ts'
import { figureKinds, type FigureKind, type FigureName, type Target } from './targets.ts'

/** What was read of one figure: a value for each round. */
export interface Reading {
  readonly figure: FigureName
  readonly ours: readonly number[]
  /** Absent where nothing is a floor to it. */
  readonly floor?: readonly number[]
}

/** One line of the result: medians over the rounds. `null` where a field has no meaning. */
export interface Figure {
  readonly measure: FigureName
  readonly unit: FigureKind['unit']
  readonly ours: number
  readonly floor: number | null
  /** Ours by floor. */
  readonly ratio: number | null
  /** In words, for example `≤ 3 × floor`. */
  readonly target: string
  readonly met: boolean | null
}

/** Makes the line of a reading. What is shown is what is judged, so values are rounded first. */
export function figureOf(reading: Reading): Figure {
  const { unit, target } = figureKinds[reading.figure]
  const ours = rounded(median(reading.ours))
  const floor = reading.floor === undefined ? null : rounded(median(reading.floor))
  const ratio = floor === null || floor === 0 ? null : rounded(ours / floor)
  return {
    measure: reading.figure,
    unit,
    ours,
    floor,
    ratio,
    target: describeTarget(target, unit),
    met: isMet(target, ours, ratio),
  }
}

/** Whether the target is met; null where there was no floor to compare with. */
function isMet(target: Target, ours: number, ratio: number | null): boolean | null {
  if ('atMost' in target) return ours <= target.atMost
  return ratio === null ? null : ratio <= target.timesFloor
}

function describeTarget(target: Target, unit: FigureKind['unit']): string {
  if ('timesFloor' in target) return `≤ ${target.timesFloor} × floor`
  return `≤ ${target.atMost}${unit === '' ? '' : ` ${unit}`}`
}

/** Three significant digits, and whole numbers as they are. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(Math.abs(value) >= 100 ? 4 : 3))
}
