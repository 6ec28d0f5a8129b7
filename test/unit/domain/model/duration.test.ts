import { describe, expect, it } from '@jest/globals'
import { parseDuration } from '../../../../src/domain/model/duration.ts'

describe('a duration', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['300ms', 300],
    ['3s', 3_000],
    ['1.5s', 1_500],
    ['.5m', 30_000],
    ['2.h', 7_200_000],
    ['1h30m', 5_400_000],
    ['24h0m1s', 86_401_000],
    ['1500us', 1.5],
    ['1500µs', 1.5],
    ['2000000ns', 2],
  ])('%s has %d ms', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 6)
  })

  it.each([
    '',
    ' ',
    '24',
    '1d',
    '-1h',
    '+1h',
    '1h ',
    '1 h',
    'h',
    '.h',
    '1,5h',
    '1H',
    '1e3s',
    'Infinity',
    'always',
  ])('"%s" is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})
