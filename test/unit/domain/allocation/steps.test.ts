import { promiseHooks } from 'node:v8'
import { describe, expect, it } from '@jest/globals'
import {
  takeSteps,
  type AwaitIPAddressResult,
  type EnsureIPAddressClaimResult,
  type SelectIPPoolResult,
  type StepTakers,
} from '../../../../src/domain/allocation/steps.ts'

const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'InClusterIPPool', name: 'pool' }
const input = { cluster: { namespace: 'clusters', name: 'blue' }, role: 'control-plane' } as const
const selected: SelectIPPoolResult = { next: 'claim', uid: 'uid', poolRef, considered: [] }
const ensured: EnsureIPAddressClaimResult = { next: 'await', claim: 'vip-cp-blue', poolRef }
const awaited: AwaitIPAddressResult = { next: 'assign', address: '10.0.0.1' }
const assigned = { next: 'assigned', host: '10.0.0.1', port: 6443 } as const

/** All steps but those in `others` have been taken before. */
function taken(others: Partial<StepTakers> = {}): StepTakers {
  return {
    selectIPPool: () => selected,
    ensureIPAddressClaim: () => ensured,
    awaitIPAddress: () => awaited,
    assignVip: () => assigned,
    probeAddress: () => ({ next: 'assign' }),
    publishDnsName: () => ({ next: 'published' }),
    ...others,
  }
}

async function promisesOf(run: () => Promise<unknown>): Promise<number> {
  let count = 0
  const stop = promiseHooks.onInit(() => {
    count += 1
  })
  try {
    const running = run()
    stop()
    await running
  } finally {
    stop()
  }
  return count
}

describe('a pass through the steps', () => {
  it('ends with the result of the last one', async () => {
    expect(await takeSteps(taken(), input, 0)).toEqual(assigned)
  })

  it('takes each step with what the ones before have found', async () => {
    const inputs: unknown[] = []
    const assignVip: StepTakers['assignVip'] = async (given) => {
      inputs.push(given)
      return Promise.resolve(assigned)
    }
    await takeSteps(taken({ assignVip }), input, 7)
    expect(inputs).toEqual([{ ...input, uid: 'uid', address: '10.0.0.1', startedAt: 7 }])
  })

  it('ends with the first step that does not lead to the next', async () => {
    const gone: SelectIPPoolResult = { next: 'end', uid: 'uid', reason: 'ClusterDeleted', message: 'gone' }
    const never = (): never => {
      throw new Error('taken after the end')
    }
    const steps = taken({ selectIPPool: async () => Promise.resolve(gone), ensureIPAddressClaim: never })
    expect(await takeSteps(steps, input, 0)).toBe(gone)
  })

  it('fails as its step does', async () => {
    const failing = async (): Promise<never> => Promise.reject(new Error('no answer'))
    await expect(takeSteps(taken({ awaitIPAddress: failing }), input, 0)).rejects.toThrow('no answer')
  })

  it('makes no promise for a step that has been taken before, as each costs a workflow a stack trace', async () => {
    expect(await promisesOf(() => takeSteps(taken(), input, 0))).toBe(1)
  })
})
