import { describe, expect, it } from '@jest/globals'
import { selectorFrom } from '../../../../src/domain/model/label-selector.ts'

const labels = { team: 'blue', env: 'prod', 'example.org/tier': '1', empty: '' }

describe('a label selector', () => {
  it.each([
    ['', true],
    ['team', true],
    ['tea', false],
    ['!team', false],
    ['! legacy', true],
    ['team=blue', true],
    ['team == blue', true],
    ['team=red', false],
    ['team!=red', true],
    ['team != blue', false],
    ['legacy!=x', true],
    ['empty=', true],
    ['env in (test, prod)', true],
    ['env in(test)', false],
    ['env in (test)', false],
    ['env notin (test,dev)', true],
    ['env notin (prod)', false],
    ['legacy notin (x)', true],
    ['legacy in (x)', false],
    ['example.org/tier=1', true],
    ['team=blue,env in (test,prod),!legacy', true],
    ['team=blue, env=test', false],
  ])('%j is met by the labels: %j', (text, isMet) => {
    expect(selectorFrom(text)?.(labels) ?? false).toBe(isMet)
  })

  it.each([
    '=blue',
    'team=a b',
    'team in test',
    'team in (a',
    'team,,env',
    ',',
    'te am',
    'team=ä',
    '-x',
    'a=b=c',
  ])('cannot be read from %j', (text) => {
    expect(selectorFrom(text)).toBeUndefined()
  })
})
