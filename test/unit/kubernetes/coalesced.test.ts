import { describe, expect, it } from '@jest/globals'
import { coalesced } from '../../../src/kubernetes/live-cluster-api.ts'

/** Readings that a test ends one by one. */
function readings() {
  const begun: PromiseWithResolvers<number>[] = []
  const read = coalesced(() => {
    const reading = Promise.withResolvers<number>()
    begun.push(reading)
    return reading.promise
  })
  return { begun, read }
}

describe('a coalesced read', () => {
  it('never began before the call', async () => {
    const { begun, read } = readings()
    const first = read()
    const [second, third] = [read(), read()]
    expect(begun).toHaveLength(1)
    begun[0]?.resolve(1)
    expect(await first).toBe(1)
    await Promise.resolve()
    expect(begun).toHaveLength(2)
    begun[1]?.resolve(2)
    expect(await Promise.all([second, third])).toEqual([2, 2])
    const fourth = read()
    begun[2]?.resolve(3)
    expect(await fourth).toBe(3)
  })

  it('rejects for the callers that share it, and for no later one', async () => {
    const { begun, read } = readings()
    const first = read()
    const second = read()
    begun[0]?.reject(new Error('away'))
    await expect(first).rejects.toThrow('away')
    begun[1]?.resolve(2)
    expect(await second).toBe(2)
  })
})
