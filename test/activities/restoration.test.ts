import { describe, expect, it } from '@jest/globals'
import type { ClusterApi } from '../../src/kubernetes/cluster-api.ts'
import { aClaim, aCluster, anIPAddress, aPool } from '../support/builders.ts'
import { failureOf, poolRef, run, step } from './support.ts'

const address = '10.0.0.12'
const annotations = { 'vip.capi.gorizond.io/control-plane-vip': address }
const served = aCluster({ endpoint: { host: address, port: 6443 }, annotations })
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

describe('ensureIPAddressClaim with an address to have again', () => {
  const restore = { address, prefix: 24, poolRef }
  const input = { ...step, poolRef, restore }

  async function ensure(present: ReturnType<typeof anIPAddress> | undefined): Promise<readonly string[]> {
    const written: string[] = []
    await run('ensureIPAddressClaim', input, {
      ...calls(served),
      getIPAddress: async () => present,
      createIPAddress: async ({ spec }) => {
        written.push(`IPAddress ${(spec as { address: string }).address}`)
        return anIPAddress()
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

  it.each([
    ['holds another address', anIPAddress({ address: '10.0.0.13' })],
    ['is being deleted', anIPAddress({ address, deleting: true })],
  ])('waits while the IPAddress of that name %s', async (_, present) => {
    const failure = await failureOf(ensure(present))
    expect(failure).toMatchObject({ type: 'WaitingForAddress' })
    expect(failure.message).toContain(`has to go before ${address} can be had again`)
  })
})
