import { describe, expect, it } from '@jest/globals'
import { inParallel } from '../../../src/domain/in-parallel.ts'

describe('work in parallel', () => {
  it('gives the results in the order of the items', async () => {
    const releases: (() => void)[] = []
    const done = inParallel(2, ['a', 'b'], async (item) => {
      await new Promise<void>((resolve) => releases.push(resolve))
      return item
    })
    releases.toReversed().forEach((release) => release())
    expect(await done).toEqual(['a', 'b'])
  })

  it('is never more at once than was asked for', async () => {
    let [running, most] = [0, 0]
    await inParallel(3, Array.from({ length: 20 }), async () => {
      running += 1
      most = Math.max(most, running)
      await Promise.resolve()
      running -= 1
    })
    expect(most).toBe(3)
  })

  it('fails as the first failure does', async () => {
    await expect(inParallel(2, [1], () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  })
})
