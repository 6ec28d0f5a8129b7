import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import { openIdle, type AtWork } from './at-work.ts'
import { getObject, hold, letGo, ourWrites, postClaim, postCluster, untilAllFree } from './objects.ts'
import { retryNow, untilPending } from './pending.ts'
import type { TemporalView } from './temporal.ts'
import type { World } from './world.ts'

let suite: AtWork
let world: World
let temporal: TemporalView

beforeAll(async () => {
  suite = await openIdle()
  ;({ world, temporal } = suite)
  await world.createPool('10.144.0.10-10.144.0.99')
  // A pool that the allocator would not choose itself.
  await world.createPool('10.144.1.10-10.144.1.99', { name: 'side-pool', className: 'no-class' })
  await suite.start()
})

afterAll(() => suite.close())

function keyOf(name: string): { readonly namespace: string; readonly name: string } {
  return { namespace: world.namespace, name }
}

/** Makes a ConfigMap, and answers an owner reference to it. */
async function ownerFor(name: string): Promise<JsonObject> {
  const { metadata } = await world.api.send<{ metadata: { uid: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${world.namespace}/configmaps`,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
  })
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: metadata.uid }
}

describe('a claim of the Cluster’s name', () => {
  it('that the Cluster owns already is used as it is', async () => {
    // Paused, so that the claim can be there before the allocation begins.
    const { metadata } = await postCluster(world, 'owned', { spec: { paused: true } })
    const owner = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', name: 'owned' }
    const made = await postClaim(world, 'owned', 'side-pool', {
      ownerReferences: [{ ...owner, uid: metadata.uid }],
    })
    await world.editCluster('owned', { paused: null })
    const { controlPlaneEndpoint } = await world.untilServed('owned')
    expect(controlPlaneEndpoint.host).toMatch(/^10\.144\.1\.\d+$/)
    const claim = await getObject(world, 'ipaddressclaims', 'vip-cp-owned')
    expect(claim.metadata.uid).toBe(made.metadata.uid)
    expect(ourWrites(claim)).toEqual([])
  })

  it('that nobody owns is adopted, with its pool', async () => {
    const made = await postClaim(world, 'adopted', 'side-pool')
    await world.createCluster('adopted')
    const { controlPlaneEndpoint, uid } = await world.untilServed('adopted')
    expect(controlPlaneEndpoint.host).toMatch(/^10\.144\.1\.\d+$/)
    const claim = await world.untilClaim('vip-cp-adopted', (now) => now?.addressName !== undefined)
    expect(claim).toMatchObject({
      uid: made.metadata.uid,
      labels: { 'cluster.x-k8s.io/cluster-name': 'adopted', 'vip.capi.gorizond.io/role': 'control-plane' },
      ownerReferences: [{ kind: 'Cluster', name: 'adopted', uid, controller: true }],
    })
  })

  it('that a Cluster left behind as an orphan keeps its address for the next of the name', async () => {
    await world.createCluster('orphaned')
    const first = await world.untilServed('orphaned')
    const claim = await world.untilClaim('vip-cp-orphaned', (now) => now?.addressName !== undefined)
    await world.api.send({
      method: 'DELETE',
      path: world.path('clusters', 'orphaned'),
      body: { propagationPolicy: 'Orphan' },
    })
    await world.untilCluster('orphaned', (now) => now === undefined)
    await world.untilClaim('vip-cp-orphaned', (now) => now?.ownerReferences.length === 0)
    await world.createCluster('orphaned')
    const second = await world.untilServed('orphaned')
    expect(second.uid).not.toBe(first.uid)
    expect(second.controlPlaneEndpoint).toEqual(first.controlPlaneEndpoint)
    const adopted = await world.untilClaim('vip-cp-orphaned', (now) => now !== undefined)
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
    await postClaim(world, name, 'side-pool', { labels, ownerReferences: [owner] })
    await world.createCluster(name)
    const { message } = await untilPending(temporal, keyOf(name), 'selectIPPool', 'ClaimConflict')
    expect(message).toContain(`ConfigMap ${name}`)
    // The provider's own writes to the claim come first.
    await world.untilClaim(`vip-cp-${name}`, (now) => now?.addressName !== undefined)
    const before = await getObject(world, 'ipaddressclaims', `vip-cp-${name}`)
    for (let looks = 0; looks < 3; looks += 1) {
      await retryNow(temporal, keyOf(name))
      await untilPending(temporal, keyOf(name), 'selectIPPool', 'ClaimConflict')
    }
    const after = await getObject(world, 'ipaddressclaims', `vip-cp-${name}`)
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion)
    expect((await getObject(world, 'clusters', name)).spec).not.toHaveProperty('controlPlaneEndpoint')

    // Garbage collection takes the claim with its owner.
    await world.api.send({
      method: 'DELETE',
      path: `/api/v1/namespaces/${world.namespace}/configmaps/${name}`,
    })
    expect((await world.untilServed(name)).controlPlaneEndpoint.host).toMatch(/^10\.144\.0\.\d+$/)
    const claim = await world.untilClaim(`vip-cp-${name}`, (now) => now?.addressName !== undefined)
    expect(claim?.uid).not.toBe(before.metadata.uid)
  })

  it('of a former Cluster is waited for, and replaced when it is gone', async () => {
    const className = 'former-class'
    await world.createClass(className)
    await world.createPool('10.144.2.1-10.144.2.9', { name: 'former-pool', className })
    await world.createCluster('former', { className })
    await world.untilServed('former')
    const old = await world.untilClaim('vip-cp-former', (now) => now?.addressName !== undefined)
    await hold(world, 'ipaddressclaims', 'vip-cp-former')
    await world.deleteCluster('former')
    await world.untilCluster('former', (now) => now === undefined)
    await world.createCluster('former', { className })
    await world.untilClaim('vip-cp-former', (now) => now?.isDeleting === true)
    await untilPending(temporal, keyOf('former'), 'selectIPPool', 'WaitingForAddress')
    expect((await getObject(world, 'clusters', 'former')).spec).not.toHaveProperty('controlPlaneEndpoint')

    await letGo(world, 'ipaddressclaims', 'vip-cp-former')
    const { uid } = await world.untilServed('former')
    const claim = await world.untilClaim(
      'vip-cp-former',
      (now) => now?.addressName !== undefined && now.uid !== old?.uid,
    )
    expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', name: 'former', uid }])
    await world.deleteCluster('former')
    await untilAllFree(world, 'former-pool')
  })
})
