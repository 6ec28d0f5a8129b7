import { median } from './statistics.ts'
import { figureKinds, type FigureKind, type FigureName, type Target } from './targets.ts'

/** The values of one figure, one for each round. */
export interface Reading {
  readonly figure: FigureName
  readonly ours: readonly number[]
  /** Absent if the figure has no floor. */
  readonly floor?: readonly number[]
}

/** One line of the result: medians over the rounds; `null` if a field does not apply. */
export interface Figure {
  readonly measure: FigureName
  readonly unit: FigureKind['unit']
  readonly ours: number
  readonly floor: number | null
  /** Ours divided by floor. */
  readonly ratio: number | null
  /** For example `≤ 3 × floor`. */
  readonly target: string
  readonly met: boolean | null
}

/** Rounds the medians, then compares them, so that the verdict follows from the numbers shown. */
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

/** Null if there is no floor to compare with. */
function isMet(target: Target, ours: number, ratio: number | null): boolean | null {
  if ('atMost' in target) return ours <= target.atMost
  return ratio === null ? null : ratio <= target.timesFloor
}

function describeTarget(target: Target, unit: FigureKind['unit']): string {
  if ('timesFloor' in target) return `≤ ${target.timesFloor} × floor`
  return `≤ ${target.atMost}${unit === '' ? '' : ` ${unit}`}`
}

/** To three significant digits, four from 100 on; integers are unchanged. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(Math.abs(value) >= 100 ? 4 : 3))
}
