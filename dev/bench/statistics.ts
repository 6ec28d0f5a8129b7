/**
 * The middle value, or the mean of the two middle values.
 *
 * @throws Error if there is no value
 */
export function median(values: readonly number[]): number {
  const sorted = ascending(values)
  const middle = (sorted.length - 1) / 2
  return (at(sorted, Math.floor(middle)) + at(sorted, Math.ceil(middle))) / 2
}

/**
 * The smallest value that at least `percent` of all values do not exceed (nearest rank), so always one of them.
 *
 * @throws Error if there is no value
 */
export function percentile(values: readonly number[], percent: number): number {
  return at(ascending(values), Math.max(0, Math.ceil((percent / 100) * values.length) - 1))
}

/**
 * The duration of the second half divided by that of the first.
 *
 * @param times completion times since the common start
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
