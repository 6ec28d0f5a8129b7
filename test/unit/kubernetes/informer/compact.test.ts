import { describe, expect, it } from '@jest/globals'
import { createCompactor } from '../../../../src/kubernetes/informer/compact.ts'

function anObject(name: string) {
  return {
    name,
    labels: { team: 'blue', empty: '' },
    finalizers: [],
    annotations: {},
    conditions: [{ type: 'Ready', since: undefined, isTrue: true, generation: 3 }],
  }
}

describe('a compacted object', () => {
  it('is what it was', () => {
    expect(createCompactor()(anObject('a'))).toEqual(anObject('a'))
  })

  it('is frozen, with everything in it', () => {
    const { labels, finalizers, annotations, conditions } = createCompactor()(anObject('a'))
    for (const part of [labels, finalizers, annotations, conditions, conditions[0]]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  it('shares what is empty with others', () => {
    const compact = createCompactor()
    const [a, b] = [compact(anObject('a')), compact(anObject('b'))]
    expect(a.finalizers).toBe(b.finalizers)
    expect(a.annotations).toBe(b.annotations)
  })

  it('is left alone if it was compacted before', () => {
    const compact = createCompactor()
    const object = compact(anObject('a'))
    expect(compact(object)).toBe(object)
  })

  it('keeps what is no plain object', () => {
    const { byName, isReady } = createCompactor()({
      byName: new Map([['a', 1]]),
      isReady: (): boolean => true,
    })
    expect(byName.get('a')).toBe(1)
    expect(isReady()).toBe(true)
  })

  it('keeps its texts, however many others share a slot with them', () => {
    const compact = createCompactor()
    const names = Array.from({ length: 20_000 }, (_, index) => `cluster-${index}`)
    expect(names.map((name) => compact(anObject(name)).name)).toEqual(names)
  })
})
