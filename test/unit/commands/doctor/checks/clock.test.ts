import { describe, expect, it } from '@jest/globals'
import { checkClock } from '../../../../../src/commands/doctor/checks/clock.ts'

const now = Date.parse('2026-01-02T03:04:05.500Z')
const second = now - 500

function check(server: number, took = 100): { level: string; found: string } | undefined {
  return checkClock({ sentAt: now, answeredAt: now + took, server })[0]
}

describe("the API server's clock", () => {
  it.each([
    ['the same second', second],
    ['the next one, which has just begun', second + 1000],
    ['2 s behind, as far as whole seconds tell', second - 2000],
    ['2 s ahead', second + 2000],
    ['2 s ahead of the answer', second + 2600],
  ])('is in order in %s', (_, server) => {
    expect(check(server)).toEqual({
      level: 'ok',
      found: "the API server's clock and the one here differ by 2 s at most",
    })
  })

  it.each([
    [-4000, 'warning', "the API server's clock is 4 s behind the one here"],
    [4000, 'warning', "the API server's clock is 3 s ahead of the one here"],
    [-29_000, 'warning', "the API server's clock is 29 s behind the one here"],
    [-40_000, 'fault', "the API server's clock is 40 s behind the one here"],
    [30_600, 'warning', "the API server's clock is 30 s ahead of the one here"],
    [40_000, 'fault', "the API server's clock is 39 s ahead of the one here"],
  ])('that is off by %d ms is a %s', (off, level, found) => {
    expect(check(second + off)).toMatchObject({ level, found, fix: expect.stringContaining('NTP') })
  })

  it('may have been at any time while the request was under way', () => {
    expect(check(second + 5000, 10_000)?.level).toBe('ok')
  })
})
