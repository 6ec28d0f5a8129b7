import { describe, expect, it } from '@jest/globals'
import { fastPathPollTimeoutMs, delayAfterAttempt, pollInterval } from '../../../src/domain/timings.ts'

describe('the looks of one attempt', () => {
  it('are close at first, and neither rare nor many in the end', () => {
    const pauses = Array.from({ length: 50 }, (_, looks) => pollInterval(looks))
    expect(pauses.slice(0, 3)).toEqual([20, 20, 40])
    expect(Math.max(...pauses)).toBe(500)
    let [elapsed, looks] = [0, 0]
    while (elapsed < fastPathPollTimeoutMs) elapsed += pollInterval(looks++)
    expect(looks).toBeLessThan(20)
  })
})

describe('the delay after an attempt', () => {
  it('grows to a minute, and no further', () => {
    const delays = Array.from({ length: 8 }, (_, index) => delayAfterAttempt(index + 1))
    expect(delays).toEqual([1_000, 2_000, 5_000, 15_000, 30_000, 60_000, 60_000, 60_000])
  })
})
