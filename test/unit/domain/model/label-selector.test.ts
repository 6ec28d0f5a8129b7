import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  labelSelectorFrom,
  labelSelectorOf,
  matchesLabels,
  type LabelRequirement,
  type LabelSelector,
} from '../../../../src/domain/model/label-selector.ts'
import { holdsForAll } from '../../../support/seeded-random.ts'

const labels = { team: 'blue', env: 'prod', 'example.org/tier': '1', empty: '' }

describe('a label selector', () => {
  it.each([
    ['', true],
    ['  ', true],
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
    ['legacy=', false],
    ['empty=', true],
    ['empty!=', false],
    ['env in (test, prod)', true],
    ['env in(test)', false],
    ['empty in ()', true],
    ['empty in (x,)', true],
    ['env notin (test,dev)', true],
    ['env notin (prod)', false],
    ['legacy notin (x)', true],
    ['legacy in (x)', false],
    ['example.org/tier=1', true],
    ['team=blue,env in (test,prod),!legacy', true],
    ['team=blue, env=test', false],
    ['in,notin', false],
    ['constructor', false],
  ])('%j is met by the labels: %j', (text, isMet) => {
    const selector = labelSelectorFrom(text)
    expect(selector && matchesLabels(selector, labels)).toBe(isMet)
  })

  it.each([
    '=blue',
    'team=a b',
    'team in test',
    'team in (a',
    'team in (a))',
    'team in ((a))',
    'team in (a b)',
    'team in (a),',
    'team in (a) b',
    'team,,env',
    ',',
    '!',
    '!team=blue',
    '!!team',
    'te am',
    'team=ä',
    'team===blue',
    '-x',
    'x-',
    'a=b=c',
    'a>5',
    'a/b/c',
    '/a',
    'A.org/a',
    'a..b/c',
    '{"matchLabels":{"team":"blue"}}',
    `team=${'x'.repeat(64)}`,
    'x'.repeat(64),
    `${'x'.repeat(254)}/team`,
  ])('cannot be read from %j', (text) => {
    expect(labelSelectorFrom(text)).toBeUndefined()
  })

  it('has keys and values as long as Kubernetes permits', () => {
    const [prefix, name] = ['x'.repeat(253), 'y'.repeat(63)]
    const selector = labelSelectorFrom(`${prefix}/${name}=${name}`)
    expect(selector).toEqual([{ key: `${prefix}/${name}`, operator: 'In', values: [name] }])
  })

  it('of a quarter of a megabyte is read or refused, in time that grows with its length', () => {
    const longest = 250_000
    const parts = ['a,', 'a in (', '(', '!', 'a in (b,c),', ',', 'x', 'a-', '/']
    const read = parts.map((part) => labelSelectorFrom(part.repeat(longest / part.length)))
    expect(read).toEqual(parts.map(() => undefined))
    expect(labelSelectorFrom(`${'a,'.repeat(longest / 2)}a`)).toHaveLength(longest / 2 + 1)
  })
})

const key = fc.constantFrom('team', 'env', 'example.org/tier', 'A_b.c-9', 'in-x')
const value = fc.constantFrom('', 'blue', 'red', '1', 'a_B.c-9')
const space = fc.constantFrom('', ' ', '\t ')

/** A requirement with its text, in one of the ways to write it. */
const requirement: fc.Arbitrary<readonly [LabelRequirement, string]> = fc
  .record({
    key,
    operator: fc.constantFrom('In' as const, 'NotIn' as const, 'Exists' as const, 'DoesNotExist' as const),
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
    isShort: fc.boolean(),
    sign: fc.constantFrom('=', '=='),
    gap: space,
  })
  .map(({ isShort, sign, gap, ...required }) => {
    const { key: name, operator, values } = required
    if (operator === 'Exists') return [{ ...required, values: [] }, `${gap}${name}${gap}`]
    if (operator === 'DoesNotExist') return [{ ...required, values: [] }, `${gap}!${gap}${name}`]
    const isIn = operator === 'In'
    if (isShort && values.length === 1) {
      return [required, `${name}${gap}${isIn ? sign : '!='}${gap}${values.join('')}${gap}`]
    }
    return [required, `${name} ${isIn ? 'in' : 'notin'}${gap}(${gap}${values.join(`${gap},`)}${gap})${gap}`]
  })

describe('any label selector', () => {
  it('is read as it is meant, in whatever way it is written', () => {
    holdsForAll(fc.array(requirement, { maxLength: 4 }), (written) => {
      const text = written.map(([, words]) => words).join(',')
      expect(labelSelectorFrom(text)).toEqual(written.map(([required]) => required))
    })
  })

  it('is met exactly if each requirement is, as the definition of its operator has it', () => {
    const world = fc.tuple(fc.array(requirement, { maxLength: 3 }), fc.dictionary(key, value))
    holdsForAll(world, ([written, present]) => {
      const selector: LabelSelector = written.map(([required]) => required)
      const isMet = selector.every(({ key: name, operator, values }) => {
        const has = Object.entries(present).filter(([own]) => own === name)
        const isAmong = has.some(([, own]) => values.includes(own))
        return { In: isAmong, NotIn: !isAmong, Exists: has.length > 0, DoesNotExist: has.length === 0 }[
          operator
        ]
      })
      expect(matchesLabels(selector, present)).toBe(isMet)
    })
  })

  it('is read or refused, whatever the text', () => {
    const fragment = fc.constantFrom(
      'a',
      ',',
      '(',
      ')',
      '=',
      '!',
      ' in ',
      ' notin ',
      '/',
      ' ',
      '__proto__',
      '\u0000',
    )
    const text = fc.array(fc.oneof(fragment, fc.string()), { maxLength: 8 }).map((parts) => parts.join(''))
    holdsForAll(text, (hostile) => {
      const selector = labelSelectorFrom(hostile)
      expect([undefined, true, false]).toContain(selector && matchesLabels(selector, labels))
    })
  })
})

describe('a LabelSelector of the API', () => {
  it('has its labels and expressions as requirements', () => {
    expect(
      labelSelectorOf({
        matchLabels: { team: 'blue' },
        matchExpressions: [
          { key: 'env', operator: 'NotIn', values: ['test'] },
          { key: 'team', operator: 'Exists' },
          { key: 'team', operator: 'Like', values: ['b*'] },
        ],
      }),
    ).toEqual([
      { key: 'team', operator: 'In', values: ['blue'] },
      { key: 'env', operator: 'NotIn', values: ['test'] },
      { key: 'team', operator: 'Exists', values: [] },
    ])
  })

  it.each([[undefined], [null], [{}]])('that is %j is met by every object', (selector) => {
    expect(matchesLabels(labelSelectorOf(selector), labels)).toBe(true)
  })
})
