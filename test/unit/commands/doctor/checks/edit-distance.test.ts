import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { editDistance, nearest, suggestion } from '../../../../../src/commands/doctor/checks/edit-distance.ts'

describe('the distance between two words', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['abc', 'abc', 0],
    ['abc', 'abd', 1],
    ['abc', 'abcd', 1],
    ['abc', 'bc', 1],
    ['kitten', 'sitting', 3],
    ['ingres', 'ingress', 1],
  ])('of %j and %j is %d', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance)
  })

  it('is the same both ways, and no longer than the longer word', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a))
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
      }),
    )
  })
})

describe('the word that was meant', () => {
  const known = ['rke2-cluster-class', 'k3s-cluster-class', 'edge']

  it.each([
    ['rke2-clusterclass', 'rke2-cluster-class'],
    ['RKE2-Cluster-Class', 'rke2-cluster-class'],
    ['k3-cluster-class', 'k3s-cluster-class'],
    ['egde', undefined],
    ['edgy', 'edge'],
    ['production', undefined],
  ])('by %j is %j', (word, meant) => {
    expect(nearest(word, known)).toBe(meant)
  })

  it('is one letter away at most where the word is short', () => {
    expect(nearest('ab', ['ac'])).toBe('ac')
    expect(nearest('ab', ['cd'])).toBeUndefined()
  })

  it('is asked for, or nothing is', () => {
    expect(suggestion('edgy', known)).toBe('; did you mean "edge"?')
    expect(suggestion('production', known)).toBe('')
  })
})
