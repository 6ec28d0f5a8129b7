import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Cluster, Condition } from '../../src/domain/model/cluster.ts'
import { realParts } from '../support/real-parts.ts'
import { openExtension, type ExtensionFixture } from './extension-fixture.ts'
import { openFixture, type Fixture } from './fixture.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()

let suite: Fixture
let testbed: Testbed
let extension: ExtensionFixture

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  extension = await openExtension(stack, testbed, 'gate')
  await suite.start({ flags: (await extension.flagsOfReplica()).flags })
  await extension.untilRegistered()
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await extension.close()
  }
})

function topologyOf(cluster: Cluster | undefined): Condition | undefined {
  return cluster?.conditions.find(({ type }) => type === 'TopologyReconciled')
}

describe('with the gate of the runtime extension, a Cluster', () => {
  it('shows in words that it waits for its VIP, and why, and is rendered once it has it', async () => {
    await testbed.createCluster('gated')
    const held = await testbed.untilCluster('gated', (now) =>
      (topologyOf(now)?.message ?? '').includes('(NoMatchingPool)'),
    )
    expect(topologyOf(held)).toMatchObject({
      status: 'False',
      reason: 'ClusterCreating',
      message: `Following hooks are blocking Cluster topology creation: BeforeClusterCreate: Cluster ${testbed.namespace}/gated has no control-plane VIP yet (NoMatchingPool); its condition vip.capi.gorizond.io/ControlPlaneVIPReady says more`,
    })
    await testbed.createPool('10.168.0.10-10.168.0.20')
    const rendered = await testbed.untilCluster('gated', (now) => now?.isRendered === true)
    expect(rendered?.controlPlaneEndpoint.host).toMatch(/^10\.168\.0\./)
  })

  it('that wants no VIP is let through', async () => {
    await testbed.createCluster('through', {
      annotations: { 'vip.capi.gorizond.io/control-plane-enabled': 'false' },
    })
    const cluster = await testbed.untilCluster('through', (now) =>
      (topologyOf(now)?.message ?? '').includes('clusterVip'),
    )
    // Its class waits for a variable that nobody sets: the gate is not what holds it up.
    expect(topologyOf(cluster)?.reason).toBe('ReconcileFailed')
  })
})
