import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import { openFixture, type Fixture } from './fixture.ts'
import {
  getObject,
  addTestFinalizer,
  removeTestFinalizer,
  ourWrites,
  postClaim,
  postCluster,
  untilAllFree,
} from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.144.0.10-10.144.0.99')
  // A pool that the allocator would not choose itself.
  await testbed.createPool('10.144.1.10-10.144.1.99', { name: 'side-pool', className: 'no-class' })
  await suite.start()
})

afterAll(() => suite.close())

/** Makes a ConfigMap, and answers an owner reference to it. */
async function ownerFor(name: string): Promise<JsonObject> {
  const { metadata } = await testbed.api.send<{ metadata: { uid: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${testbed.namespace}/configmaps`,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
  })
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: metadata.uid }
}

describe('a claim of the Cluster’s name', () => {
  it('that the Cluster owns already is used as it is', async () => {
    // Paused, so that the claim can be there before the allocation begins.
    const { metadata } = await postCluster(testbed, 'owned', { spec: { paused: true } })
    const owner = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', name: 'owned' }
    const made = await postClaim(testbed, 'owned', 'side-pool', {
      labels: { 'cluster.x-k8s.io/cluster-name': 'owned', 'vip.capi.gorizond.io/role': 'control-plane' },
      ownerReferences: [{ ...owner, uid: metadata.uid }],
    })
    await testbed.editCluster('owned', { paused: null })
    const { controlPlaneEndpoint } = await testbed.untilServed('owned')
    expect(controlPlaneEndpoint.host).toMatch(/^10\.144\.1\.\d+$/)
    const claim = await getObject(testbed, 'ipaddressclaims', 'vip-cp-owned')
    expect(claim.metadata.uid).toBe(made.metadata.uid)
    expect(ourWrites(claim)).toEqual([])
  })

  it('that nobody owns is adopted, with its pool', async () => {
    const made = await postClaim(testbed, 'adopted', 'side-pool')
    await testbed.createCluster('adopted')
    const { controlPlaneEndpoint, uid } = await testbed.untilServed('adopted')
    expect(controlPlaneEndpoint.host).toMatch(/^10\.144\.1\.\d+$/)
    await testbed.untilClaim('vip-cp-adopted', (now) => now?.addressName !== undefined)
    expect((await getObject(testbed, 'ipaddressclaims', 'vip-cp-adopted')).metadata).toMatchObject({
      uid: made.metadata.uid,
      labels: { 'cluster.x-k8s.io/cluster-name': 'adopted', 'vip.capi.gorizond.io/role': 'control-plane' },
      ownerReferences: [{ kind: 'Cluster', name: 'adopted', uid, controller: true }],
    })
  })

  it('that a Cluster left behind as an orphan keeps its address for the next of the name', async () => {
    await testbed.createCluster('orphaned')
    const first = await testbed.untilServed('orphaned')
    const claim = await testbed.untilClaim('vip-cp-orphaned', (now) => now?.addressName !== undefined)
    await testbed.api.send({
      method: 'DELETE',
      path: testbed.path('clusters', 'orphaned'),
      body: { propagationPolicy: 'Orphan' },
    })
    await testbed.untilCluster('orphaned', (now) => now === undefined)
    await testbed.untilClaim('vip-cp-orphaned', (now) => now?.ownerReferences.length === 0)
    await testbed.createCluster('orphaned')
    const second = await testbed.untilServed('orphaned')
    expect(second.uid).not.toBe(first.uid)
    expect(second.controlPlaneEndpoint).toEqual(first.controlPlaneEndpoint)
    const adopted = await testbed.untilClaim('vip-cp-orphaned', (now) => now !== undefined)
    expect(adopted?.uid).toBe(claim?.uid)
    expect(adopted?.ownerReferences).toMatchObject([{ uid: second.uid }])
  })

  it.each<{ name: string; labels: Record<string, string>; what: string }>([
    { name: 'foreign', labels: {}, what: 'without a label' },
    {
      name: 'foreign-labeled',
      labels: { 'cluster.x-k8s.io/cluster-name': 'foreign-labeled' },
      what: 'labeled for the Cluster',
    },
  ])('that something else owns, $what, is shown, left alone, and waited out', async ({ name, labels }) => {
    const owner = await ownerFor(name)
    await postClaim(testbed, name, 'side-pool', { labels, ownerReferences: [owner] })
    await testbed.createCluster(name)
    const { message } = await temporal.untilPending(testbed.keyOf(name), {
      activity: 'selectIPPool',
      reason: 'ClaimConflict',
    })
    expect(message).toContain(`ConfigMap ${name}`)
    // The provider's own writes to the claim come first.
    await testbed.untilClaim(`vip-cp-${name}`, (now) => now?.addressName !== undefined)
    const before = await getObject(testbed, 'ipaddressclaims', `vip-cp-${name}`)
    for (let looks = 0; looks < 3; looks += 1) {
      await temporal.retryNow(testbed.keyOf(name))
      await temporal.untilPending(testbed.keyOf(name), { activity: 'selectIPPool', reason: 'ClaimConflict' })
    }
    const after = await getObject(testbed, 'ipaddressclaims', `vip-cp-${name}`)
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion)
    expect((await getObject(testbed, 'clusters', name)).spec).not.toHaveProperty('controlPlaneEndpoint')

    // Garbage collection takes the claim with its owner.
    await testbed.api.send({
      method: 'DELETE',
      path: `/api/v1/namespaces/${testbed.namespace}/configmaps/${name}`,
    })
    expect(await testbed.hostOf(name)).toMatch(/^10\.144\.0\.\d+$/)
    const claim = await testbed.untilClaim(`vip-cp-${name}`, (now) => now?.addressName !== undefined)
    expect(claim?.uid).not.toBe(before.metadata.uid)
  })

  it('of a former Cluster is waited for, and replaced when it is gone', async () => {
    const className = 'former-class'
    await testbed.createClass(className)
    await testbed.createPool('10.144.2.1-10.144.2.9', { name: 'former-pool', className })
    await testbed.createCluster('former', { className })
    await testbed.untilServed('former')
    const old = await testbed.untilClaim('vip-cp-former', (now) => now?.addressName !== undefined)
    // One of an IPAM provider is no reason to expect that the claim stays.
    const finalizer = 'ipam.cluster.x-k8s.io/hold'
    await addTestFinalizer(testbed, 'ipaddressclaims', 'vip-cp-former', finalizer)
    await testbed.deleteCluster('former')
    await testbed.untilCluster('former', (now) => now === undefined)
    await testbed.createCluster('former', { className })
    await testbed.untilClaim('vip-cp-former', (now) => now?.isDeleting === true)
    await temporal.untilPending(testbed.keyOf('former'), {
      activity: 'selectIPPool',
      reason: 'WaitingForAddress',
    })
    expect((await getObject(testbed, 'clusters', 'former')).spec).not.toHaveProperty('controlPlaneEndpoint')

    await removeTestFinalizer(testbed, 'ipaddressclaims', 'vip-cp-former', finalizer)
    const { uid } = await testbed.untilServed('former')
    const claim = await testbed.untilClaim(
      'vip-cp-former',
      (now) => now?.addressName !== undefined && now.uid !== old?.uid,
    )
    expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', name: 'former', uid }])
    await testbed.deleteCluster('former')
    await untilAllFree(testbed, 'former-pool')
  })
})
