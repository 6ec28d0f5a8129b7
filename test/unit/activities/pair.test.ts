import { describe, expect, it } from '@jest/globals'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { aClaim, aCluster, anIPAddress, aPool } from '../../support/builders.ts'
import { failureOf, poolRef, run, step } from './support.ts'

const prefix = 'vip.capi.gorizond.io'
const asks = { [`${prefix}/ip-families`]: 'IPv4,IPv6' }
const inPlace = aCluster({
  annotations: { ...asks, [`${prefix}/control-plane-vip`]: '10.0.0.10,fd00::10' },
  endpoint: { host: '10.0.0.10', port: 6443 },
  topology: null,
})
const six = aPool({ name: 'six', addresses: ['fd00::10-fd00::20'], prefix: 64 })
const sixRef = { ...poolRef, name: 'six' }
const second = { ...step, half: 'second' } as const
const secondName = 'vip-cp2-demo'
const of = (family: string) => ({ [`${prefix}/ip-family`]: family })
const first = aClaim({ addressName: 'vip-cp-demo', labels: of('IPv4') })
const other = aClaim({ name: secondName, poolName: 'six', addressName: secondName, labels: of('IPv6') })

function calls(cluster: ReturnType<typeof aCluster>, ...claims: ReturnType<typeof aClaim>[]) {
  const addresses = [
    anIPAddress(),
    anIPAddress({ name: secondName, claimName: secondName, poolName: 'six', address: 'fd00::10' }),
  ]
  return {
    getCluster: async () => cluster,
    getIPAddressClaim: async ({ name }) => claims.find((claim) => claim.name === name),
    getIPAddress: async ({ name }) => addresses.find((each) => each.name === name),
    listIPPools: async () => [aPool(), six],
    listAddressUse: async () => ({ clusters: [cluster], ipAddresses: addresses }),
  } satisfies Partial<ClusterApi>
}

describe('the steps for the second address of a pair', () => {
  const asking = aCluster({
    annotations: {
      ...asks,
      [`${prefix}/control-plane-enabled`]: 'true',
      [`${prefix}/control-plane-pool`]: 'vip-pool,six',
    },
    topology: null,
  })

  it('follow the first selection, which says that there is one', async () => {
    expect(await run('selectIPPool', step, calls(asking))).toMatchObject({
      next: 'claim',
      isPair: true,
      poolRef,
    })
    expect(await run('selectIPPool', second, calls(asking, first))).toMatchObject({
      next: 'claim',
      poolRef: sixRef,
    })
  })

  it('restart if the first address is not held any more', async () => {
    expect(await run('selectIPPool', second, calls(asking))).toMatchObject({ next: 'restart' })
    const input = { ...second, poolRef: sixRef }
    expect(await run('ensureIPAddressClaim', input, calls(asking))).toMatchObject({ next: 'restart' })
  })

  it('leave a pair that an attempt has assigned already, and whose result was lost, to the last one', async () => {
    const things = calls(inPlace, first, other)
    expect(await run('selectIPPool', second, things)).toMatchObject({ next: 'claim', isFound: true })
    const input = { ...second, poolRef: sixRef }
    expect(await run('ensureIPAddressClaim', input, things)).toEqual({
      next: 'await',
      claim: secondName,
      poolRef: sixRef,
    })
    expect(await run('awaitIPAddress', second, things)).toEqual({ next: 'assign', address: 'fd00::10' })
    const both = { ...step, address: '10.0.0.10', second: { address: 'fd00::10' } }
    expect(await run('assignVip', both, things)).toMatchObject({
      next: 'assigned',
      host: '10.0.0.10',
      secondHost: 'fd00::10',
      claim: 'vip-cp-demo',
      second: { claim: secondName, poolRef: sixRef },
    })
  })

  it('write nothing about one address alone, should a run of a former program end so', async () => {
    const alone = { ...step, address: '10.0.0.10' }
    expect(await run('assignVip', alone, calls(asking, first))).toMatchObject({ next: 'restart' })
    const failure = await failureOf(
      run('selectIPPool', second, { ...calls(asking, first), listIPPools: async () => [aPool()] }),
    )
    expect(failure.message).toContain('10.0.0.10 is held meanwhile')
  })
})
