import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { postClaim } from './objects.ts'
import { scrapeOf, type Scrape } from './scrape.ts'
import type { Testbed } from './testbed.ts'

let suite: Fixture
let testbed: Testbed
let scrape: Scrape

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  testbed = suite.testbed
  scrape = scrapeOf(suite.allocator)
})

afterAll(() => suite.close())

describe('an allocation', () => {
  it('is counted once for each role, with its attempts and what they took', async () => {
    const className = await testbed.createClassWithPool('counted', '10.161.1.1-10.161.1.3')
    await testbed.createPool('10.161.2.1-10.161.2.3', {
      name: 'counted-ingress-pool',
      className,
      labels: { 'vip.capi.gorizond.io/role': 'ingress' },
    })
    await testbed.createCluster('ms-counted', { className })
    for (const role of ['control-plane', 'ingress']) {
      const labels = { role, cluster_class: className }
      await scrape.untilIs('allocations_total', labels, 1)
      expect(await scrape.value('allocation_duration_seconds_count', labels)).toBe(1)
      expect(await scrape.value('allocation_duration_seconds_sum', labels)).toBeGreaterThan(0)
      expect(await scrape.value('time_to_endpoint_seconds_count', labels)).toBe(1)
    }
    const attempts = await scrape.value('reconcile_total', { cluster_class: className, result: 'success' })
    expect(attempts).toBeGreaterThanOrEqual(8)
    const ofClass = { cluster_class: className }
    expect(await scrape.value('reconcile_duration_seconds_count', ofClass)).toBeGreaterThanOrEqual(attempts)
    expect(await scrape.value('reconcile_duration_seconds_sum', ofClass)).toBeGreaterThan(0)
    expect(await scrape.value('reports_total', { kind: 'condition', result: 'written' })).toBeGreaterThan(0)
    expect(await scrape.value('reports_total', { kind: 'event', result: 'written' })).toBeGreaterThan(0)
  })

  it('is not counted where the Cluster brings its endpoint', async () => {
    const className = await testbed.createClassWithPool('manual', '10.161.3.1')
    await testbed.createCluster('ms-manual', {
      className,
      // A port is missing, so that there is a run.
      spec: 'controlPlaneEndpoint: { host: 10.161.30.1 }',
    })
    await testbed.untilServed('ms-manual')
    await scrape.until(
      'reconcile_total',
      { cluster_class: className, result: 'success' },
      (count) => count > 0,
    )
    expect(await scrape.page()).not.toMatch(/allocations_total\{[^}]*manual-class/)
  })
})

describe('an attempt that fails', () => {
  it('is counted as a wait where the allocation only has to wait, and by its reason', async () => {
    const className = 'poolless-class'
    await testbed.createClass(className)
    await testbed.createCluster('ms-waits', { className })
    await scrape.until(
      'reconcile_total',
      { cluster_class: className, result: 'waiting' },
      (count) => count > 0,
    )
    const labels = { role: 'control-plane', cluster_class: className, reason: 'NoMatchingPool' }
    expect(await scrape.value('allocation_errors_total', labels)).toBeGreaterThan(0)
    expect(await scrape.value('reconcile_total', { cluster_class: className, result: 'error' })).toBe(0)
    const signals = { kind: 'signal', result: 'written' }
    expect(await scrape.until('reports_total', signals, (count) => count > 0)).toBeGreaterThan(0)
  })

  it('is counted as an error where a person has to act, and by its reason', async () => {
    const className = await testbed.createClassWithPool('contested', '10.161.4.1-10.161.4.2')
    const owner = { apiVersion: 'v1', kind: 'Namespace', name: 'kube-system', uid: await uidOfKubeSystem() }
    await postClaim(testbed, 'ms-contested', `${className}-pool`, { ownerReferences: [owner] })
    await testbed.createCluster('ms-contested', { className })
    await scrape.until('reconcile_total', { cluster_class: className, result: 'error' }, (count) => count > 0)
    const labels = { role: 'control-plane', cluster_class: className, reason: 'ClaimConflict' }
    expect(await scrape.value('allocation_errors_total', labels)).toBeGreaterThan(0)
    await testbed.delete('ipaddressclaims', 'vip-cp-ms-contested')
    await scrape.untilIs('allocations_total', { role: 'control-plane', cluster_class: className }, 1)
  })
})

describe('a duplicate', () => {
  it('is counted when a Cluster steps back from it', async () => {
    await testbed.createClassWithPool('twice-a', '10.161.5.1')
    await testbed.createClassWithPool('twice-b', '10.161.5.1-10.161.5.2')
    const role = 'control-plane'
    const before = await scrape.value('duplicates_total', { role })
    await testbed.createCluster('ms-twice-a', { className: 'twice-a-class' })
    await testbed.untilServed('ms-twice-a')
    await testbed.createCluster('ms-twice-b', { className: 'twice-b-class' })
    await scrape.untilIs('allocations_total', { role, cluster_class: 'twice-b-class' }, 1)
    expect(await scrape.value('duplicates_total', { role })).toBe(before + 1)
  })
})

describe('the page', () => {
  it('holds the name of no Cluster', async () => {
    expect(await scrape.page()).not.toContain('ms-')
  })
})

/** An owner that exists in every cluster, so that the garbage collector leaves the claim alone. */
async function uidOfKubeSystem(): Promise<string> {
  const path = '/api/v1/namespaces/kube-system'
  const { metadata } = await testbed.api.send<{ metadata: { uid: string } }>({ method: 'GET', path })
  return metadata.uid
}
