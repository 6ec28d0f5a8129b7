import { describe, expect, it } from '@jest/globals'
import { figureOf } from './figures.ts'

describe('a figure', () => {
  it('is the median of its rounds beside the median of the floor', () => {
    expect(figureOf({ figure: 'burst-200', ours: [9, 3, 4], floor: [2, 1, 3] })).toEqual({
      measure: 'burst-200',
      unit: 's',
      ours: 4,
      floor: 2,
      ratio: 2,
      target: '≤ 2 × floor',
      met: true,
    })
  })

  it('misses a target that is a multiple of the floor', () => {
    expect(figureOf({ figure: 'burst-200', ours: [4.1], floor: [2] })).toMatchObject({
      ratio: 2.05,
      met: false,
    })
  })

  it('is judged by itself where its target is a number, whatever the floor', () => {
    expect(figureOf({ figure: 'cpu', ours: [12], floor: [1] })).toMatchObject({
      ratio: 12,
      target: '≤ 12 ms',
      met: true,
    })
    expect(figureOf({ figure: 'cpu', ours: [12.1], floor: [12.1] })).toMatchObject({ met: false })
  })

  it('has neither floor nor ratio where nothing is a floor to it', () => {
    expect(figureOf({ figure: 'requests', ours: [6] })).toEqual({
      measure: 'requests',
      unit: '',
      ours: 6,
      floor: null,
      ratio: null,
      target: '≤ 6',
      met: true,
    })
  })

  it('has no ratio to a floor of nothing, and no verdict that would need one', () => {
    expect(figureOf({ figure: 'freed-1000-requests', ours: [3], floor: [0] })).toMatchObject({
      floor: 0,
      ratio: null,
      met: true,
    })
    expect(figureOf({ figure: 'burst-200', ours: [3], floor: [0] })).toMatchObject({
      ratio: null,
      met: null,
    })
  })

  it('shows what it is judged by', () => {
    expect(figureOf({ figure: 'one-vip-p50', ours: [100.049], floor: [33.34] })).toMatchObject({
      ours: 100,
      floor: 33.3,
      ratio: 3,
      met: true,
    })
  })
})
