import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { getObject, postCluster, variablesOf } from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const group = 'ipam.example.test'
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
    path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/corpippools.${group}`,
  })
  await suite.close()
})

const corpPools = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `corpippools.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'corpippools', singular: 'corpippool', kind: 'CorpIPPool', listKind: 'CorpIPPoolList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

/** Binds a claim, as its IPAM provider would. */
async function bind(claim: string): Promise<void> {
  const { apiVersion, spec } = await getObject(testbed, 'ipaddressclaims', claim)
  const metadata = { name: claim, namespace: testbed.namespace }
  await testbed.api.send({
    method: 'POST',
    path: testbed.path('ipaddresses'),
    body: {
      apiVersion,
      kind: 'IPAddress',
      metadata,
      spec: { address, prefix: 24, poolRef: spec['poolRef'], claimRef: { name: claim } },
    },
  })
  await testbed.patch(`${testbed.path('ipaddressclaims', claim)}/status`, {
    status: { addressRef: { name: claim } },
  })
}

describe('a Cluster that names a pool of another IPAM provider', () => {
  it('has a claim on that pool, and is served once its provider binds it', async () => {
    await postCluster(testbed, 'corp', {
      metadata: { annotations: { 'vip.capi.gorizond.io/control-plane-pool': `CorpIPPool.${group}/corp` } },
    })
    await temporal.untilPending(testbed.keyOf('corp'), {
      activity: 'awaitIPAddress',
      reason: 'WaitingForAddress',
      words: `waits for the IPAM provider of ${group} to bind an address of CorpIPPool/corp`,
    })
    const { spec } = await getObject(testbed, 'ipaddressclaims', 'vip-cp-corp')
    expect(spec['poolRef']).toEqual({ apiGroup: group, kind: 'CorpIPPool', name: 'corp' })
    await bind('vip-cp-corp')
    expect(await testbed.hostOf('corp')).toBe(address)
    expect(variablesOf(await getObject(testbed, 'clusters', 'corp'))).toEqual({ clusterVip: address })
  })
})
