import { describe, expect, it } from '@jest/globals'
import { median, percentile, slowdown } from './statistics.ts'

describe('the median', () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected)
  })

  it('of nothing is refused', () => {
    expect(() => median([])).toThrow('a figure was asked for of no values at all')
  })
})

describe('a percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)

  it.each([
    [50, 50],
    [99, 99],
    [100, 100],
    [0, 1],
  ])('%d of 1 to 100 is %d', (percent, expected) => {
    expect(percentile(hundred, percent)).toBe(expected)
  })

  it('is always a value that was seen', () => {
    expect(percentile([10, 20], 50)).toBe(10)
    expect(percentile([10, 20], 99)).toBe(20)
  })

  it('of nothing is refused', () => {
    expect(() => percentile([], 99)).toThrow('no values')
  })
})

describe('the slow-down', () => {
  it.each([
    ['as fast', [1, 2, 3, 4], 1],
    ['half as fast', [1, 2, 4, 6], 2],
    ['all but at once', [2, 2, 2, 2], 0],
    ['in no order', [6, 1, 4, 2], 2],
  ])('of a second half %s', (_words, times, expected) => {
    expect(slowdown(times)).toBe(expected)
  })
})
