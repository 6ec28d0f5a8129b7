import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { getObject } from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const filter = 'cluster.x-k8s.io/watch-filter'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.161.0.10-10.161.0.20')
})

afterAll(() => suite.close())

async function label(name: string, value: string): Promise<void> {
  await testbed.patch(testbed.path('clusters', name), { metadata: { labels: { [filter]: value } } })
}

describe('a watch-filter label that a Cluster gets after its VIP', () => {
  it('is copied to its claim, and again if it changes', async () => {
    await suite.start()
    await testbed.createCluster('relabeled')
    await testbed.untilServed('relabeled')
    for (const value of ['blue', 'green']) {
      await label('relabeled', value)
      const claim = await testbed.untilClaim('vip-cp-relabeled', (now) => now?.labels[filter] === value)
      expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', name: 'relabeled' }])
    }
  })

  it('is copied also by an allocator that sees only what has the label, without an alarm', async () => {
    await testbed.createCluster('introduced')
    const { controlPlaneEndpoint } = await testbed.untilServed('introduced')
    await suite.allocator.stop()
    await label('introduced', 'blue')
    await suite.start({ flags: ['--watch-filter=blue'] })
    await testbed.untilClaim('vip-cp-introduced', (now) => now?.labels[filter] === 'blue')
    expect(await temporal.outcomeOf(testbed.keyOf('introduced'))).toMatchObject({ reason: 'Allocated' })
    const cluster = await testbed.untilServed('introduced')
    expect(cluster.controlPlaneEndpoint).toEqual(controlPlaneEndpoint)
    expect(vipConditionOf(cluster, 'control-plane')).toMatchObject({ status: 'True', reason: 'Allocated' })
    const { metadata } = await getObject(testbed, 'ipaddressclaims', 'vip-cp-introduced')
    expect(metadata.labels).toMatchObject({ 'vip.capi.gorizond.io/role': 'control-plane', [filter]: 'blue' })
  })
})
