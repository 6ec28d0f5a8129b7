import { median } from './statistics.ts'
import { figureKinds, type FigureKind, type FigureName, type Target } from './targets.ts'

/** The values of one figure, one for each round. */
export interface Reading {
  readonly figure: FigureName
  readonly ours: readonly number[]
  /** Of the plain controller; absent if it was not measured. */
  readonly plain?: readonly number[]
  /** Absent if the figure has no floor. */
  readonly floor?: readonly number[]
}

/** One line of the result: medians over the rounds; `null` if a field does not apply. */
export interface Figure {
  readonly measure: FigureName
  readonly unit: FigureKind['unit']
  readonly ours: number
  readonly plain: number | null
  readonly floor: number | null
  /** Ours divided by plain. */
  readonly timesPlain: number | null
  /** Ours divided by floor. */
  readonly timesFloor: number | null
  /** For example `≤ 1.3 × plain`. */
  readonly target: string
  readonly met: boolean | null
}

/** Rounds the medians, then compares them, so that the verdict follows from the numbers shown. */
export function figureOf(reading: Reading): Figure {
  const { unit, target } = figureKinds[reading.figure]
  const ours = rounded(median(reading.ours))
  const [plain, floor] = [medianOf(reading.plain), medianOf(reading.floor)]
  const [timesPlain, timesFloor] = [multipleOf(plain, ours), multipleOf(floor, ours)]
  return {
    measure: reading.figure,
    unit,
    ours,
    plain,
    floor,
    timesPlain,
    timesFloor,
    target: describeTarget(target, unit),
    met: isMet(target, { ours, timesPlain, timesFloor }),
  }
}

function medianOf(rounds: readonly number[] | undefined): number | null {
  return rounds === undefined ? null : rounded(median(rounds))
}

function multipleOf(base: number | null, ours: number): number | null {
  return base === null || base === 0 ? null : rounded(ours / base)
}

/** Null if there is nothing to compare with. */
function isMet(
  target: Target,
  { ours, timesPlain, timesFloor }: Pick<Figure, 'ours' | 'timesPlain' | 'timesFloor'>,
): boolean | null {
  if ('atMost' in target) return ours <= target.atMost
  const [multiple, most] =
    'timesPlain' in target ? [timesPlain, target.timesPlain] : [timesFloor, target.timesFloor]
  return multiple === null ? null : multiple <= most
}

function describeTarget(target: Target, unit: FigureKind['unit']): string {
  if ('timesPlain' in target) return `≤ ${target.timesPlain} × plain`
  if ('timesFloor' in target) return `≤ ${target.timesFloor} × floor`
  return `≤ ${target.atMost}${unit === '' ? '' : ` ${unit}`}`
}

/** To three significant digits, four from 100 on; integers are unchanged. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(Math.abs(value) >= 100 ? 4 : 3))
}
