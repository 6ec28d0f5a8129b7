import type { AwaitIPAddressResult } from '../../../src/domain/allocation/steps.ts'
import { describe, expect, it } from '@jest/globals'
import { createClaimWaitBudget } from '../../../src/activities/claim-wait-budget.ts'
import { claimPollTimeoutMs, fastPathPollTimeoutMs } from '../../../src/domain/timings.ts'

const bound: AwaitIPAddressResult = { next: 'assign', address: '10.0.0.10' }

/** Looks with what is left of it, and returns the milliseconds that there were. */
async function spent(
  patience: ReturnType<typeof createClaimWaitBudget>,
  answer: AwaitIPAddressResult | Error,
): Promise<number> {
  let given = Number.NaN
  const look = patience.spend('at-once', async (ms) => {
    given = ms
    if (answer instanceof Error) throw answer
    return answer
  })
  await look.catch(() => undefined)
  return given
}

describe('the patience of a look within the workflow task', () => {
  it('is whole as long as addresses come', async () => {
    const patience = createClaimWaitBudget()
    expect(await spent(patience, bound)).toBe(fastPathPollTimeoutMs)
    expect(await spent(patience, bound)).toBe(fastPathPollTimeoutMs)
  })

  it('halves with every look in vain, down to a tenth of a second, and comes back with an address', async () => {
    const patience = createClaimWaitBudget()
    const given: number[] = []
    for (let look = 0; look < 8; look += 1) given.push(await spent(patience, new Error('no address yet')))
    expect(given.slice(0, 3)).toEqual([3000, 1500, 750])
    expect(given.at(-1)).toBeCloseTo(94, 0)
    await spent(patience, bound)
    expect(await spent(patience, bound)).toBe(fastPathPollTimeoutMs)
  })

  it('is not lost by looks that have only just begun', async () => {
    const patience = createClaimWaitBudget()
    const { promise, resolve } = Promise.withResolvers<AwaitIPAddressResult>()
    const first = patience.spend('at-once', () => promise)
    expect(await spent(patience, bound)).toBe(fastPathPollTimeoutMs)
    resolve(bound)
    await first
  })

  it('is that of an activity, and gone for its second look, where it is none', async () => {
    const patience = createClaimWaitBudget()
    const given: number[] = []
    for (const look of ['first', 'second'] as const) {
      await patience.spend(look, async (ms) => {
        given.push(ms)
        return bound
      })
    }
    expect(given).toEqual([claimPollTimeoutMs, 0])
  })
})
