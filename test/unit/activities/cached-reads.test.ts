import { describe, expect, it } from '@jest/globals'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { createActivities, type Activities } from '../../../src/activities/index.ts'
import { askingAnew } from '../../../src/activities/asking-anew.ts'
import type { IPAddressClaim } from '../../../src/domain/model/claim.ts'
import type { Cluster } from '../../../src/domain/model/cluster.ts'
import type { ClusterApi, StepApi } from '../../../src/kubernetes/cluster-api.ts'
import { KubernetesError, StaleCacheError } from '../../../src/kubernetes/errors.ts'
import { aClaim, aCluster, aClusterClass, anIPAddress, aPool, variables } from '../../support/builders.ts'
import { fakeClusterApi } from '../../support/fake-cluster-api.ts'
import { failureOf, poolRef, step, takenWorld } from './support.ts'

const bound = aClaim({ addressName: 'vip-cp-demo' })
const served = aCluster({ endpoint: { host: '10.0.0.10', port: 6443 } })
const full = aPool({ capacity: { total: 1, used: 1, free: 0, outOfRange: 0 } })

interface Attempt {
  /** What the watches know; every other question is one for the API server. Absent: there are no watches. */
  readonly known?: Partial<ClusterApi> & Partial<Pick<StepApi, 'addressUseBeside'>>
  /** What the API server answers. */
  readonly present?: Partial<ClusterApi>
  readonly attempt?: number
}

/** One attempt of an activity, and what was said while it ran. */
function attempted<A extends keyof Activities>(
  activity: A,
  input: Parameters<Activities[A]>[0],
  { known, present = {}, attempt = 1 }: Attempt,
): { readonly result: Promise<unknown>; readonly said: readonly string[] } {
  const said: string[] = []
  const api = fakeClusterApi({
    applyCondition: async (_, __, condition) => void said.push(`condition ${condition?.reason}`),
    recordEvent: async ({ reason }) => void said.push(`event ${reason}`),
    ...present,
  })
  const activities = createActivities({
    api,
    ...(known !== undefined && {
      known: {
        ...askingAnew(unknown),
        addressUseBeside: () => Promise.reject(new StaleCacheError('who has the address')),
        ...known,
        anew: api,
      },
    }),
    settings: { defaultPort: 6443, variables, searchable: [] },
    observer: { observeStep: ({ result }) => said.push(`counted ${result}`), countReport: () => undefined },
    tellWorkflow: async ({ reason }) => void said.push(`signal ${reason}`),
  })
  const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') })
  const result = environment.run(activities[activity] as (argument: unknown) => Promise<unknown>, input)
  return { result, said }
}

/** Of which nothing is known. */
const unknown = Object.fromEntries(
  Object.keys(fakeClusterApi({})).map((name) => [name, () => Promise.reject(new StaleCacheError(name))]),
) as unknown as ClusterApi

const waitingWorld = {
  getCluster: async () => aCluster(),
  getIPAddressClaim: async () => undefined,
  listIPPools: async () => [full],
}
const roomyWorld = { ...waitingWorld, listIPPools: async () => [aPool()] }
const claimed = { next: 'claim', uid: 'uid-of-demo', poolRef }

describe('a step', () => {
  it('goes by what is known where that gets the allocation on', async () => {
    const { result } = attempted('selectIPPool', step, { known: roomyWorld })
    expect(await result).toMatchObject(claimed)
  })

  it('looks anew before it waits for the first time', async () => {
    const { result, said } = attempted('selectIPPool', step, { known: waitingWorld, present: roomyWorld })
    expect(await result).toMatchObject(claimed)
    expect(said).toEqual(['counted success'])
  })

  it('believes a wait that goes on', async () => {
    const { result } = attempted('selectIPPool', step, { known: waitingWorld, attempt: 2 })
    expect(await failureOf(result)).toMatchObject({ type: 'PoolExhausted' })
  })

  it('looks anew before it ends the allocation', async () => {
    const { result } = attempted('selectIPPool', step, {
      known: { ...waitingWorld, getCluster: async () => undefined },
      present: roomyWorld,
    })
    expect(await result).toMatchObject(claimed)
  })

  it('looks anew where nothing is known', async () => {
    const { result } = attempted('selectIPPool', step, { known: {}, present: roomyWorld })
    expect(await result).toMatchObject(claimed)
  })

  it('looks anew where somebody was faster', async () => {
    const conflict = new KubernetesError('changed', { kind: 'conflict', status: 409 })
    const { result } = attempted(
      'ensureIPAddressClaim',
      { ...step, poolRef },
      {
        known: {
          getIPAddressClaim: async () => undefined,
          createIPAddressClaim: () => Promise.reject(conflict),
        },
        present: { getCluster: async () => aCluster(), getIPAddressClaim: async () => bound },
      },
    )
    expect(await result).toMatchObject({ next: 'await', claim: 'vip-cp-demo' })
  })

  it('does not ask a second time what the API server has refused for good', async () => {
    const forbidden = new KubernetesError('no', { kind: 'forbidden', status: 403 })
    let requests = 0
    const refuse = (): Promise<never> => {
      requests += 1
      return Promise.reject(forbidden)
    }
    const { result } = attempted(
      'ensureIPAddressClaim',
      { ...step, poolRef },
      {
        known: { getIPAddressClaim: async () => undefined, createIPAddressClaim: refuse },
        present: { getCluster: async () => aCluster(), createIPAddressClaim: refuse },
      },
    )
    expect(await failureOf(result)).toMatchObject({ type: 'AllocationFailed' })
    expect(requests).toBe(1)
  })
})

describe('what is read anew in any case', () => {
  it('is the Cluster before its claim is made', async () => {
    const { result } = attempted(
      'ensureIPAddressClaim',
      { ...step, poolRef },
      {
        known: { getCluster: async () => aCluster(), getIPAddressClaim: async () => undefined },
        present: {
          getCluster: async () => aCluster({ paused: true }),
          getIPAddressClaim: async () => undefined,
        },
      },
    )
    expect(await failureOf(result)).toMatchObject({ type: 'ClusterPaused' })
  })

  it('is the IPAddress before it is assigned', async () => {
    const assign = { ...step, address: '10.0.0.10' }
    const { result } = attempted('assignVip', assign, {
      known: {
        getCluster: async () => aCluster(),
        getIPAddressClaim: async () => bound,
        getIPAddress: async () => anIPAddress(),
      },
      present: {
        getCluster: async () => aCluster(),
        getIPAddressClaim: async () => bound,
        getIPAddress: async () => undefined,
      },
    })
    expect(await result).toMatchObject({ next: 'restart' })
  })
})

describe('an allocation at once', () => {
  const claim = aClaim()
  const { uid } = aCluster()
  const input = { cluster: step.cluster, role: step.role, startedAt: 0 }
  /** In which the claim is bound as soon as it is made. */
  const smoothWorld = (): Partial<ClusterApi> & Partial<Pick<StepApi, 'addressUseBeside'>> => {
    let made: IPAddressClaim | undefined
    return {
      ...roomyWorld,
      getIPAddressClaim: async () => made,
      createIPAddressClaim: async () => {
        made = bound
        return claim
      },
      getIPAddress: async () => anIPAddress(),
      getClusterClass: async () => aClusterClass({ declared: [], accepted: [] }),
      addressUseBeside: async () => ({ clusters: [], ipAddresses: [anIPAddress()] }),
      patchCluster: async (): Promise<Cluster> => served,
    }
  }
  const present = { getCluster: async () => aCluster(), getIPAddress: async () => anIPAddress() }

  it('goes through all steps, and tells how the last one ended', async () => {
    const { result, said } = attempted('allocateAtOnce', input, { known: smoothWorld(), present })
    expect(await result).toMatchObject({
      selectIPPool: claimed,
      ensureIPAddressClaim: { next: 'await', claim: 'vip-cp-demo' },
      awaitIPAddress: { next: 'assign', address: '10.0.0.10' },
      assignVip: { next: 'assigned', host: '10.0.0.10', isNew: true },
    })
    expect(said).toEqual([
      ...Array.from({ length: 3 }, () => 'counted success'),
      'condition Allocated',
      'event Allocated',
      'counted success',
    ])
  })

  it('leaves a step that would have to wait to an activity, with the reason, and tells nobody', async () => {
    const { result, said } = attempted('allocateAtOnce', input, { known: waitingWorld })
    expect(await result).toEqual({ left: expect.stringContaining('0 of 1 addresses free') })
    expect(said).toEqual([])
  })

  it('leaves an end to an activity, which finds it out anew', async () => {
    const { result, said } = attempted('allocateAtOnce', input, {
      known: { ...waitingWorld, getCluster: async () => undefined },
    })
    expect(await result).toEqual({ left: 'the answer is "end"' })
    expect(said).toEqual([])
  })

  it('asks nothing anew that is not known', async () => {
    const { result } = attempted('allocateAtOnce', input, { known: {}, present: roomyWorld })
    expect(await result).toEqual({ left: expect.any(String) })
  })

  it('tells of an address that it leaves to somebody else, where there are no watches', async () => {
    const { addressUseBeside: _, ...world } = smoothWorld()
    const { result, said } = attempted('allocateAtOnce', input, {
      present: {
        ...world,
        ...present,
        ...takenWorld,
      },
    })
    expect(await result).toMatchObject({
      awaitIPAddress: { address: '10.0.0.10' },
      left: 'the answer is "restart"',
    })
    expect(said).toEqual([
      ...Array.from({ length: 3 }, () => 'counted success'),
      'signal DuplicateAddress',
      'condition DuplicateAddress',
      'event DuplicateAddress',
      'counted success',
    ])
  })

  it('keeps what got on before a step that does not', async () => {
    const { result, said } = attempted('allocateAtOnce', input, {
      known: smoothWorld(),
      present: { ...present, getCluster: async () => aCluster({ uid: `not-${uid}` }) },
    })
    expect(await result).toMatchObject({ selectIPPool: claimed, left: 'the answer is "replaced"' })
    expect(said).toEqual(['counted success'])
  })

  it('counts what it has done and could not tell, and leaves it to an activity', async () => {
    const away = new KubernetesError('away', { kind: 'unavailable', status: 0 })
    const { result, said } = attempted('allocateAtOnce', input, {
      known: smoothWorld(),
      present: { ...present, applyCondition: () => Promise.reject(away) },
    })
    expect(await result).toMatchObject({ awaitIPAddress: { address: '10.0.0.10' }, left: expect.any(String) })
    expect(said).toEqual(Array.from({ length: 4 }, () => 'counted success'))
  })
})
