import { describe, expect, it } from '@jest/globals'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { createActivities, type Activities } from '../../../src/activities/index.ts'
import type { StepInput } from '../../../src/domain/allocation/steps.ts'
import { triedNow, triedPoolsText } from '../../../src/domain/allocation/tried-pools.ts'
import { waitersOf } from '../../../src/domain/allocation/waiter.ts'
import type { IPAddressClaim } from '../../../src/domain/model/claim.ts'
import type { Cluster } from '../../../src/domain/model/cluster.ts'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { KubernetesError, StaleCacheError } from '../../../src/kubernetes/errors.ts'
import { pollClaim } from '../../../src/kubernetes/live-cluster-api.ts'
import {
  nobodyWaits,
  aClaim,
  aCluster,
  aClusterClass,
  anIPAddress,
  aPool,
  aVipCondition,
  variables,
} from '../../support/builders.ts'
import { fakeClusterApi } from '../../support/fake-cluster-api.ts'
import { failureOf, poolRef, step, clusterWithHolder } from './support.ts'

const bound = aClaim({ addressName: 'vip-cp-demo' })
const served = aCluster({ endpoint: { host: '10.0.0.10', port: 6443 } })
const full = aPool({ capacity: { total: 1, used: 1, free: 0, outOfRange: 0 } })
const roomForOne = aPool({ capacity: { total: 1, used: 0, free: 1, outOfRange: 0 } })

interface Attempt {
  /** Answers of the caches; every other call rejects with `StaleCacheError`. Absent: there are no informers. */
  readonly cached?: Partial<ClusterApi>
  /** Answers of the API server. */
  readonly live?: Partial<ClusterApi>
  readonly attempt?: number
}

/** One attempt of an activity, and what was said while it ran. */
function attempted<A extends keyof Activities>(
  activity: A,
  input: Parameters<Activities[A]>[0],
  { cached, live = {}, attempt = 1 }: Attempt,
): { readonly result: Promise<unknown>; readonly said: readonly string[] } {
  const said: string[] = []
  const api = fakeClusterApi({
    applyCondition: async (_, __, condition) => void said.push(`condition ${condition?.reason}`),
    recordEvent: async ({ reason }) => void said.push(`event ${reason}`),
    ...live,
  })
  const activities = createActivities({
    probePort: async () => undefined,
    managementClusterUid: async () => undefined,
    api,
    cachedApi: cached && {
      ...stale,
      ...cached,
      getClusterLive: (key) => api.getClusterLive(key),
      getIPAddressLive: (key) => api.getIPAddressLive(key),
    },
    settings: { defaultPort: 6443, variables, searchable: [] },
    observer: { observeStep: ({ result }) => said.push(`counted ${result}`), countReport: () => undefined },
    signalWorkflow: async ({ reason }) => void said.push(`signal ${reason}`),
  })
  const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') })
  const result = environment.run(activities[activity] as (argument: unknown) => Promise<unknown>, input)
  return { result, said }
}

/** A cache that answers nothing, except who waits, which it has from the API server then. */
const stale: ClusterApi = {
  ...(Object.fromEntries(
    Object.keys(fakeClusterApi({})).map((name) => [name, () => Promise.reject(new StaleCacheError(name))]),
  ) as unknown as ClusterApi),
  listenToClaim: pollClaim,
  countWaiting: () => undefined,
  readWaitingQueue: async () => nobodyWaits,
}

const waitingWorld = {
  getCluster: async () => aCluster(),
  getClusterClass: async () => undefined,
  getIPAddressClaim: async () => undefined,
  listIPPools: async () => [full],
}
const roomyWorld = { ...waitingWorld, listIPPools: async () => [aPool()] }
const claimed = { next: 'claim', uid: 'uid-of-demo', poolRef }

describe('a step', () => {
  it('uses a cached result that makes progress', async () => {
    const { result } = attempted('selectIPPool', step, { cached: roomyWorld })
    expect(await result).toMatchObject(claimed)
  })

  it('confirms a new wait live', async () => {
    const { result, said } = attempted('selectIPPool', step, { cached: waitingWorld, live: roomyWorld })
    expect(await result).toMatchObject(claimed)
    expect(said).toEqual(['counted success'])
  })

  it('does not confirm a wait that goes on', async () => {
    const { result } = attempted('selectIPPool', step, { cached: waitingWorld, attempt: 2 })
    expect(await failureOf(result)).toMatchObject({ type: 'PoolExhausted' })
  })

  describe('in the queue for a full pool', () => {
    const [early, late] = ['2026-03-01T00:00:00Z', '2026-03-01T00:00:09Z']
    const inQueue = (since: string, name = 'demo'): Cluster =>
      aCluster({ name, conditions: [aVipCondition({ status: 'False', reason: 'PoolExhausted', since })] })
    const queuedWorld: Partial<ClusterApi> = { ...waitingWorld, getCluster: async () => inQueue(late) }
    const delayOf = async (world: Attempt, attempt: number, input: StepInput = step): Promise<unknown> =>
      (await failureOf(attempted('selectIPPool', input, { ...world, attempt }).result)).nextRetryDelay

    it('looks again ever later, and in the end after ten minutes', async () => {
      const delays = await Promise.all([2, 6, 7, 500].map((each) => delayOf({ cached: queuedWorld }, each)))
      expect(delays).toEqual([2_000, 60_000, 600_000, 600_000])
    })

    it.each<[string, Attempt]>([
      ['there are no informers in this process', { live: queuedWorld }],
      ['its caches are stale', { cached: {}, live: queuedWorld }],
      ['it has no condition, by which the watcher reviews it', { cached: waitingWorld }],
      [
        'its condition has another reason',
        {
          cached: {
            ...waitingWorld,
            getCluster: async () =>
              aCluster({ conditions: [aVipCondition({ status: 'False', reason: 'ClusterRejected' })] }),
          },
        },
      ],
      [
        'an address is left to a Cluster before it, which may never take it',
        {
          cached: {
            ...queuedWorld,
            listIPPools: async () => [roomForOne],
            readWaitingQueue: async () => ({
              ...nobodyWaits,
              waiters: [inQueue(early, 'first'), inQueue(late)].flatMap(waitersOf),
              poolsOf: () => [roomForOne],
            }),
          },
        },
      ],
    ])('looks again every minute where %s', async (_, world) => {
      expect(await delayOf(world, 7)).toBe(60_000)
    })

    it('looks again every minute where a pool was tried, which is tried again some time', async () => {
      const tried = triedPoolsText([triedNow(full, Date.now())])
      expect(await delayOf({ cached: queuedWorld }, 7, { ...step, tried })).toBe(60_000)
    })
  })

  it('confirms the end of an allocation live', async () => {
    const { result } = attempted('selectIPPool', step, {
      cached: { ...waitingWorld, getCluster: async () => undefined },
      live: roomyWorld,
    })
    expect(await result).toMatchObject(claimed)
  })

  it('reads live if the cache is stale', async () => {
    const { result } = attempted('selectIPPool', step, { cached: {}, live: roomyWorld })
    expect(await result).toMatchObject(claimed)
  })

  it('reads live after a conflict', async () => {
    const conflict = new KubernetesError('changed', { kind: 'conflict', status: 409 })
    const { result } = attempted(
      'ensureIPAddressClaim',
      { ...step, poolRef },
      {
        cached: {
          getIPAddressClaim: async () => undefined,
          createIPAddressClaim: () => Promise.reject(conflict),
        },
        live: { getCluster: async () => aCluster(), getIPAddressClaim: async () => bound },
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
        cached: {
          getIPAddressClaim: async () => undefined,
          getClusterClass: async () => undefined,
          listIPPools: async () => [aPool()],
          createIPAddressClaim: refuse,
        },
        live: { getCluster: async () => aCluster(), createIPAddressClaim: refuse },
      },
    )
    expect(await failureOf(result)).toMatchObject({ type: 'AllocationFailed' })
    expect(requests).toBe(1)
  })
})

describe('a live read in any case', () => {
  it('is that of the Cluster before its claim is created', async () => {
    const { result } = attempted(
      'ensureIPAddressClaim',
      { ...step, poolRef },
      {
        cached: { getCluster: async () => aCluster(), getIPAddressClaim: async () => undefined },
        live: {
          getCluster: async () => aCluster({ paused: true }),
          getIPAddressClaim: async () => undefined,
        },
      },
    )
    expect(await failureOf(result)).toMatchObject({ type: 'ClusterPaused' })
  })

  it('is that of the IPAddress before it is assigned', async () => {
    const assign = { ...step, address: '10.0.0.10' }
    const { result } = attempted('assignVip', assign, {
      cached: {
        getCluster: async () => aCluster(),
        getIPAddressClaim: async () => bound,
        getIPAddress: async () => anIPAddress(),
      },
      live: {
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
  const smoothWorld = (): Partial<ClusterApi> => {
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
      listAddressUseOf: async () => ({ clusters: [], ipAddresses: [anIPAddress()] }),
      patchCluster: async (): Promise<Cluster> => served,
    }
  }
  const present = { getCluster: async () => aCluster(), getIPAddress: async () => anIPAddress() }

  it('goes through all steps, and tells how the last one ended', async () => {
    const { result, said } = attempted('allocateAtOnce', input, { cached: smoothWorld(), live: present })
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
    const { result, said } = attempted('allocateAtOnce', input, { cached: waitingWorld })
    expect(await result).toEqual({ left: expect.stringContaining('0 of 1 addresses free') })
    expect(said).toEqual([])
  })

  it('leaves an end to an activity, which confirms it live', async () => {
    const { result, said } = attempted('allocateAtOnce', input, {
      cached: { ...waitingWorld, getCluster: async () => undefined },
    })
    expect(await result).toEqual({ left: 'the answer is "end"' })
    expect(said).toEqual([])
  })

  it('reads nothing live that the cache does not have', async () => {
    const { result } = attempted('allocateAtOnce', input, { cached: {}, live: roomyWorld })
    expect(await result).toEqual({ left: expect.any(String) })
  })

  it('tells of an address that it leaves to somebody else, without informers', async () => {
    const { listAddressUseOf: _, ...world } = smoothWorld()
    const { result, said } = attempted('allocateAtOnce', input, {
      live: {
        ...world,
        ...present,
        ...clusterWithHolder,
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
      cached: smoothWorld(),
      live: { ...present, getCluster: async () => aCluster({ uid: `not-${uid}` }) },
    })
    expect(await result).toMatchObject({ selectIPPool: claimed, left: 'the answer is "replaced"' })
    expect(said).toEqual(['counted success'])
  })

  it('counts what it has done and could not tell, and leaves it to an activity', async () => {
    const away = new KubernetesError('away', { kind: 'unavailable', status: 0 })
    const { result, said } = attempted('allocateAtOnce', input, {
      cached: smoothWorld(),
      live: { ...present, applyCondition: () => Promise.reject(away) },
    })
    expect(await result).toMatchObject({ awaitIPAddress: { address: '10.0.0.10' }, left: expect.any(String) })
    expect(said).toEqual(Array.from({ length: 4 }, () => 'counted success'))
  })
})
