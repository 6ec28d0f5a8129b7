import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openFixture, type Fixture } from './fixture.ts'
import { postClaim } from './objects.ts'
import { scrapeOf, type Scrape } from './scrape.ts'
import type { Testbed } from './testbed.ts'

const ofControlPlane = { labels: { 'vip.capi.gorizond.io/role': 'control-plane' } }
/** Made by hand, without an owner: nobody but the test takes them away. */
const claimsByHand = ['vip-cp-ghost', 'vip-cp-me-first', 'vip-cp-me-second']
const controlPlane = { role: 'control-plane' }

let suite: Fixture
let testbed: Testbed
let scrape: Scrape

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  await testbed.createPool('10.160.9.1-10.160.9.2', { name: 'of-nobody', className: 'nobodys-class' })
  await suite.start()
  scrape = scrapeOf(suite.allocator)
  // It counts as leaked a minute after it was first seen, which is when the first test has scraped.
  await postClaim(testbed, 'ghost', 'of-nobody', ofControlPlane)
})

afterAll(() =>
  suite.close(async () => {
    const left = await testbed.claims()
    await Promise.all(claimsByHand.filter((name) => left.includes(name)).map(deleteClaim))
  }),
)

async function deleteClaim(name: string): Promise<void> {
  await testbed.delete('ipaddressclaims', name)
}

describe('the gauges of pools and claims', () => {
  it('follow a pool that comes, gives its addresses and is full', async () => {
    const className = await testbed.createClassWithPool('gauge', '10.160.1.1-10.160.1.2')
    const pool = { pool_name: 'gauge-pool', kind: 'InClusterIPPool', namespace: testbed.namespace }
    const available = { cluster_class: className, ...controlPlane }
    await scrape.untilIs('pools_available', available, 1)
    await scrape.untilIs('pool_addresses_free', pool, 2)
    await testbed.createCluster('me-gauge-1', { className })
    await scrape.untilIs('pool_addresses_used', pool, 1)
    await testbed.createCluster('me-gauge-2', { className })
    await scrape.untilIs('pool_addresses_used', pool, 2)
    await scrape.untilIs('pool_addresses_free', pool, 0)
    expect(await scrape.value('pool_addresses_total', pool)).toBe(2)
    await scrape.untilIs('pools_available', available, 0)
  })

  it('follow a claim that waits for its address, has it, and is gone', async () => {
    const labels = { ...controlPlane, namespace: testbed.namespace }
    const counts = async (): Promise<readonly number[]> =>
      Promise.all(['total', 'ready', 'pending'].map((count) => scrape.value(`claims_${count}`, labels)))
    await testbed.createPool('10.160.2.1', { name: 'claimed-pool', className: 'nobodys-class' })
    // The provider binds no claim without a Cluster. Those that have an endpoint are left alone by the allocator.
    for (const name of ['me-first', 'me-second']) {
      await testbed.createCluster(name, { spec: 'controlPlaneEndpoint: { host: 192.0.2.1, port: 6443 }' })
    }
    await postClaim(testbed, 'me-first', 'claimed-pool', ofControlPlane)
    await testbed.untilClaim('vip-cp-me-first', (now) => now?.addressName !== undefined)
    const before = await scrape.until('claims_total', labels, (claims) => claims >= 4)
    await scrape.untilIs('claims_ready', labels, before - 1)
    const [total = 0, ready = 0, pending = 0] = await counts()
    await postClaim(testbed, 'me-second', 'claimed-pool', ofControlPlane)
    await scrape.untilIs('claims_pending', labels, pending + 1)
    expect(await counts()).toEqual([total + 1, ready, pending + 1])
    await deleteClaim('vip-cp-me-first')
    await scrape.untilIs('claims_pending', labels, pending)
    expect(await counts()).toEqual([total, ready, pending])
    await deleteClaim('vip-cp-me-second')
    await scrape.untilIs('claims_total', labels, total - 1)
  })
})

describe('waiting Clusters', () => {
  it('are shown by reason until they are served', async () => {
    const className = 'awaited-class'
    const noPool = { ...controlPlane, reason: 'NoMatchingPool' }
    const paused = { ...controlPlane, reason: 'ClusterPaused' }
    const exhausted = { ...controlPlane, reason: 'PoolExhausted' }
    await testbed.createClass(className)
    await testbed.createCluster('me-wait-1', { className })
    await scrape.untilIs('waiting_clusters', noPool, 1)
    await testbed.createCluster('me-wait-2', { className, spec: 'paused: true' })
    await scrape.untilIs('waiting_clusters', paused, 1)
    await testbed.createPool('10.160.3.1', { name: 'awaited-pool', className })
    await testbed.untilServed('me-wait-1')
    await scrape.untilIs('waiting_clusters', noPool, undefined)
    await testbed.editCluster('me-wait-2', { paused: null })
    await scrape.untilIs('waiting_clusters', exhausted, 1)
    expect(await scrape.page()).not.toContain('reason="ClusterPaused"')
    await testbed.deleteCluster('me-wait-2')
    await scrape.untilIs('waiting_clusters', exhausted, undefined)
  })
})

describe('what is not as it should be', () => {
  it('is shown where a VIP is lost, until it is reserved again', async () => {
    const className = await testbed.createClassWithPool('losing', '10.160.4.1')
    await testbed.createCluster('me-lost', { className })
    await testbed.untilServed('me-lost')
    const pool = testbed.path('inclusterippools', 'losing-pool')
    await testbed.patch(pool, { spec: { addresses: ['10.160.4.9'] } })
    await deleteClaim('vip-cp-me-lost')
    await scrape.untilIs('lost_addresses', controlPlane, 1)
    expect(await scrape.value('lost_addresses', { role: 'ingress' })).toBe(0)
    await testbed.patch(pool, { spec: { addresses: ['10.160.4.1', '10.160.4.9'] } })
    await scrape.untilIs('lost_addresses', controlPlane, 0)
  })

  it('is shown where an address is kept reserved because two have it, as long as that Cluster is there', async () => {
    const [first, second] = [
      await testbed.createClassWithPool('holding', '10.160.5.1'),
      await testbed.createClassWithPool('passing', '10.160.5.1-10.160.5.2'),
    ]
    await testbed.createCluster('me-holder', { className: first })
    await testbed.untilServed('me-holder')
    expect(await scrape.value('reserved_addresses')).toBe(0)
    await testbed.createCluster('me-passer', { className: second })
    await testbed.untilServed('me-passer')
    await scrape.untilIs('reserved_addresses', {}, 1)
    await testbed.deleteCluster('me-passer')
    await scrape.untilIs('reserved_addresses', {}, 0)
  })

  it('is shown where a claim outlives its Cluster, until the claim is gone', async () => {
    await scrape.untilIs('leaked_claims', controlPlane, 1)
    expect(await scrape.value('leaked_claims', { role: 'ingress' })).toBe(0)
    await deleteClaim('vip-cp-ghost')
    await scrape.untilIs('leaked_claims', controlPlane, 0)
  })
})

describe('the page', () => {
  it('holds the name of no Cluster, though it has seen them come, wait, lose and go', async () => {
    const page = await scrape.page()
    expect(page).toContain('gauge-pool')
    expect(page).not.toContain('me-')
    expect(page).not.toContain('ghost')
  })
})
