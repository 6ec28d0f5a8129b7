import { describe, expect, it } from '@jest/globals'
import { withAddition, counted, few, fittingIn, quoted, shortened } from '../../../src/domain/quote.ts'

describe('a text from outside', () => {
  it('is on one line, whatever is in it', () => {
    expect(shortened('a\nb\u2028c\u0000')).toBe(String.raw`a\nb\u2028c\u0000`)
  })

  it('is cut after 120 characters, and says so', () => {
    expect(shortened('x'.repeat(120))).toBe('x'.repeat(120))
    expect(shortened('x'.repeat(121))).toBe(`${'x'.repeat(120)}…`)
  })

  it('is quoted as JSON, and absent where there is none', () => {
    expect(quoted('a"b')).toBe(String.raw`"a\"b"`)
    expect(quoted(undefined)).toBe('absent')
  })
})

describe('what is said besides', () => {
  it('follows the message, where there is something', () => {
    expect(withAddition('a', 'b')).toBe('a; b')
    expect(withAddition('a', undefined)).toBe('a')
  })
})

describe('the items that fit', () => {
  const sizes = (limit: number, ...items: readonly number[]): readonly number[] =>
    fittingIn(limit, items, (item) => item)

  it('begin below the limit', () => {
    expect(sizes(10, 4, 4, 4, 4)).toEqual([4, 4, 4])
    expect(sizes(8, 4, 4, 4)).toEqual([4, 4])
    expect(sizes(100, 4, 4)).toEqual([4, 4])
  })

  it('are one at least', () => {
    expect(sizes(1, 50, 1)).toEqual([50])
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
