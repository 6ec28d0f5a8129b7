import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { AllocationStatus } from '../../src/workflows/contract.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const duplicates = 'vip.capi.gorizond.io/duplicate-addresses'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
})

afterAll(() => suite.close())

/** Two classes with a pool each; the pools overlap where their addresses do. */
async function twoPools(name: string, first: string, second: string): Promise<readonly [string, string]> {
  const classNames = [`${name}-a`, `${name}-b`] as const
  const addresses = [first, second]
  for (const [index, className] of classNames.entries()) {
    await testbed.createClass(className)
    await testbed.createPool(addresses[index] ?? '', { name: className, className })
  }
  return classNames
}

/** Resolves when nobody but the Clusters' own claims holds an address of that pool. */
async function untilNoReservation(address: string): Promise<void> {
  await eventually(`no reservation of ${address}`, async () => {
    const left = (await testbed.ipAddresses()).filter(
      (each) => each.address === address && each.name.startsWith('vip-reserved-'),
    )
    return left.length === 0 ? true : undefined
  })
}

describe('an address that two pools have', () => {
  it('is given to one Cluster, and the other gets the next free one, which both can be seen', async () => {
    const [a, b] = await twoPools('du-two', '10.80.0.10-10.80.0.12', '10.80.0.10-10.80.0.12')
    await testbed.createCluster('du-first', { className: a })
    expect(await testbed.hostOf('du-first')).toBe('10.80.0.10')
    await testbed.createCluster('du-second', { className: b })
    expect(await testbed.hostOf('du-second')).toBe('10.80.0.11')

    const second = await testbed.untilServed('du-second')
    expect(second.annotations[duplicates]).toBe('10.80.0.10')
    expect(await testbed.addresses()).toContain('vip-reserved-du-second-10.80.0.10')
    const run = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf('du-second')))
    await run.result()
    const { roles } = await run.query<AllocationStatus>('status')
    expect(roles['control-plane']?.duplicates).toEqual([
      `10.80.0.10 is the endpoint of Cluster ${testbed.namespace}/du-first and IPAddress ${testbed.namespace}/vip-cp-du-first of InClusterIPPool/du-two-a for claim vip-cp-du-first; it stays reserved, and the next one is tried`,
    ])
  })

  it('is never on two of many Clusters that come at once', async () => {
    const [a, b] = await twoPools('du-many', '10.81.0.10-10.81.0.40', '10.81.0.10-10.81.0.40')
    const names = Array.from({ length: 10 }, (_, index) => `du-many-${index}`)
    await Promise.all(
      names.map((name, index) => testbed.createCluster(name, { className: index % 2 === 0 ? a : b })),
    )
    const hosts = await Promise.all(names.map((name) => testbed.hostOf(name)))
    expect(new Set(hosts).size).toBe(names.length)
  })

  it('is let go by the Cluster that met it once nobody has it any more', async () => {
    const [a, b] = await twoPools('du-gone', '10.82.0.10', '10.82.0.10-10.82.0.11')
    await testbed.createCluster('du-holder', { className: a })
    await testbed.hostOf('du-holder')
    await testbed.createCluster('du-passer', { className: b })
    expect(await testbed.hostOf('du-passer')).toBe('10.82.0.11')
    await testbed.deleteCluster('du-holder')
    await testbed.untilCluster('du-passer', (now) => now?.annotations[duplicates] === undefined)
    await untilNoReservation('10.82.0.10')
    await testbed.createCluster('du-next', { className: b })
    expect(await testbed.hostOf('du-next')).toBe('10.82.0.10')
  })

  it('that is the only one is waited for, and given to whoever waits when it is free', async () => {
    const [a, b] = await twoPools('du-only', '10.83.0.10', '10.83.0.10')
    await testbed.createCluster('du-has', { className: a })
    await testbed.hostOf('du-has')
    await testbed.createCluster('du-waits', { className: b })
    const key = testbed.keyOf('du-waits')
    await temporal.untilPending(key, { activity: 'selectIPPool', reason: 'PoolExhausted' })
    await testbed.deleteCluster('du-has')
    expect(await testbed.hostOf('du-waits')).toBe('10.83.0.10')
  })
})

describe('an address that somebody typed into a Cluster', () => {
  it('is never assigned to another, and goes round', async () => {
    await testbed.createClass('du-typed')
    await testbed.createCluster('du-manual', {
      className: 'du-typed',
      spec: 'controlPlaneEndpoint: { host: 10.84.0.10, port: 6443 }',
    })
    await testbed.createPool('10.84.0.10-10.84.0.12', { name: 'du-typed', className: 'du-typed' })
    const names = ['du-typed-1', 'du-typed-2']
    await Promise.all(names.map((name) => testbed.createCluster(name, { className: 'du-typed' })))
    const hosts = await Promise.all(names.map((name) => testbed.hostOf(name)))
    expect(hosts.toSorted()).toEqual(['10.84.0.11', '10.84.0.12'])
    expect(await testbed.claims()).not.toContain('vip-cp-du-manual')
  })

  it('is known in every spelling of IPv6', async () => {
    await testbed.createClass('du-v6')
    await testbed.createCluster('du-v6-manual', {
      className: 'du-v6',
      spec: 'controlPlaneEndpoint: { host: "FD00:84:0::0010", port: 6443 }',
    })
    await testbed.api.send({
      method: 'POST',
      path: testbed.path('inclusterippools'),
      body: {
        apiVersion: 'ipam.cluster.x-k8s.io/v1alpha2',
        kind: 'InClusterIPPool',
        metadata: {
          name: 'du-v6',
          namespace: testbed.namespace,
          labels: { 'vip.capi.gorizond.io/cluster-class': 'du-v6' },
        },
        spec: { addresses: ['fd00:84::10-fd00:84::12'], prefix: 64 },
      },
    })
    await testbed.createCluster('du-v6-auto', { className: 'du-v6' })
    expect(await testbed.hostOf('du-v6-auto')).toBe('fd00:84::11')
  })
})

describe('an address that a deletion in the foreground frees', () => {
  it('goes to nobody while its Cluster still exists, and to the next one afterwards', async () => {
    const className = 'du-foreground'
    await testbed.createClass(className)
    await testbed.createPool('10.85.0.10-10.85.0.11', { name: className, className })
    await testbed.createCluster('du-leaving', { className })
    expect(await testbed.hostOf('du-leaving')).toBe('10.85.0.10')
    const path = testbed.path('clusters', 'du-leaving')
    const { metadata } = await testbed.api.send<{ metadata: { finalizers: string[] } }>({
      method: 'GET',
      path,
    })
    const held = 'test.capi-vip-allocator/held'
    await testbed.patch(path, { metadata: { finalizers: [...metadata.finalizers, held] } })
    await testbed.api.send({ method: 'DELETE', path: `${path}?propagationPolicy=Foreground` })
    await testbed.untilClaim('vip-cp-du-leaving', (now) => now === undefined)

    await testbed.createCluster('du-coming', { className })
    expect(await testbed.hostOf('du-coming')).toBe('10.85.0.11')
    await testbed.createCluster('du-last', { className })
    const key = testbed.keyOf('du-last')
    await temporal.untilPending(key, { activity: 'selectIPPool', reason: 'PoolExhausted' })

    await testbed.patch(path, { metadata: { finalizers: null } })
    await testbed.untilCluster('du-leaving', (now) => now === undefined)
    expect(await testbed.hostOf('du-last')).toBe('10.85.0.10')
  })
})
