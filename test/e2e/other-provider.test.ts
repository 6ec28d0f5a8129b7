import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { realParts } from '../support/real-parts.ts'
import { bindCorpClaim, corpGroup, corpPool, corpPools } from './corp-provider.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { getObject, postCluster, variablesOf } from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const address = '10.165.0.10'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
  await applyManifests(stack, [corpPools])
})

afterAll(async () => {
  await testbed.api.send({
    method: 'DELETE',
    path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/corpippools.${corpGroup}`,
  })
  await suite.close()
})

describe('a Cluster that names a pool of another IPAM provider', () => {
  it('has a claim on that pool, and is served once its provider binds it', async () => {
    await postCluster(testbed, 'corp', {
      metadata: { annotations: { 'vip.capi.gorizond.io/control-plane-pool': corpPool } },
    })
    await temporal.untilPending(testbed.keyOf('corp'), {
      activity: 'awaitIPAddress',
      reason: 'WaitingForAddress',
      words: `waits for the IPAM provider of ${corpGroup} to bind an address of CorpIPPool/corp`,
    })
    const { spec } = await getObject(testbed, 'ipaddressclaims', 'vip-cp-corp')
    expect(spec['poolRef']).toEqual({ apiGroup: corpGroup, kind: 'CorpIPPool', name: 'corp' })
    await bindCorpClaim(testbed, 'vip-cp-corp', address)
    expect(await testbed.hostOf('corp')).toBe(address)
    expect(variablesOf(await getObject(testbed, 'clusters', 'corp'))).toEqual({ clusterVip: address })
  })
  it('waits for a kind that is not served, and moves to the pool that it names instead', async () => {
    const annotation = 'vip.capi.gorizond.io/control-plane-pool'
    await postCluster(testbed, 'typo', {
      metadata: { annotations: { [annotation]: `CorpIPPol.${corpGroup}/corp` } },
    })
    await temporal.untilPending(testbed.keyOf('typo'), {
      reason: 'PoolNotReady',
      words: `the API server serves no CorpIPPol in the API group ${corpGroup}`,
    })
    expect(await testbed.claims()).not.toContain('vip-cp-typo')
    const name = async (pool: string): Promise<void> => {
      const metadata = { annotations: { [annotation]: `CorpIPPool.${corpGroup}/${pool}` } }
      await testbed.patch(testbed.path('clusters', 'typo'), { metadata })
    }
    const untilClaimOn = (pool: string) =>
      testbed.untilClaim('vip-cp-typo', (now) => now?.poolRef.name === pool && !now.isDeleting)
    await name('nope')
    await untilClaimOn('nope')
    await name('corp')
    await untilClaimOn('corp')
    await bindCorpClaim(testbed, 'vip-cp-typo', '10.165.0.11')
    expect(await testbed.hostOf('typo')).toBe('10.165.0.11')
  })
})
