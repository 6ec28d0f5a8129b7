import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { allocateVipType, workflowIdFor } from '../../src/workflows/contract.ts'
import { openFixture, openFixtureWithAllocator, type Fixture } from './fixture.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const enabled = 'vip.capi.gorizond.io/control-plane-enabled'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
})

afterAll(() => suite.close())

async function annotateClass(name: string, value: string | null): Promise<void> {
  await testbed.patch(testbed.path('clusterclasses', name), {
    metadata: { annotations: { [enabled]: value } },
  })
}

describe('a Cluster whose control plane is hosted elsewhere', () => {
  it('costs no address and waits for nothing if it refuses a VIP, and a run by hand says why', async () => {
    const className = await testbed.createClassWithPool('hosted', '10.160.0.10-10.160.0.12')
    await testbed.createCluster('hosted', { className, annotations: { [enabled]: 'false' } })
    // Its events have been handled when those of a later Cluster have been.
    await testbed.createCluster('beside-hosted', { className })
    expect(await testbed.hostOf('beside-hosted')).toBe('10.160.0.10')
    expect(await testbed.claims()).not.toContain('vip-cp-hosted')
    const cluster = testbed.keyOf('hosted')
    const run = await temporal.client.workflow.start(allocateVipType, {
      workflowId: workflowIdFor(cluster),
      taskQueue: suite.taskQueue,
      args: [cluster],
    })
    expect(await run.result()).toMatchObject({
      roles: {
        'control-plane': {
          outcome: 'skipped',
          reason: 'NoMatchingPool',
          message: `Cluster ${testbed.namespace}/hosted has ${enabled}: "false", so no pool is selected for it`,
        },
      },
    })
    const present = await testbed.untilCluster('hosted', (now) => now !== undefined)
    expect(present && vipConditionOf(present, 'control-plane')).toBeUndefined()
    expect(await suite.print('status')).toMatch(/hosted +control-plane .*NotWanted/)
    expect(await suite.print('plan', `${testbed.namespace}/hosted`)).toContain(`has ${enabled}: "false"`)
  })

  it('has the refusal from its ClusterClass, unless it asks for a VIP itself', async () => {
    const className = await testbed.createClassWithPool('class-hosted', '10.160.1.10-10.160.1.12')
    await annotateClass(className, 'false')
    await testbed.createCluster('by-class', { className })
    await testbed.createCluster('asks', { className, annotations: { [enabled]: 'true' } })
    expect(await testbed.hostOf('asks')).toBe('10.160.1.10')
    expect(await testbed.claims()).not.toContain('vip-cp-by-class')
    await annotateClass(className, null)
    expect(await testbed.hostOf('by-class')).toBe('10.160.1.11')
  })
})

describe('a Cluster that waits', () => {
  it.each([
    ['itself', async (name: string) => testbed.patch(testbed.path('clusters', name), refusal)],
    ['by its ClusterClass', async (name: string) => annotateClass(`${name}-class`, 'false')],
  ])('waits no longer once it refuses the VIP %s, and its claim is deleted', async (how, refuse) => {
    const [name, address] = how === 'itself' ? ['gives-up', '10.160.2.10'] : ['class-gives-up', '10.160.4.10']
    const className = await testbed.createClassWithPool(name, address)
    await testbed.createCluster(`${name}-first`, { className })
    await testbed.untilServed(`${name}-first`)
    await testbed.createCluster(name, { className })
    const cluster = testbed.keyOf(name)
    await temporal.untilPending(cluster, { reason: 'PoolExhausted' })
    await refuse(name)
    expect(await temporal.outcomeOf(cluster)).toMatchObject({ outcome: 'skipped', reason: 'NoMatchingPool' })
    await testbed.untilClaim(`vip-cp-${name}`, (now) => now === undefined)
    await testbed.untilCluster(
      name,
      (now) => now !== undefined && vipConditionOf(now, 'control-plane') === undefined,
    )
  })
})

const refusal = { metadata: { annotations: { [enabled]: 'false' } } }

describe('an installation with --require-opt-in', () => {
  it('serves only Clusters that ask for a VIP, or whose class does', async () => {
    const other = await openFixture()
    try {
      await other.start({ flags: ['--require-opt-in'] })
      const { testbed: asking } = other
      const className = await asking.createClassWithPool('asking', '10.160.5.10-10.160.5.12')
      await asking.createCluster('silent', { className })
      await asking.createCluster('asks', { className, annotations: { [enabled]: 'true' } })
      expect(await asking.hostOf('asks')).toBe('10.160.5.10')
      expect(await asking.claims()).toEqual(['vip-cp-asks'])
    } finally {
      await other.close()
    }
  })
})

describe('an annotation that cannot be read', () => {
  it('is named with its ClusterClass, by the run and by doctor', async () => {
    const className = await testbed.createClassWithPool('typo', '10.160.3.10')
    await annotateClass(className, 'no')
    await testbed.createCluster('typo', { className })
    const words = `annotation ${enabled} of ClusterClass ${testbed.namespace}/${className} is "no", expected "true" or "false"`
    await temporal.untilPending(testbed.keyOf('typo'), { reason: 'AllocationFailed', words })
    expect(await suite.print('doctor')).toContain(
      `ClusterClass ${testbed.namespace}/${className}: ${enabled} is "no"`,
    )
    await annotateClass(className, 'true')
    expect(await testbed.hostOf('typo')).toBe('10.160.3.10')
  })
})
