import { describe, expect, it } from '@jest/globals'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { aClaim, aCluster, anIPAddress, aPool } from '../../support/builders.ts'
import { failureOf, poolRef, run, step } from './support.ts'

const address = '10.0.0.12'
const annotations = { 'vip.capi.gorizond.io/control-plane-vip': address }
const served = aCluster({ endpoint: { host: address, port: 6443 }, annotations, rendered: true })
const holder = aCluster({ name: 'holder', endpoint: { host: address, port: 6443 } })

function calls(cluster: ReturnType<typeof aCluster>, ...others: ReturnType<typeof aCluster>[]) {
  return {
    getCluster: async () => cluster,
    getIPAddressClaim: async () => undefined,
    listIPPools: async () => [aPool({ gateway: '10.0.0.1' })],
    listAddressUse: async () => ({ clusters: [cluster, ...others], ipAddresses: [] }),
  } satisfies Partial<ClusterApi>
}

describe('selectIPPool for a Cluster whose claim is lost', () => {
  it('finds the pool that has the address', async () => {
    expect(await run('selectIPPool', step, calls(served))).toEqual({
      next: 'claim',
      uid: 'uid-of-demo',
      poolRef,
      considered: [],
      restore: { address, prefix: 24, gateway: '10.0.0.1', poolRef },
    })
  })

  it('says that the address is lost where somebody else has it', async () => {
    const failure = await failureOf(run('selectIPPool', step, calls(served, holder)))
    expect(failure).toMatchObject({ type: 'AddressLost', nonRetryable: false })
    expect(failure.category).not.toBe('BENIGN')
  })

  it('takes a new one where the Cluster has none at present and somebody else has the old one', async () => {
    const dropped = aCluster({ annotations })
    const result = await run('selectIPPool', step, calls(dropped, holder))
    expect(result).toMatchObject({ next: 'claim', poolRef })
    expect(result).not.toHaveProperty('restore')
  })
})

describe('selectIPPool for a Cluster whose annotation names an address without a host', () => {
  const typed = aCluster({ annotations })
  const closed = aPool({ name: 'gold', annotations: { 'vip.capi.gorizond.io/namespaces': 'gold-tenant' } })
  const own = aPool({ addresses: ['10.1.0.10-10.1.0.12'] })
  const why = `${address} in the annotation vip.capi.gorizond.io/control-plane-vip is not taken: GlobalInClusterIPPool/gold is closed to namespace clusters`
  const among = (pools: readonly ReturnType<typeof aPool>[], cluster = typed) => ({
    ...calls(cluster),
    listIPPools: async () => pools,
  })

  it('takes a new one where the pool is closed to it, and says why', async () => {
    const result = await run('selectIPPool', step, among([closed, own]))
    expect(result).toMatchObject({ next: 'claim', poolRef, insteadOf: expect.stringContaining(why) })
    expect(result).not.toHaveProperty('restore')
  })

  it('waits where all pools are closed to it, and says why', async () => {
    const failure = await failureOf(run('selectIPPool', step, among([closed])))
    expect(failure).toMatchObject({ type: 'NoMatchingPool', category: 'BENIGN' })
    expect(failure.message).toContain(`; ${why}`)
  })

  it('has the same one where the pool is open to it', async () => {
    const result = await run('selectIPPool', step, among([own, aPool()]))
    expect(result).toMatchObject({ next: 'claim', restore: { address } })
    expect(result).not.toHaveProperty('insteadOf')
  })

  it('has the same one of whatever pool where it is in use', async () => {
    const result = await run('selectIPPool', step, among([closed, own], served))
    expect(result).toMatchObject({ next: 'claim', poolRef: { name: 'gold' }, restore: { address } })
  })

  it('says that the address is lost where it is an ingress VIP', async () => {
    const ingress = aCluster({ annotations: { 'vip.capi.gorizond.io/ingress-vip': address } })
    const input = { ...step, role: 'ingress' } as const
    const failure = await failureOf(run('selectIPPool', input, among([closed, own], ingress)))
    expect(failure).toMatchObject({ type: 'AddressLost' })
    expect(failure.category).not.toBe('BENIGN')
  })
})

describe('ensureIPAddressClaim with an address to have again', () => {
  const restore = { address, prefix: 24, poolRef }
  const input = { ...step, poolRef, restore }

  async function ensure(
    present: ReturnType<typeof anIPAddress> | undefined,
    asked = input,
  ): Promise<readonly string[]> {
    const written: string[] = []
    await run('ensureIPAddressClaim', asked, {
      ...calls(served),
      getIPAddress: async () => present,
      createIPAddress: async ({ spec }) => {
        written.push(`IPAddress ${(spec as { address: string }).address}`)
        return anIPAddress({ address })
      },
      createIPAddressClaim: async () => {
        written.push('claim')
        return aClaim()
      },
    })
    return written
  }

  it('makes the IPAddress before the claim', async () => {
    expect(await ensure(undefined)).toEqual([`IPAddress ${address}`, 'claim'])
  })

  it('takes an IPAddress that is there already', async () => {
    expect(await ensure(anIPAddress({ address }))).toEqual(['claim'])
  })

  it('takes one that spells the address otherwise', async () => {
    const six = { ...step, poolRef, restore: { address: 'fd00::10', prefix: 64, poolRef } }
    expect(await ensure(anIPAddress({ address: 'FD00:0::10' }), six)).toEqual(['claim'])
  })

  it.each([
    ['holds another address', anIPAddress({ address: '10.0.0.13' })],
    ['is being deleted', anIPAddress({ address, deleting: true })],
  ])('waits while the IPAddress of that name %s', async (_, present) => {
    const failure = await failureOf(ensure(present))
    expect(failure).toMatchObject({ type: 'WaitingForAddress' })
    expect(failure.message).toContain(`has to go before ${address} can be had again`)
  })
})
