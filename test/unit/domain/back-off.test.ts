import { describe, expect, it } from '@jest/globals'
import { backOffMs } from '../../../src/domain/back-off.ts'

const backOff = { firstMs: 500, longestMs: 30_000 }

describe('backOffMs', () => {
  it.each([
    { failures: 0, random: 0, expected: 250 },
    { failures: 0, random: 0.5, expected: 375 },
    { failures: 1, random: 0.5, expected: 750 },
    { failures: 5, random: 0, expected: 8_000 },
    { failures: 6, random: 0, expected: 15_000 },
    { failures: 5_000, random: 0.5, expected: 22_500 },
  ])('waits $expected ms after $failures earlier failures at random $random', (given) => {
    expect(backOffMs(backOff, given.failures, given.random, undefined)).toBe(given.expected)
  })

  it('waits as long as the server asks for, also beyond its own longest wait', () => {
    expect(backOffMs(backOff, 0, 0, 60)).toBe(60_000)
  })

  it('waits longer than the server asks for where it has failed often', () => {
    expect(backOffMs(backOff, 10, 0, 1)).toBe(15_000)
  })
})
