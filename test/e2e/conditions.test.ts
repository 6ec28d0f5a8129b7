import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ApiProxy } from '../../dev/api-proxy/api-proxy.ts'
import type { Cluster, Condition } from '../../src/domain/model/cluster.ts'
import { objectOf } from '../../src/domain/model/decode.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { eventsAbout } from './objects.ts'
import type { Testbed } from './testbed.ts'

const controlPlane = 'vip.capi.gorizond.io/ControlPlaneVIPReady'
const ingress = 'vip.capi.gorizond.io/IngressVIPReady'

let suite: Fixture
let testbed: Testbed
/** Between the allocator and the API server. */
let proxy: ApiProxy

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  const through = await suite.openProxy()
  proxy = through.proxy
  await suite.start({ kubeconfigPath: through.kubeconfigPath })
  await testbed.createPool('10.61.0.10-10.61.0.40')
})

afterAll(() => suite.close())

function conditionOf(cluster: Cluster | undefined, type: string): Condition | undefined {
  return cluster?.conditions.find((condition) => condition.type === type)
}

/** Resolves with the condition once the Cluster has it with this reason. */
async function untilSays(name: string, type: string, reason: string): Promise<Condition> {
  const cluster = await testbed.untilCluster(name, (now) => conditionOf(now, type)?.reason === reason)
  return conditionOf(cluster, type) as Condition
}

describe('a Cluster that is served', () => {
  it('says so, with the address, the pool and the claim', async () => {
    await testbed.createCluster('served')
    const { status, message } = await untilSays('served', controlPlane, 'Allocated')
    const { host } = (await testbed.untilServed('served')).controlPlaneEndpoint
    expect({ status, message }).toEqual({
      status: 'True',
      message: `${host}:6443 from InClusterIPPool/vip-pool by IPAddressClaim vip-cp-served`,
    })
  })

  it('keeps the conditions of others', async () => {
    const types = (cluster: Cluster | undefined): readonly string[] =>
      cluster?.conditions.map(({ type }) => type) ?? []
    const cluster = await testbed.untilCluster('served', (now) => types(now).includes('TopologyReconciled'))
    expect(types(cluster)).toContain(controlPlane)
  })

  it('has an event', async () => {
    const event = await eventually('the event', async () =>
      (await eventsAbout(testbed, 'served')).find(({ reason }) => reason === 'Allocated'),
    )
    expect(event).toMatchObject({
      type: 'Normal',
      action: 'AllocateVIP',
      reportingController: 'vip.capi.gorizond.io/allocator',
      regarding: { kind: 'Cluster', namespace: testbed.namespace, name: 'served' },
    })
    expect(event['note']).toMatch(
      /^control-plane VIP: 10\.61\.0\.\d+:6443 from InClusterIPPool\/vip-pool by /,
    )
  })
})

describe('a Cluster that waits', () => {
  const className = 'waiting-class'
  const pool = 'waiting-pool'

  beforeAll(async () => {
    await testbed.createClass(className)
    // Where no pool is meant for a Cluster, all pools are named, also those that other suites make and delete meanwhile.
    await testbed.createPool('10.61.1.10-10.61.1.20', {
      name: pool,
      className,
      annotations: { 'cluster.x-k8s.io/paused': 'true' },
    })
    await testbed.createCluster('waiting', { className })
  })

  it('says why, and what to do', async () => {
    const said = await untilSays('waiting', controlPlane, 'PoolNotReady')
    expect(said).toMatchObject({
      status: 'False',
      message: expect.stringMatching(
        new RegExp(
          `^InClusterIPPool/${pool}: is paused; unpause it, or .*vip.capi.gorizond.io/cluster-class=${className}`,
        ),
      ),
    })
  })

  it('is not written to again while it waits for the same', async () => {
    const key = testbed.keyOf('waiting')
    const handle = suite.temporal.client.workflow.getHandle(workflowIdFor(key))
    for (let looks = 0; looks < 3; looks += 1) await suite.temporal.retryNow(key)
    await eventually('the looks to be over', async () => {
      const { raw } = await handle.describe()
      const [pending] = raw.pendingActivities ?? []
      return (pending?.attempt ?? 0) > 2 ? true : undefined
    })
    // One that an attempt sends that was overtaken is refused.
    const written = { verb: 'patch', resource: 'clusters/status', ...key, code: 200 } as const
    await proxy.until(written)
    expect(proxy.count(written)).toBe(1)
  })

  it('does not make the history of its run grow', async () => {
    const key = testbed.keyOf('waiting')
    const handle = suite.temporal.client.workflow.getHandle(workflowIdFor(key))
    const { events } = await handle.fetchHistory()
    const signals = (events ?? []).filter(
      (event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'waiting',
    )
    const scheduled = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes)
    expect(signals.length).toBeLessThanOrEqual(scheduled.length)
  })

  it('has one event, which becomes a series when it is recorded again', async () => {
    const event = await eventually('the event', async () =>
      (await eventsAbout(testbed, 'waiting')).find(({ reason }) => reason === 'PoolNotReady'),
    )
    expect(event).toMatchObject({ type: 'Warning' })
    await testbed.patch(`${testbed.path('clusters', 'waiting')}/status`, { status: { conditions: null } })
    await suite.temporal.retryNow(testbed.keyOf('waiting'))
    const series = await eventually('a series', async () => {
      const [only, ...more] = (await eventsAbout(testbed, 'waiting')).filter(
        ({ reason }) => reason === 'PoolNotReady',
      )
      expect(more).toEqual([])
      return objectOf(only?.['series'])['count'] === 2 ? only : undefined
    })
    expect(series).toMatchObject({ note: event['note'] })
  })

  it('says so when it is served in the end', async () => {
    const since = conditionOf(
      await testbed.untilCluster('waiting', () => true),
      controlPlane,
    )?.lastTransitionTime
    await testbed.pausePool(pool, false)
    const { status, lastTransitionTime } = await untilSays('waiting', controlPlane, 'Allocated')
    expect(status).toBe('True')
    expect(Date.parse(lastTransitionTime)).toBeGreaterThanOrEqual(Date.parse(since ?? ''))
  })
})

describe('an availability gate', () => {
  it('holds a Cluster unavailable until it has its VIP', async () => {
    const className = 'gated-class'
    await testbed.createClass(className)
    await testbed.createCluster('gated', {
      className,
      spec: `availabilityGates: [{ conditionType: ${controlPlane} }]`,
    })
    const held = await testbed.untilCluster('gated', (now) =>
      (conditionOf(now, 'Available')?.message ?? '').includes('ControlPlaneVIPReady: '),
    )
    expect(conditionOf(held, 'Available')?.status).toBe('False')
    await testbed.createPool('10.61.2.10-10.61.2.20', { name: 'gated-pool', className })
    await untilSays('gated', controlPlane, 'Allocated')
    const freed = await testbed.untilCluster(
      'gated',
      (now) => !(conditionOf(now, 'Available')?.message ?? '').includes('ControlPlaneVIPReady'),
    )
    expect(conditionOf(freed, 'Available')).toBeDefined()
  })

  it('is satisfied by an endpoint that somebody typed in', async () => {
    await testbed.createCluster('gated-by-hand', {
      spec: `controlPlaneEndpoint: { host: 10.61.9.9, port: 6443 }\n  availabilityGates: [{ conditionType: ${controlPlane} }]`,
    })
    const { status, message } = await untilSays('gated-by-hand', controlPlane, 'EndpointAlreadySet')
    expect(status).toBe('True')
    expect(message).toContain('10.61.9.9:6443 is not from a claim of ours')
    expect(await testbed.claims()).not.toContain('vip-cp-gated-by-hand')
  })
})

describe('ingress', () => {
  it('has a condition of its own beside that of the control plane', async () => {
    await testbed.createCluster('with-ingress', {
      annotations: { 'vip.capi.gorizond.io/ingress-enabled': 'true' },
    })
    const waits = await untilSays('with-ingress', ingress, 'NoMatchingPool')
    expect(waits.status).toBe('False')
    expect((await untilSays('with-ingress', controlPlane, 'Allocated')).status).toBe('True')
    await testbed.patch(testbed.path('clusters', 'with-ingress'), {
      metadata: { annotations: { 'vip.capi.gorizond.io/ingress-enabled': 'false' } },
    })
    const without = await testbed.untilCluster(
      'with-ingress',
      (now) => conditionOf(now, ingress) === undefined,
    )
    expect(conditionOf(without, controlPlane)?.status).toBe('True')
  })
})

describe('a paused Cluster', () => {
  it('says nothing until it is unpaused', async () => {
    await testbed.createCluster('paused', { spec: 'paused: true' })
    const cluster = await testbed.untilCluster('paused', (now) => now !== undefined)
    await suite.temporal.client.workflow.start('allocateVip', {
      workflowId: workflowIdFor(testbed.keyOf('paused')),
      taskQueue: suite.taskQueue,
      args: [testbed.keyOf('paused')],
    })
    await suite.temporal.untilPending(testbed.keyOf('paused'), { reason: 'ClusterPaused' })
    const now = await testbed.untilCluster('paused', () => true)
    expect(conditionOf(now, controlPlane)).toBeUndefined()
    expect(cluster?.uid).toBe(now?.uid)
    await testbed.editCluster('paused', { paused: false })
    expect((await untilSays('paused', controlPlane, 'Allocated')).status).toBe('True')
  })
})
