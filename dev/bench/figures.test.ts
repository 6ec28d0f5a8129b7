import { describe, expect, it } from '@jest/globals'
import { figureOf } from './figures.ts'

describe('a figure', () => {
  it('is the median of its rounds beside those of the plain controller and of the floor', () => {
    const reading = { figure: 'burst-200', ours: [9, 3, 4], plain: [4, 2, 9], floor: [2, 1, 3] } as const
    expect(figureOf(reading)).toEqual({
      measure: 'burst-200',
      unit: 's',
      ours: 4,
      plain: 4,
      floor: 2,
      timesPlain: 1,
      timesFloor: 2,
      target: '≤ 1.4 × plain',
      met: true,
    })
  })

  it('misses a target that is a multiple of the plain controller, or of the floor', () => {
    expect(figureOf({ figure: 'burst-200', ours: [4.1], plain: [2], floor: [4] })).toMatchObject({
      timesPlain: 2.05,
      met: false,
    })
    expect(figureOf({ figure: 'two-replicas', ours: [4.1], floor: [2] })).toMatchObject({
      timesFloor: 2.05,
      target: '≤ 1.1 × floor',
      met: false,
    })
  })

  it('is judged by itself where its target is a number, whatever the floor', () => {
    expect(figureOf({ figure: 'cpu', ours: [12], floor: [1] })).toMatchObject({
      timesFloor: 12,
      target: '≤ 12 ms',
      met: true,
    })
    expect(figureOf({ figure: 'cpu', ours: [12.1], floor: [12.1] })).toMatchObject({ met: false })
  })

  it('has nothing beside it where nothing compares with it', () => {
    expect(figureOf({ figure: 'requests', ours: [6] })).toEqual({
      measure: 'requests',
      unit: '',
      ours: 6,
      plain: null,
      floor: null,
      timesPlain: null,
      timesFloor: null,
      target: '≤ 6',
      met: true,
    })
  })

  it('is no multiple of nothing, and no verdict that would need one', () => {
    expect(figureOf({ figure: 'freed-1000-requests', ours: [3], floor: [0] })).toMatchObject({
      floor: 0,
      timesFloor: null,
      met: true,
    })
    expect(figureOf({ figure: 'burst-200', ours: [3], plain: [0] })).toMatchObject({
      timesPlain: null,
      met: null,
    })
  })

  it('shows what it is judged by', () => {
    expect(figureOf({ figure: 'one-vip-p50', ours: [100.049], plain: [77.04] })).toMatchObject({
      ours: 100,
      plain: 77,
      timesPlain: 1.3,
      met: true,
    })
  })
})
