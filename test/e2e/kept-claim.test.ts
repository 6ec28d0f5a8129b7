import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { addTestFinalizer, removeTestFinalizer } from './objects.ts'
import type { Testbed } from './testbed.ts'

const claimAnnotation = 'vip.capi.gorizond.io/control-plane-claim'

let suite: Fixture
let testbed: Testbed

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed } = suite)
})

afterAll(() => suite.close())

/** Serves a Cluster, deletes it, and creates it again once its claim is dying. Resolves with the new one, served. */
async function recreate(name: string, whileServed: () => Promise<void> = async () => {}): Promise<Cluster> {
  const className = `${name}-class`
  await testbed.createCluster(name, { className })
  const { uid } = await testbed.untilServed(name)
  await whileServed()
  await testbed.deleteCluster(name)
  await testbed.untilCluster(name, (now) => now === undefined)
  await testbed.untilClaim(`vip-cp-${name}`, (now) => now?.isDeleting === true)
  await testbed.createCluster(name, { className })
  const again = await testbed.untilServed(name)
  expect(again.uid).not.toBe(uid)
  return again
}

function longerNameFor({ name, uid }: Cluster): string {
  return `vip-cp-${name}-${uid.slice(0, 8)}`
}

describe('a Cluster that is created again while something keeps the claim of the previous one', () => {
  it('gets another address at once in the grace period of the pool, and keeps it through a lost claim', async () => {
    await testbed.createClassWithPool('grace', '10.164.0.10-10.164.0.14')
    const pool = testbed.path('inclusterippools', 'grace-pool')
    await testbed.patch(pool, { spec: { addressReuseGracePeriodSeconds: 900 } })
    await testbed.untilPool('grace-pool', (now) => now?.reuseGraceSeconds === 900)
    const again = await recreate('grace')
    const longer = longerNameFor(again)
    expect(again.controlPlaneEndpoint.host).toBe('10.164.0.11')
    expect(again.annotations[claimAnnotation]).toBe(longer)
    expect(await testbed.claims()).toEqual(expect.arrayContaining(['vip-cp-grace', longer]))
    const status = await suite.print('status', `${testbed.namespace}/grace`, '--output=json')
    const { vips } = JSON.parse(status) as { readonly vips: readonly object[] }
    expect(vips[0]).toMatchObject({ phase: 'Served', claim: longer, address: '10.164.0.11' })
    await testbed.deleteCluster('grace')
    await testbed.untilCluster('grace', (now) => now === undefined)
    await testbed.untilClaim(longer, (now) => now?.isDeleting !== false)
    await testbed.patch(pool, { spec: { addressReuseGracePeriodSeconds: null } })
    await testbed.untilClaim(longer, (now) => now === undefined)
  })

  it.each<[string, (name: string) => Promise<void>, (name: string) => Promise<void>]>([
    [
      "somebody's finalizer",
      async (name) => addTestFinalizer(testbed, 'ipaddressclaims', `vip-cp-${name}`),
      async (name) => removeTestFinalizer(testbed, 'ipaddressclaims', `vip-cp-${name}`),
    ],
    [
      'a pause of its pool',
      async (name) => testbed.pausePool(`${name}-pool`, true),
      async (name) => testbed.pausePool(`${name}-pool`, false),
    ],
  ])('gets another address at once beside %s', async (what, keep, letGo) => {
    const name = what.includes('finalizer') ? 'held' : 'paused-pool'
    const network = what.includes('finalizer') ? '10.164.1' : '10.164.2'
    const className = await testbed.createClassWithPool(name, `${network}.10-${network}.14`)
    await testbed.createPool(`${network}.20-${network}.24`, { name: `${name}-second`, className })
    const again = await recreate(name, async () => keep(name))
    expect(again.annotations[claimAnnotation]).toBe(longerNameFor(again))
    await letGo(name)
    await testbed.untilClaim(`vip-cp-${name}`, (now) => now === undefined)
    await testbed.delete('ipaddressclaims', longerNameFor(again))
    await testbed.untilClaim(`vip-cp-${name}`, (now) => now?.addressName !== undefined)
    const served = await testbed.untilCluster(
      name,
      (now) => now !== undefined && now.annotations[claimAnnotation] === undefined,
    )
    expect(served?.controlPlaneEndpoint).toEqual(again.controlPlaneEndpoint)
  })
})
