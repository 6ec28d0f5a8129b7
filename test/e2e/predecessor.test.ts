import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { getObject, postCluster } from './objects.ts'
import type { Testbed } from './testbed.ts'

const address = '10.162.0.10'

let suite: Fixture
let testbed: Testbed

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed } = suite)
})

afterAll(() => suite.close())

/** A Cluster with its claim, as the predecessor 0.7.1 leaves them. */
async function leaveServed(name: string): Promise<void> {
  const className = await testbed.createClassWithPool(name, '10.162.0.10-10.162.0.12')
  const { metadata } = await postCluster(testbed, name, {
    className,
    spec: { controlPlaneEndpoint: { host: address, port: 6443 } },
    variables: [{ name: 'clusterVip', value: address }],
  })
  const owner = { apiVersion: 'cluster.x-k8s.io/v1beta1', kind: 'Cluster', name, uid: metadata.uid }
  await testbed.api.send({
    method: 'POST',
    path: testbed.path('ipaddressclaims').replace('/v1beta2/', '/v1beta1/'),
    body: {
      apiVersion: 'ipam.cluster.x-k8s.io/v1beta1',
      kind: 'IPAddressClaim',
      metadata: {
        name: `vip-cp-${name}`,
        namespace: testbed.namespace,
        labels: { 'vip.capi.gorizond.io/role': 'control-plane' },
        ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
      },
      spec: {
        poolRef: { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'InClusterIPPool', name: `${name}-pool` },
      },
    },
  })
  await testbed.untilClaim(`vip-cp-${name}`, (now) => now?.addressName !== undefined)
}

describe('a Cluster that the predecessor served', () => {
  it('is adopted: its VIP is recorded, its claim labeled, and its spec not changed', async () => {
    await leaveServed('old')
    const before = await testbed.untilCluster('old', (now) => now?.controlPlaneEndpoint.host === address)
    const { spec, metadata } = await getObject(testbed, 'clusters', 'old')
    await suite.start()
    const adopted = await testbed.untilCluster(
      'old',
      (now) => now !== undefined && vipConditionOf(now, 'control-plane') !== undefined,
    )
    expect(adopted && vipConditionOf(adopted, 'control-plane')).toMatchObject({
      status: 'True',
      reason: 'Allocated',
    })
    expect(adopted?.annotations['vip.capi.gorizond.io/control-plane-vip']).toBe(address)
    const after = await getObject(testbed, 'clusters', 'old')
    expect(after.spec['controlPlaneEndpoint']).toEqual(spec['controlPlaneEndpoint'])
    expect(after.spec['topology']).toEqual(spec['topology'])
    expect(after.metadata.uid).toBe(metadata.uid)
    expect(before?.uid).toBe(metadata.uid)
    const claim = await testbed.untilClaim(
      'vip-cp-old',
      (now) => now?.labels['cluster.x-k8s.io/cluster-name'] === 'old',
    )
    expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', name: 'old', uid: metadata.uid }])
  })

  it('has its address again if the claim is deleted', async () => {
    const claim = await testbed.untilClaim('vip-cp-old', (now) => now !== undefined)
    await testbed.delete('ipaddressclaims', 'vip-cp-old')
    await testbed.untilClaim('vip-cp-old', (now) => now?.addressName !== undefined && now.uid !== claim?.uid)
    expect((await testbed.ipAddresses()).find(({ name }) => name === 'vip-cp-old')?.address).toBe(address)
    expect(await testbed.hostOf('old')).toBe(address)
  })
})
