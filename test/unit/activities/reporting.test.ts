import { describe, expect, it } from '@jest/globals'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { createActivities } from '../../../src/activities/index.ts'
import type { StepReading } from '../../../src/activities/step-outcome.ts'
import type { ClusterEvent } from '../../../src/domain/allocation/cluster-event.ts'
import { waitersOf } from '../../../src/domain/allocation/waiter.ts'
import type { Condition } from '../../../src/domain/model/cluster.ts'
import type { PoolKind } from '../../../src/domain/model/pool-kind.ts'
import { inClusterPoolKinds, poolKindFrom } from '../../../src/domain/model/pool-kinds.ts'
import { ipPoolFrom, poolRefTo, type IPPool } from '../../../src/domain/model/pool.ts'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { KubernetesError, type KubernetesErrorKind } from '../../../src/kubernetes/errors.ts'
import type { WaitReport } from '../../../src/workflows/contract.ts'
import {
  aClaim,
  aClass,
  aCluster,
  aClusterClass,
  anIPAddress,
  aPool,
  aVipCondition,
  nobodyWaits,
  variables,
} from '../../support/builders.ts'
import { fakeClusterApi } from '../../support/fake-cluster-api.ts'
import { failureOf, step, clusterWithHolder } from './support.ts'

const settings = { defaultPort: 6443, variables, searchable: [] }
const address = '10.0.0.10'
const full = aPool({ capacity: { total: 11, used: 11, free: 0, outOfRange: 0 } })
const fullWords =
  'GlobalInClusterIPPool/vip-pool: 0 of 11 addresses free; add addresses or label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with vip.capi.gorizond.io/cluster-class=rke2-cluster-class'

/** A management cluster whose reports are kept. */
function reported(
  calls: Partial<ClusterApi>,
  {
    attempt = 1,
    heartbeatDetails,
    isDeaf = false,
    poolKinds = inClusterPoolKinds,
  }: {
    attempt?: number
    heartbeatDetails?: unknown
    isDeaf?: boolean
    poolKinds?: readonly PoolKind[]
  } = {},
) {
  const conditions: (Condition | undefined)[] = []
  const events: ClusterEvent[] = []
  const news: WaitReport[] = []
  const readings: StepReading[] = []
  const counts: string[] = []
  const activities = createActivities({
    probePort: async () => undefined,
    managementClusterUid: async () => undefined,
    api: fakeClusterApi({
      getCluster: async () => aCluster(),
      getIPAddressClaim: async () => undefined,
      listIPPools: async () => [full],
      applyCondition: async (_cluster, _role, condition) => void conditions.push(condition),
      recordEvent: async (event) => void events.push(event),
      ...calls,
    }),
    settings: { ...settings, poolKinds },
    observer: {
      observeStep: (reading) => readings.push(reading),
      countReport: (kind, result) => counts.push(`${kind} ${result}`),
    },
    signalWorkflow: async (told) => {
      if (isDeaf) throw new Error('nobody answers')
      news.push(told)
    },
  })
  const environment = new MockActivityEnvironment(
    { attempt, heartbeatDetails },
    { logger: new DefaultLogger('ERROR') },
  )
  const remembered: unknown[] = []
  environment.on('heartbeat', (details) => remembered.push(details))
  return {
    remembered,
    conditions,
    events,
    news,
    readings,
    counts,
    select: () => environment.run((input: typeof step) => activities.selectIPPool(input), step),
    awaitAddress: () => environment.run((input: typeof step) => activities.awaitIPAddress(input), step),
    assign: () =>
      environment.run(
        (input: typeof step & { address: string; startedAt: number }) => activities.assignVip(input),
        { ...step, address, startedAt: Date.now() - 1_000 },
      ),
  }
}

const bound: Partial<ClusterApi> = {
  getIPAddressClaim: async () => aClaim({ addressName: 'vip-cp-demo' }),
  getIPAddress: async () => anIPAddress(),
  getClusterClass: async () => aClusterClass({ declared: [], accepted: [] }),
  listAddressUse: async () => ({ clusters: [], ipAddresses: [anIPAddress()] }),
  patchCluster: async () =>
    aCluster({
      endpoint: { host: address, port: 6443 },
      annotations: { 'vip.capi.gorizond.io/control-plane-vip': address },
    }),
}

function refusal(kind: KubernetesErrorKind): () => Promise<never> {
  return () => Promise.reject(new KubernetesError(`answered ${kind}`, { kind, status: 400 }))
}

describe('a step that has to wait', () => {
  it('remembers that the run was told, and nothing where it could not be: the next attempt tells it', async () => {
    const told = reported({})
    await failureOf(told.select())
    expect(told.remembered).toEqual([`PoolExhausted: ${fullWords}`])
    const untold = reported({}, { isDeaf: true })
    await failureOf(untold.select())
    expect(untold.remembered).toEqual([])
  })

  it('says nothing new while the free addresses are about to go to others', async () => {
    const one = aPool({ capacity: { total: 11, used: 10, free: 1, outOfRange: 0 } })
    const exhausted = aVipCondition({ status: 'False', reason: 'PoolExhausted', message: fullWords })
    const early = aCluster({
      name: 'early',
      conditions: [{ ...exhausted, lastTransitionTime: '2026-01-01T00:00:00Z' }],
    })
    const present = aCluster({ conditions: [exhausted] })
    const calls: Partial<ClusterApi> = {
      getCluster: async () => present,
      listIPPools: async () => [one],
      readWaitingQueue: async () => ({
        ...nobodyWaits,
        waiters: [early, present].flatMap(waitersOf),
        poolsOf: () => [one],
      }),
    }
    const old = reported(calls, { attempt: 2, heartbeatDetails: `PoolExhausted: ${fullWords}` })
    expect(await failureOf(old.select())).toMatchObject({ type: 'PoolExhausted' })
    expect([old.conditions, old.events, old.news]).toEqual([[], [], []])

    const fresh = reported({ ...calls, getCluster: async () => aCluster() })
    expect(await failureOf(fresh.select())).toMatchObject({ type: 'PoolExhausted' })
    const said = {
      message: expect.stringContaining('1 of 11 addresses free, for clusters/early'),
    }
    expect(fresh.conditions).toMatchObject([said])
    expect(fresh.news).toMatchObject([said])
  })

  it('tells the Cluster, the run and the log why, and is counted', async () => {
    const world = reported({})
    expect(await failureOf(world.select())).toMatchObject({ type: 'PoolExhausted', message: fullWords })
    expect(world.conditions).toMatchObject([{ status: 'False', reason: 'PoolExhausted', message: fullWords }])
    expect(world.events).toMatchObject([
      {
        type: 'Warning',
        reason: 'PoolExhausted',
        action: 'AllocateVIP',
        note: `control-plane VIP: ${fullWords}`,
      },
    ])
    expect(world.news).toEqual([
      {
        role: 'control-plane',
        reason: 'PoolExhausted',
        message: fullWords,
        considered: [
          {
            kind: 'GlobalInClusterIPPool',
            name: 'vip-pool',
            verdict: 'rejected',
            because: '0 of 11 addresses free',
          },
        ],
        searchable: [],
        isLeft: false,
        scheduledAt: expect.any(Number),
      },
    ])
    expect(world.readings).toMatchObject([
      {
        step: 'selectIPPool',
        role: 'control-plane',
        clusterClass: 'rke2-cluster-class',
        result: 'waiting',
        reason: 'PoolExhausted',
      },
    ])
  })

  it('tells the run which other VIPs the Cluster wants, again if that changes, and not if it is paused', async () => {
    const annotations = { 'vip.capi.gorizond.io/ingress-enabled': 'true' }
    const wanting: Partial<ClusterApi> = { getCluster: async () => aCluster({ annotations }) }
    const world = reported(wanting, { attempt: 2, heartbeatDetails: `PoolExhausted: ${fullWords}` })
    await failureOf(world.select())
    expect(world.news).toMatchObject([{ role: 'control-plane', alsoWanted: ['ingress'] }])
    const again = reported(wanting, { attempt: 3, heartbeatDetails: world.remembered[0] })
    await failureOf(again.select())
    expect(again.news).toEqual([])
    const paused = reported({ getCluster: async () => aCluster({ annotations, paused: true }) })
    await failureOf(paused.select())
    expect(paused.news[0]).not.toHaveProperty('alsoWanted')
  })

  const said = aVipCondition({ status: 'False', reason: 'PoolExhausted', message: fullWords })
  const told = `PoolExhausted: ${fullWords}`

  it('says nothing where the Cluster says so already, and the last attempt has told the run', async () => {
    const world = reported(
      { getCluster: async () => aCluster({ conditions: [said] }) },
      { attempt: 7, heartbeatDetails: told },
    )
    await failureOf(world.select())
    expect([...world.conditions, ...world.events, ...world.news]).toEqual([])
    expect(world.counts).toEqual(['condition unchanged'])
  })

  it('reminds of it by an event every half hour', async () => {
    const world = reported(
      { getCluster: async () => aCluster({ conditions: [said] }) },
      { attempt: 36, heartbeatDetails: told },
    )
    await failureOf(world.select())
    expect(world.conditions).toEqual([])
    expect(world.events).toHaveLength(1)
  })

  it('tells the run of another matter', async () => {
    const world = reported({}, { attempt: 2, heartbeatDetails: 'NoMatchingPool: there is no pool at all' })
    await failureOf(world.select())
    expect(world.news).toHaveLength(1)
  })

  it('writes nothing to a paused Cluster, and tells the run', async () => {
    const world = reported({ getCluster: async () => aCluster({ paused: true }) })
    expect(await failureOf(world.select())).toMatchObject({ type: 'ClusterPaused' })
    expect([...world.conditions, ...world.events]).toEqual([])
    expect(world.news).toMatchObject([{ reason: 'ClusterPaused' }])
  })

  it('does not insist where the Cluster has moved on: another attempt may have served it', async () => {
    let asked = 0
    const applyCondition: ClusterApi['applyCondition'] = async () => {
      asked += 1
      await refusal('conflict')()
    }
    await failureOf(reported({ applyCondition }).select())
    expect(asked).toBe(1)
  })

  it('waits for its own reason, whatever comes of saying so', async () => {
    const world = reported({ applyCondition: refusal('unavailable'), recordEvent: refusal('forbidden') })
    expect(await failureOf(world.select())).toMatchObject({ type: 'PoolExhausted' })
    expect(world.news).toHaveLength(1)
    expect(world.counts).toContain('condition failed')
  })

  it('leaves what the Cluster says alone while the API server is away', async () => {
    const world = reported({ listIPPools: refusal('unavailable') })
    expect(await failureOf(world.select())).toMatchObject({ type: 'KubernetesUnavailable' })
    expect([...world.conditions, ...world.events]).toEqual([])
    expect(world.news).toMatchObject([{ reason: 'KubernetesUnavailable' }])
    expect(world.readings).toMatchObject([{ result: 'error', reason: 'KubernetesUnavailable' }])
  })
})

describe('a step that leaves an address to somebody else', () => {
  const taken: Partial<ClusterApi> = { ...bound, ...clusterWithHolder }

  it.each(['conflict', 'unavailable'] as const)(
    'has it told by an event, the run and who counts, though the Cluster could not say so (%s)',
    async (kind) => {
      const world = reported({ ...taken, applyCondition: refusal(kind) })
      expect(await world.assign()).toMatchObject({ next: 'restart', reason: 'DuplicateAddress' })
      expect(world.events).toMatchObject([{ type: 'Warning', reason: 'DuplicateAddress' }])
      expect(world.readings).toMatchObject([{ result: 'success', isDuplicate: true }])
    },
  )

  it('has it told once where the Cluster says so', async () => {
    const world = reported(taken)
    await world.assign()
    expect(world.conditions).toMatchObject([{ status: 'False', reason: 'DuplicateAddress' }])
    expect(world.events).toHaveLength(1)
  })

  it('has the run told by a signal, since a wake may come before its result', async () => {
    const world = reported(taken)
    await world.assign()
    expect(world.news).toMatchObject([{ reason: 'DuplicateAddress', isLeft: true }])
    expect(world.news[0]?.message).toContain('10.0.0.10 is the endpoint of Cluster clusters/holder')
  })
})

describe('a step that gives back a claim that its IPAM provider refuses', () => {
  const corp = poolKindFrom('CorpIPPool.ipam.example.com')
  if (corp === undefined) throw new Error('no such kind')
  const poolKinds = [corp]
  const corpPool = (name: string): IPPool =>
    ipPoolFrom(corp, {
      metadata: {
        namespace: 'clusters',
        name,
        uid: `uid-of-${name}`,
        labels: { 'vip.capi.gorizond.io/cluster-class': aClass },
      },
    })
  const refused: Partial<ClusterApi> = {
    getIPAddressClaim: async () => ({
      ...aClaim(),
      creationTimestamp: new Date().toISOString(),
      poolRef: poolRefTo(corpPool('a')),
      refusal: { reason: 'PoolExhausted', message: 'none left' },
    }),
    getIPAddress: async () => undefined,
    listIPPools: async () => ['a', 'b'].map(corpPool),
    deleteIPAddressClaim: async () => undefined,
  }

  it('has it told by an event and counted, and leaves the condition to what becomes of the next pool', async () => {
    const world = reported(refused, { poolKinds })
    expect(await world.awaitAddress()).toMatchObject({ next: 'restart', refusal: 'PoolExhausted' })
    expect(world.events).toMatchObject([
      {
        type: 'Warning',
        reason: 'PoolExhausted',
        note: 'control-plane VIP: IPAddressClaim clusters/vip-cp-demo got no address of CorpIPPool/a, whose IPAM provider says PoolExhausted: "none left"; CorpIPPool/b is tried next',
      },
    ])
    expect(world.conditions).toEqual([])
    expect(world.readings).toMatchObject([{ result: 'success', reason: 'PoolExhausted', isRefused: true }])
  })

  it('goes on though the event cannot be written', async () => {
    const world = reported({ ...refused, recordEvent: refusal('forbidden') }, { poolKinds })
    expect(await world.awaitAddress()).toMatchObject({ next: 'restart' })
    expect(world.counts).toEqual(['event failed'])
  })
})

describe('a step that assigns a VIP', () => {
  const words = '10.0.0.10:6443 from GlobalInClusterIPPool/vip-pool by IPAddressClaim vip-cp-demo'

  it('has the Cluster say so, and is counted with its times', async () => {
    const world = reported(bound)
    await world.assign()
    expect(world.conditions).toMatchObject([{ status: 'True', reason: 'Allocated', message: words }])
    expect(world.events).toMatchObject([
      { type: 'Normal', reason: 'Allocated', note: `control-plane VIP: ${words}` },
    ])
    expect(world.news).toEqual([])
    const [reading] = world.readings
    expect(reading).toMatchObject({ step: 'assignVip', result: 'success' })
    expect(reading?.allocated?.sinceStartSeconds).toBeGreaterThanOrEqual(1)
    expect(reading?.allocated?.sinceCreationSeconds).toBeGreaterThan(0)
  })

  it('counts no allocation where the VIP was there before', async () => {
    const world = reported({ ...bound, getCluster: bound.patchCluster as ClusterApi['getCluster'] })
    await world.assign()
    expect(world.readings[0]?.allocated).toBeUndefined()
    expect(world.conditions).toMatchObject([{ status: 'True' }])
  })

  it.each([
    ['unavailable', 'KubernetesUnavailable'],
    ['conflict', 'KubernetesConflict'],
  ] as const)('is tried again where saying so is %s', async (kind, type) => {
    const world = reported({ ...bound, applyCondition: refusal(kind) })
    expect(await failureOf(world.assign())).toMatchObject({ type })
  })

  it('says so of the Cluster as it is by then, where somebody else has written to it', async () => {
    const said: string[] = []
    const world = reported({
      ...bound,
      applyCondition: async ({ resourceVersion }) => {
        said.push(resourceVersion)
        if (said.length === 1) await refusal('conflict')()
      },
      getCluster: async () => ({ ...aCluster(), resourceVersion: said.length === 0 ? '100' : '200' }),
    })
    expect(await world.assign()).toMatchObject({ next: 'assigned' })
    expect(said).toEqual(['100', '200'])
    expect(world.counts).not.toContain('condition failed')
  })

  it('is counted as an allocation though it could not say so: the next attempt finds it done', async () => {
    const world = reported({ ...bound, applyCondition: refusal('conflict') })
    await failureOf(world.assign())
    expect(world.readings).toMatchObject([
      { result: 'waiting', allocated: { sinceCreationSeconds: expect.any(Number) } },
    ])
  })

  it.each(['forbidden', 'invalid', 'notFound'] as const)(
    'succeeds where saying so is %s for good',
    async (kind) => {
      const world = reported({ ...bound, applyCondition: refusal(kind) })
      expect(await world.assign()).toMatchObject({ next: 'assigned' })
      expect(world.counts).toContain('condition failed')
    },
  )
})
