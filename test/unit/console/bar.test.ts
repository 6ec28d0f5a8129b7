import { describe, expect, it } from '@jest/globals'
import { capacityBar } from '../../../src/console/table.ts'

describe('a capacity bar', () => {
  it.each([
    [8, 11, '███████░░░ 8/11'],
    [0, 11, '░░░░░░░░░░ 0/11'],
    [11, 11, '██████████ 11/11'],
    [1, 1000, '█░░░░░░░░░ 1/1000'],
    [999, 1000, '█████████░ 999/1000'],
    [12, 11, '██████████ 12/11'],
    [0, 0, '░░░░░░░░░░ 0/0'],
  ])('for %d of %d is %p', (used, total, bar) => {
    expect(capacityBar(used, total, true)).toBe(bar)
  })

  it('is plain ASCII where nothing else can be shown', () => {
    expect(capacityBar(8, 11, false)).toBe('#######... 8/11')
  })
})
