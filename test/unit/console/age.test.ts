import { describe, expect, it } from '@jest/globals'
import { formatAge } from '../../../src/console/table.ts'

const now = Date.parse('2026-01-10T00:00:00Z')

describe('an age', () => {
  it.each([
    ['2026-01-09T23:59:59.500Z', '0s'],
    ['2026-01-09T23:58:01Z', '119s'],
    ['2026-01-09T23:58:00Z', '2m'],
    ['2026-01-09T22:00:01Z', '119m'],
    ['2026-01-09T22:00:00Z', '2h'],
    ['2026-01-08T00:00:01Z', '47h'],
    ['2026-01-08T00:00:00Z', '2d'],
    ['2026-01-11T00:00:00Z', '0s'],
    ['', ''],
  ])('of %p is %p', (since, age) => {
    expect(formatAge(since, now)).toBe(age)
  })
})
