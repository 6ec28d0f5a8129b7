/**
 * The value in the middle; between the two middle ones where their number is even.
 *
 * @throws Error where there is no value
 */
export function median(values: readonly number[]): number {
  const sorted = ascending(values)
  const middle = (sorted.length - 1) / 2
  return (at(sorted, Math.floor(middle)) + at(sorted, Math.ceil(middle))) / 2
}

/**
 * The least value that at least so many percent of all values do not exceed (nearest rank): always one that was seen.
 *
 * @throws Error where there is no value
 */
export function percentile(values: readonly number[], percent: number): number {
  return at(ascending(values), Math.max(0, Math.ceil((percent / 100) * values.length) - 1))
}

/**
 * How many times as long the second half of all took as the first half.
 *
 * @param times when each was done, from the common start on
 */
export function slowdown(times: readonly number[]): number {
  const sorted = ascending(times)
  const half = at(sorted, Math.ceil(sorted.length / 2) - 1)
  return (at(sorted, sorted.length - 1) - half) / half
}

function ascending(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b)
}

function at(values: readonly number[], index: number): number {
  const value = values[index]
  if (value === undefined) throw new Error('a figure was asked for of no values at all')
  return value
}
