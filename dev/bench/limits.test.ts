import { describe, expect, it } from '@jest/globals'
import { figureOf } from './figures.ts'
import { overLimit } from './limits.ts'

describe('the limit of a figure', () => {
  it('is kept by CPU of ten times the floor, and broken by more', () => {
    expect(overLimit([figureOf({ figure: 'cpu', ours: [20], floor: [2] })])).toEqual([])
    expect(overLimit([figureOf({ figure: 'cpu', ours: [21], floor: [2] })])).toEqual([
      'cpu is 10.5 times its floor, and was not to be more than 10 times',
    ])
  })

  it('is kept by CPU of all parts of four times what the plain controller takes, and broken by more', () => {
    const times = (ours: number): readonly string[] =>
      overLimit([figureOf({ figure: 'cpu-all-parts', ours: [ours], plain: [30], floor: [20] })])
    expect(times(120)).toEqual([])
    expect(times(123)).toEqual([
      'cpu-all-parts is 4.1 times what the plain controller takes, and was not to be more than 4 times',
    ])
  })

  it('is nothing to a figure that has no floor or no limit', () => {
    expect(overLimit([figureOf({ figure: 'cpu', ours: [99] })])).toEqual([])
    expect(overLimit([figureOf({ figure: 'burst-200', ours: [99], floor: [1] })])).toEqual([])
  })
})
