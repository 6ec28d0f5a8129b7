import { counted, few } from '../../../../../src/domain/quote.ts'
import { describe, expect, it } from '@jest/globals'
import { judged, ok } from '../../../../../src/commands/doctor/checks/check-result.ts'

describe('what a check finds', () => {
  it('is judged by what was read, under the name of the check', () => {
    const judge = (read: number): ReturnType<typeof ok>[] => [ok(`${read} read`), ok('and more')]
    expect(judged('clock', { read: 5 }, judge)).toEqual([
      { check: 'clock', level: 'ok', found: '5 read' },
      { check: 'clock', level: 'ok', found: 'and more' },
    ])
  })

  it('is skipped where nothing could be read', () => {
    const judge = (): never => {
      throw new Error('there is nothing to judge')
    }
    expect(judged('clock', { unread: 'the API server is away' }, judge)).toEqual([
      { check: 'clock', level: 'skipped', found: 'the API server is away' },
    ])
  })
})

describe('words for many', () => {
  it.each([
    [[], ''],
    [['a', 'b'], 'a, b'],
    [['a', 'b', 'c'], 'a, b, c'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
  ])('name the first few of %j', (items, words) => {
    expect(few(items, 3)).toBe(words)
  })

  it.each([
    [0, '0 pools'],
    [1, '1 pool'],
    [2, '2 pools'],
  ])('say the noun for %d', (number, words) => {
    expect(counted(number, 'pool')).toBe(words)
  })
})
