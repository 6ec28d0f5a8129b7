import { describe, expect, it } from '@jest/globals'
import { retainOf, whyRetainUnreadable } from '../../../../src/domain/model/retain.ts'
import { retainAnnotation } from '../../../../src/domain/names.ts'
import { aPool } from '../../../support/builders.ts'

const withRetain = (text: string) => aPool({ annotations: { [retainAnnotation]: text } })

describe('what a pool retains', () => {
  it.each([
    ['24h', '24h'],
    [' 1h30m ', '1h30m'],
    ['always', 'always'],
    ['0', 'none'],
    ['0s', 'none'],
    ['876000h', '876000h'],
  ])('%j is %s', (text, retain) => {
    expect(retainOf(withRetain(text))).toBe(retain)
    expect(whyRetainUnreadable(withRetain(text))).toBeUndefined()
  })

  it('is nothing without the annotation', () => {
    expect(retainOf(aPool())).toBe('none')
  })

  it.each(['', '1d', 'forever', '-1h', '24', '876001h'])('is unknown if the text is %j', (text) => {
    expect(retainOf(withRetain(text))).toBeUndefined()
    expect(whyRetainUnreadable(withRetain(text))).toBe(
      `vip.capi.gorizond.io/retain is ${JSON.stringify(text)}, expected a duration such as 24h or 1h30m (units ms, s, m and h, at most 876000h), or always`,
    )
  })
})
