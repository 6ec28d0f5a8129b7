import { describe, expect, it } from '@jest/globals'
import { expectedInteger, integerIn } from '../../../../src/domain/model/integer-text.ts'

describe('an integer in an annotation', () => {
  it.each([
    ['0', 0],
    [' 4 ', 4],
    ['+3', 3],
    ['-007', -7],
    ['999999999999999', 999_999_999_999_999],
  ])('%j is read', (text, value) => {
    expect(integerIn(text)).toBe(value)
  })

  it.each([
    ['high', 'an integer'],
    ['', 'an integer'],
    ['1.5', 'an integer'],
    ['1e3', 'an integer'],
    [undefined, 'an integer'],
    ['1000000000000000', 'an integer of at most 15 digits'],
    ['-99999999999999999999', 'an integer of at most 15 digits'],
  ])('%j is not read, and what was expected is told', (text, expected) => {
    expect(text === undefined ? undefined : integerIn(text)).toBeUndefined()
    expect(expectedInteger(text)).toBe(expected)
  })
})
