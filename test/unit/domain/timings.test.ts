import { describe, expect, it } from '@jest/globals'
import {
  delayAfterAttempt,
  fastPathPollTimeoutMs,
  isReminderDue,
  pollInterval,
  type WaitKind,
} from '../../../src/domain/timings.ts'

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

  it('grows to ten minutes where what can end the wait is watched', () => {
    const delays = Array.from({ length: 8 }, (_, index) => delayAfterAttempt(index + 1, 'watched'))
    expect(delays).toEqual([1_000, 2_000, 5_000, 15_000, 30_000, 60_000, 600_000, 600_000])
  })
})

describe('the reminders of a wait', () => {
  it.each<[WaitKind, number]>([
    ['usual', 60_000],
    ['watched', 600_000],
  ])('come every half hour, however it waits (%s)', (kind, longestMs) => {
    let waitedMs = 0
    const reminded: number[] = []
    for (let attempt = 1; waitedMs < 7_200_000; attempt += 1) {
      if (isReminderDue(attempt, kind)) reminded.push(waitedMs)
      waitedMs += delayAfterAttempt(attempt, kind)
    }
    const due = [1_800_000, 3_600_000, 5_400_000]
    expect(reminded).toHaveLength(due.length)
    due.forEach((ms, index) => {
      expect(reminded[index]).toBeGreaterThanOrEqual(ms)
      expect(reminded[index]).toBeLessThan(ms + longestMs)
    })
  })
})
