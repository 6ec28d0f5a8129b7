import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { getObject, postClaim } from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.20.0.10-10.20.0.40')
  await suite.start()
})

afterAll(() => suite.close())

describe('a Cluster of a ClusterClass', () => {
  it.each(['cluster-v1beta2', 'cluster-v1beta1'])(
    'gets endpoint, variable and annotation at once, as %s of the examples',
    async (example) => {
      await testbed.applyExample(example, ['name: demo-cluster', `name: ${example}`])
      const cluster = await testbed.untilServed(example)
      const { host } = cluster.controlPlaneEndpoint
      expect(host).toMatch(/^10\.20\.0\.[1-4]\d$/)
      expect(cluster.controlPlaneEndpoint.port).toBe(6443)
      expect(cluster.annotations[vipAnnotation]).toBe(host)
      expect(cluster.topology?.variables).toEqual([{ name: 'clusterVip', value: host }])
      await testbed.untilCluster(example, (now) => now?.resourceVersion !== cluster.resourceVersion)
    },
  )

  it('has an owned, labeled and bound claim', async () => {
    await testbed.createCluster('claimed')
    const { uid } = await testbed.untilServed('claimed')
    await testbed.untilClaim('vip-cp-claimed', (now) => now?.addressName !== undefined)
    const owner = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', name: 'claimed', uid }
    expect(await getObject(testbed, 'ipaddressclaims', 'vip-cp-claimed')).toMatchObject({
      metadata: {
        labels: { 'cluster.x-k8s.io/cluster-name': 'claimed', 'vip.capi.gorizond.io/role': 'control-plane' },
        ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
      },
      spec: { poolRef: { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'InClusterIPPool', name: 'vip-pool' } },
    })
  })

  it('gives its address back when it is deleted', async () => {
    await testbed.createCluster('short-lived')
    await testbed.untilServed('short-lived')
    expect(await testbed.addresses()).toContain('vip-cp-short-lived')
    await testbed.deleteCluster('short-lived')
    await testbed.untilClaim('vip-cp-short-lived', (now) => now === undefined)
    expect(await testbed.claims()).not.toContain('vip-cp-short-lived')
    expect(await testbed.addresses()).not.toContain('vip-cp-short-lived')
  })

  it('gets an address of its own among twenty at once', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `burst-${index}`)
    await Promise.all(names.map((name) => testbed.createCluster(name)))
    const clusters = await Promise.all(names.map((name) => testbed.untilServed(name)))
    const hosts = clusters.map(({ controlPlaneEndpoint }) => controlPlaneEndpoint.host)
    expect(new Set(hosts).size).toBe(20)
  })

  it('is served again after it was re-created under the same name', async () => {
    await testbed.createCluster('phoenix')
    const first = await testbed.untilServed('phoenix')
    await testbed.deleteCluster('phoenix')
    await testbed.untilCluster('phoenix', (now) => now === undefined)
    await testbed.createCluster('phoenix')
    const second = await testbed.untilServed('phoenix')
    expect(second.uid).not.toBe(first.uid)
    const claim = await testbed.untilClaim('vip-cp-phoenix', (now) => now?.addressName !== undefined)
    expect(claim?.ownerReferences[0]?.uid).toBe(second.uid)
  })
})

describe('a Cluster that needs no address', () => {
  it('keeps the endpoint it was given by hand, and costs none', async () => {
    const spec = 'controlPlaneEndpoint: { host: 10.99.0.1, port: 8443 }'
    await testbed.createCluster('manual', { spec })
    await testbed.createCluster('after-manual')
    await testbed.untilServed('after-manual')
    expect((await testbed.untilServed('manual')).controlPlaneEndpoint).toEqual({
      host: '10.99.0.1',
      port: 8443,
    })
    expect(await testbed.claims()).not.toContain('vip-cp-manual')
  })

  it('is left alone while it is paused, and served once it is not', async () => {
    await testbed.createCluster('paused', { spec: 'paused: true' })
    await testbed.createCluster('after-paused')
    await testbed.untilServed('after-paused')
    expect(await testbed.claims()).not.toContain('vip-cp-paused')
    await testbed.editCluster('paused', { paused: null })
    await testbed.untilServed('paused')
  })
})

describe('a Cluster that waits', () => {
  it('gets its address when a pool for it appears', async () => {
    const className = 'waiting-class'
    await testbed.createClass(className)
    await testbed.createCluster('waiting', { className })
    await temporal.untilPending(testbed.keyOf('waiting'), {
      activity: 'selectIPPool',
      reason: 'NoMatchingPool',
    })
    await testbed.createPool('10.0.0.10', { name: 'late-pool', className })
    expect(await testbed.hostOf('waiting')).toBe('10.0.0.10')
  })

  it('gets the address that another one gives back', async () => {
    const className = 'scarce-class'
    await testbed.createClass(className)
    await testbed.createPool('10.0.0.77', { name: 'scarce-pool', className })
    await testbed.createCluster('first', { className })
    expect(await testbed.hostOf('first')).toBe('10.0.0.77')
    await testbed.createCluster('second', { className })
    await temporal.untilPending(testbed.keyOf('second'), {
      activity: 'selectIPPool',
      reason: 'PoolExhausted',
    })
    await testbed.deleteCluster('first')
    expect(await testbed.hostOf('second')).toBe('10.0.0.77')
  })

  it('ends its run, which says so, when it is deleted', async () => {
    const className = 'poolless-class'
    await testbed.createClass(className)
    await testbed.createCluster('hopeless', { className })
    await temporal.untilPending(testbed.keyOf('hopeless'), {
      activity: 'selectIPPool',
      reason: 'NoMatchingPool',
    })
    await testbed.deleteCluster('hopeless')
    const result: unknown = await temporal.client.workflow
      .getHandle(workflowIdFor(testbed.keyOf('hopeless')))
      .result()
    expect(result).toMatchObject({
      roles: { 'control-plane': { outcome: 'skipped', reason: 'ClusterDeleted' } },
    })
  })

  it('keeps an endpoint that comes from elsewhere meanwhile, and gives its claim back', async () => {
    const className = 'impatient-class'
    await testbed.createClass(className)
    await testbed.createPool('10.62.0.1', { name: 'impatient-pool', className })
    await testbed.pausePool('impatient-pool', true)
    // An unbound claim: a pool that is paused would not be chosen, so the claim is there first, and adopted.
    await postClaim(testbed, 'impatient', 'impatient-pool')
    await testbed.createCluster('impatient', { className })
    await temporal.untilPending(testbed.keyOf('impatient'), {
      activity: 'awaitIPAddress',
      reason: 'PoolNotReady',
    })
    await testbed.editCluster('impatient', { controlPlaneEndpoint: { host: '10.99.0.2', port: 6443 } })
    await testbed.untilClaim('vip-cp-impatient', (now) => now === undefined || now.isDeleting)
    // The provider lets go of a claim only while its pool is not paused.
    await testbed.pausePool('impatient-pool', false)
    await testbed.untilClaim('vip-cp-impatient', (now) => now === undefined)
    expect(await testbed.hostOf('impatient')).toBe('10.99.0.2')
  })
})

describe('Clusters that race for the last address of a pool', () => {
  it('all get one where another pool has room', async () => {
    const className = 'racing-class'
    await testbed.createClass(className)
    await testbed.createPool('10.60.0.1', { name: 'a-first', className })
    await testbed.createPool('10.61.0.1-10.61.0.9', { name: 'b-second', className })
    const names = ['racer-1', 'racer-2', 'racer-3']
    await Promise.all(names.map((name) => testbed.createCluster(name, { className })))
    const served = await Promise.all(names.map((name) => testbed.untilServed(name)))
    const hosts = served.map(({ controlPlaneEndpoint }) => controlPlaneEndpoint.host)
    expect(hosts).toContain('10.60.0.1')
    expect(new Set(hosts).size).toBe(names.length)
  })
})

describe('the program', () => {
  it('says that it is alive and ready, in words', async () => {
    expect(await (await fetch(suite.allocator.healthUrl)).text()).toBe('ok\n')
    expect(await (await fetch(suite.allocator.readyUrl)).json()).toMatchObject({
      ready: true,
      checks: {
        temporal: { ok: true },
        worker: { ok: true, detail: 'polling' },
        'watch-clusters': { ok: true, detail: 'listening' },
      },
    })
  })

  it('shows its own series, the process’s and Temporal Core’s on one page', async () => {
    const page = await (await fetch(suite.allocator.metricsUrl)).text()
    expect(page).toMatch(/^capi_vip_allocator_workflow_requests_total\{outcome="started"\} \d+/m)
    expect(page).toMatch(
      /^capi_vip_allocator_api_request_duration_seconds_count\{verb="patch",resource="clusters",code="200"\} \d+/m,
    )
    expect(page).toMatch(/^process_cpu_seconds_total/m)
    expect(page).toMatch(/^temporal_workflow_completed_total/m)
  })
})
