import { describe, expect, it } from '@jest/globals'
import { MockActivityEnvironment } from '@temporalio/testing'
import type { AwaitIPAddressResult } from '../../../src/domain/allocation/steps.ts'
import {
  awaitIPAddress,
  createClaimWaitBudget,
  type ClaimWaitBudget,
} from '../../../src/activities/await-ip-address.ts'
import { claimPollTimeoutMs, fastPathPollTimeoutMs } from '../../../src/domain/timings.ts'

import { aClaim, aCluster, anIPAddress, variables } from '../../support/builders.ts'
import { fakeClusterApi } from '../../support/fake-cluster-api.ts'
import { step } from './support.ts'

const bound: AwaitIPAddressResult = { next: 'assign', address: '10.0.0.10' }

/** Polls within the budget, and returns the milliseconds that there were. */
async function spent(budget: ClaimWaitBudget, answer: AwaitIPAddressResult | Error): Promise<number> {
  let given = Number.NaN
  const poll = budget('fast-path', async (ms) => {
    given = ms
    if (answer instanceof Error) throw answer
    return answer
  })
  await poll.catch(() => undefined)
  return given
}

describe('the patience of a look within the workflow task', () => {
  it('is whole as long as addresses come', async () => {
    const budget = createClaimWaitBudget()
    expect(await spent(budget, bound)).toBe(fastPathPollTimeoutMs)
    expect(await spent(budget, bound)).toBe(fastPathPollTimeoutMs)
  })

  it('halves with every look in vain, down to a tenth of a second, and comes back with an address', async () => {
    const budget = createClaimWaitBudget()
    const given: number[] = []
    for (let poll = 0; poll < 8; poll += 1) given.push(await spent(budget, new Error('no address yet')))
    expect(given.slice(0, 3)).toEqual([3000, 1500, 750])
    expect(given.at(-1)).toBeCloseTo(94, 0)
    await spent(budget, bound)
    expect(await spent(budget, bound)).toBe(fastPathPollTimeoutMs)
  })

  it('is not lost by looks that have only just begun', async () => {
    const budget = createClaimWaitBudget()
    const { promise, resolve } = Promise.withResolvers<AwaitIPAddressResult>()
    const first = budget('fast-path', () => promise)
    expect(await spent(budget, bound)).toBe(fastPathPollTimeoutMs)
    resolve(bound)
    await first
  })

  it('is that of an activity, and gone for its second look, where it is none', async () => {
    const budget = createClaimWaitBudget()
    const given: number[] = []
    for (const kind of ['first', 'confirming'] as const) {
      await budget(kind, async (ms) => {
        given.push(ms)
        return bound
      })
    }
    expect(given).toEqual([claimPollTimeoutMs, 0])
  })
})

describe('awaitIPAddress', () => {
  it('looks again as long as it may before it leaves the waiting to Temporal', async () => {
    let looks = 0
    const api = fakeClusterApi({
      getCluster: async () => aCluster(),
      getIPAddressClaim: async () => {
        looks += 1
        return aClaim({ ...(looks > 3 && { addressName: 'vip-cp-demo' }) })
      },
      getIPAddress: async () => anIPAddress(),
    })
    const settings = { defaultPort: 6443, variables }
    const minute = 60_000
    const result = await new MockActivityEnvironment().run(() =>
      awaitIPAddress(api, settings, { ...step, claim: 'vip-cp-demo' }, minute),
    )
    expect(result).toEqual(bound)
    expect(looks).toBe(4)
  })
})
