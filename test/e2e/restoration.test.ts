import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { linesOf } from './log-lines.ts'
import { getObject } from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
})

afterAll(() => suite.close())

/** A Cluster of a class and a pool of its own, that is served. */
async function served(name: string, addresses: string): Promise<Cluster> {
  await testbed.createClass(name)
  await testbed.createPool(addresses, { name, className: name })
  await testbed.createCluster(name, { className: name })
  return testbed.untilServed(name)
}

async function deleteClaim(name: string): Promise<string | undefined> {
  const claim = await testbed.untilClaim(name, (now) => now !== undefined)
  await testbed.delete('ipaddressclaims', name)
  return claim?.uid
}

/** Resolves when the claim is bound to an IPAddress of this address, and is another one than before. */
async function untilHeld(claimName: string, address: string, formerUid?: string): Promise<void> {
  await eventually(`${claimName} to hold ${address}`, async () => {
    const claim = await testbed.untilClaim(
      claimName,
      (now) => now?.addressName !== undefined && now.uid !== formerUid && !now.isDeleting,
    )
    const held = (await testbed.ipAddresses()).find(({ name }) => name === claim?.addressName)
    return held?.address === address ? true : undefined
  })
}

describe('a claim that is deleted by hand under a served Cluster', () => {
  it('is made again with the same address, though a lower one is free', async () => {
    const first = await served('re-low', '10.90.0.10-10.90.0.14')
    await testbed.createCluster('re-high', { className: 're-low' })
    const { controlPlaneEndpoint, uid } = await testbed.untilServed('re-high')
    expect(controlPlaneEndpoint.host).toBe('10.90.0.11')
    await testbed.deleteCluster('re-low')
    await testbed.untilCluster('re-low', (now) => now === undefined)
    await testbed.untilClaim('vip-cp-re-low', (now) => now === undefined)
    expect(first.controlPlaneEndpoint.host).toBe('10.90.0.10')

    const former = await deleteClaim('vip-cp-re-high')
    await untilHeld('vip-cp-re-high', '10.90.0.11', former)
    const { metadata } = await getObject(testbed, 'ipaddressclaims', 'vip-cp-re-high')
    expect(metadata).toMatchObject({ ownerReferences: [{ kind: 'Cluster', uid, controller: true }] })
    expect((await testbed.untilServed('re-high')).controlPlaneEndpoint).toEqual(controlPlaneEndpoint)
  })

  it('is made again also where that happened while nobody watched', async () => {
    const { controlPlaneEndpoint } = await served('re-unseen', '10.91.0.10-10.91.0.14')
    await suite.allocator.stop()
    const former = await deleteClaim('vip-cp-re-unseen')
    await testbed.untilClaim('vip-cp-re-unseen', (now) => now === undefined)
    await suite.start()
    await untilHeld('vip-cp-re-unseen', controlPlaneEndpoint.host, former)
    expect((await testbed.untilServed('re-unseen')).controlPlaneEndpoint).toEqual(controlPlaneEndpoint)
  })

  it('leaves its address to nobody else meanwhile', async () => {
    const { controlPlaneEndpoint } = await served('re-race', '10.92.0.10-10.92.0.19')
    const former = await deleteClaim('vip-cp-re-race')
    const names = ['re-race-1', 're-race-2', 're-race-3']
    await Promise.all(names.map((name) => testbed.createCluster(name, { className: 're-race' })))
    const others = await Promise.all(names.map((name) => testbed.untilServed(name)))
    await untilHeld('vip-cp-re-race', controlPlaneEndpoint.host, former)
    const hosts = [controlPlaneEndpoint, ...others.map((other) => other.controlPlaneEndpoint)]
    expect(new Set(hosts.map(({ host }) => host)).size).toBe(4)
  })

  it('is shown as lost where no pool has the address any more, and made again when one has', async () => {
    const { controlPlaneEndpoint } = await served('re-lost', '10.93.0.10')
    const pool = testbed.path('inclusterippools', 're-lost')
    await testbed.patch(pool, { spec: { addresses: ['10.93.0.20-10.93.0.22'] } })
    const former = await deleteClaim('vip-cp-re-lost')
    const key = testbed.keyOf('re-lost')
    await temporal.untilPending(key, { activity: 'selectIPPool', reason: 'AddressLost' })
    expect((await testbed.untilServed('re-lost')).controlPlaneEndpoint).toEqual(controlPlaneEndpoint)
    await testbed.patch(pool, { spec: { addresses: ['10.93.0.10', '10.93.0.20-10.93.0.22'] } })
    await untilHeld('vip-cp-re-lost', controlPlaneEndpoint.host, former)
  })
})

describe('an IPAddress that is deleted by hand under a served Cluster', () => {
  it('stays, since the provider protects it, and so does the host', async () => {
    const { controlPlaneEndpoint } = await served('re-address', '10.94.0.10-10.94.0.12')
    await testbed.delete('ipaddresses', 'vip-cp-re-address')
    await testbed.createCluster('re-address-2', { className: 're-address' })
    const other = await testbed.untilServed('re-address-2')
    expect(other.controlPlaneEndpoint.host).not.toBe(controlPlaneEndpoint.host)
    expect(await testbed.addresses()).toContain('vip-cp-re-address')
  })

  it('is had again where somebody took its protection away too', async () => {
    const { controlPlaneEndpoint } = await served('re-forced', '10.95.0.10-10.95.0.14')
    const path = testbed.path('ipaddresses', 'vip-cp-re-forced')
    // A lower address than ours must be free, or the provider would give the same one by chance.
    await testbed.patch(testbed.path('inclusterippools', 're-forced'), {
      spec: { addresses: ['10.95.0.1-10.95.0.14'] },
    })
    await testbed.api.send({ method: 'DELETE', path })
    await testbed.patch(path, { metadata: { finalizers: null } })
    await untilHeld('vip-cp-re-forced', controlPlaneEndpoint.host)
    expect((await testbed.untilServed('re-forced')).controlPlaneEndpoint).toEqual(controlPlaneEndpoint)
  })
})

describe('a new Cluster whose annotation names an address', () => {
  const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'
  const ingressVip = 'vip.capi.gorizond.io/ingress-vip'
  const typing = (address: string) => ({ annotations: { [vipAnnotation]: address } })
  /** A pool of all namespaces that is open to one of them only, for a class of its own. */
  const closed = {
    kind: 'GlobalInClusterIPPool',
    className: 'gold-class',
    annotations: { 'vip.capi.gorizond.io/namespaces': 'gold-tenant' },
  } as const

  it('of a pool that is closed to it has one of its own pool, and is told why', async () => {
    const className = 're-thief'
    await testbed.createClass(className)
    const gold = await testbed.createPool('10.96.0.1-10.96.0.20', { ...closed, name: 'gold' })
    await testbed.createPool('10.96.1.10-10.96.1.12', { name: className, className })
    await testbed.createCluster(className, { className, ...typing('10.96.0.7') })
    const { controlPlaneEndpoint, annotations } = await testbed.untilServed(className)
    expect(controlPlaneEndpoint.host).toBe('10.96.1.10')
    expect(annotations[vipAnnotation]).toBe('10.96.1.10')
    expect((await testbed.ipAddresses()).map(({ address }) => address)).not.toContain('10.96.0.7')
    const why = `10.96.0.7 in the annotation ${vipAnnotation} is not taken: GlobalInClusterIPPool/${gold} is for ClusterClass gold-class`
    await eventually(`a line that says ${why}`, async () => {
      await Promise.resolve()
      return linesOf(suite.allocator.logPath).find(({ message }) => message.includes(why))
    })
  })

  it('of its own pool has that one', async () => {
    const className = 're-kept'
    await testbed.createClass(className)
    await testbed.createPool('10.97.0.10-10.97.0.14', { name: className, className })
    await testbed.createCluster(className, { className, ...typing('10.97.0.12') })
    expect(await testbed.hostOf(className)).toBe('10.97.0.12')
    await untilHeld('vip-cp-re-kept', '10.97.0.12')
  })

  it('that is excluded or the gateway has another one', async () => {
    const className = 're-left-out'
    await testbed.createClass(className)
    await testbed.createPool('10.98.0.1-10.98.0.14', { name: className, className })
    await testbed.patch(testbed.path('inclusterippools', className), {
      spec: { gateway: '10.98.0.1', excludedAddresses: ['10.98.0.7'] },
    })
    await testbed.createCluster('re-gateway', { className, ...typing('10.98.0.1') })
    expect(await testbed.hostOf('re-gateway')).toBe('10.98.0.2')
    await testbed.createCluster('re-excluded', { className, ...typing('10.98.0.7') })
    expect(await testbed.hostOf('re-excluded')).toBe('10.98.0.3')
  })

  it('as ingress VIP has no claim on a closed pool, keeps its annotation, and is shown as lost', async () => {
    const className = 're-ingress'
    await testbed.createClass(className)
    await testbed.createPool('10.99.10.1-10.99.10.20', {
      ...closed,
      name: 'gold-ingress',
      labels: { 'vip.capi.gorizond.io/role': 'ingress' },
    })
    await testbed.createPool('10.99.11.10', { name: className, className })
    await testbed.createCluster(className, { className, annotations: { [ingressVip]: '10.99.10.7' } })
    await temporal.untilPending(testbed.keyOf(className), { activity: 'selectIPPool', reason: 'AddressLost' })
    const { annotations } = await testbed.untilServed(className)
    expect(annotations[ingressVip]).toBe('10.99.10.7')
    expect(await testbed.claims()).not.toContain('vip-ingress-re-ingress')
  })
})
