import { describe, expect, it } from '@jest/globals'
import { poolsUsableBy } from '../../../src/domain/allocation/snapshot.ts'
import type { Cluster } from '../../../src/domain/model/cluster.ts'
import type { IPPool } from '../../../src/domain/model/pool.ts'
import { clustersToServe, type PoolChange } from '../../../src/watcher/allocation-triggers.ts'
import { clustersAskingFor } from '../../../src/watcher/asked-triggers.ts'
import { aCluster, aPool, controlPlane } from '../../support/builders.ts'
import { queriesOf } from '../../support/snapshot.ts'

const asking = (name: string, address: string): Cluster =>
  aCluster({ name, annotations: { 'vip.capi.gorizond.io/control-plane-address': address } })
const changeOf = (pool: IPPool, previous: IPPool | undefined): PoolChange => ({
  pool,
  previous,
  usableBy: (namespace, pools) => poolsUsableBy(namespace, pools, undefined),
  classOf: () => undefined,
})
const neverCalled = (): never => {
  throw new Error('looked for waiting Clusters in vain')
}

describe('a pool that changes', () => {
  const waiting = [asking('a', '10.0.0.12'), asking('b', '10.0.0.30'), aCluster({ name: 'any' })]
  const named = (pool: IPPool, previous: IPPool | undefined): readonly string[] =>
    clustersAskingFor(
      changeOf(pool, previous),
      () => waiting,
      () => controlPlane,
    ).map(({ name }) => name)

  it('wakes the Clusters that ask for an address that it has, however many addresses it has', () => {
    const full = { total: 2, used: 2, free: 0, outOfRange: 0 }
    expect(named(aPool({ capacity: full }), undefined)).toEqual(['a'])
    expect(named(aPool({ addresses: ['10.0.0.10-10.0.0.40'] }), aPool())).toEqual(['a', 'b'])
  })

  it.each([
    ['excluded addresses', aPool({ excludedAddresses: ['10.0.0.12'] })],
    ['gateway', aPool({ gateway: '10.0.0.12' })],
    ['pause', aPool({ annotations: { 'cluster.x-k8s.io/paused': '' } })],
    ['labels', aPool({ labels: {} })],
  ])('wakes them if its %s changed', (_, previous) => {
    expect(named(aPool(), previous)).toEqual(['a'])
  })

  it('wakes none of them if only its count changed: who has the address decides', () => {
    const counted = aPool({ capacity: { total: 11, used: 1, free: 10, outOfRange: 0 } })
    expect(clustersAskingFor(changeOf(aPool(), counted), neverCalled, () => controlPlane)).toEqual([])
  })

  it('wakes Clusters whose endpoint it can reserve', () => {
    const typed = aCluster({
      name: 'typed',
      endpoint: { host: '10.0.0.12', port: 6443 },
      annotations: { 'vip.capi.gorizond.io/reserve-endpoint': 'true' },
    })
    const found = clustersAskingFor(
      changeOf(aPool({ labels: {} }), undefined),
      () => [typed],
      () => controlPlane,
    )
    expect(found).toEqual([typed])
  })

  it('leaves room for those that take any address: one that asks for another is not among them', () => {
    const one = aPool({ capacity: { total: 11, used: 10, free: 1, outOfRange: 0 } })
    const old = { ...asking('older', '10.0.0.12'), creationTimestamp: '2020-01-01T00:00:00Z' }
    const served = clustersToServe(
      changeOf(one, undefined),
      () => [old, aCluster({ name: 'any' })],
      'control-plane',
      Date.parse('2027-01-01T00:00:00Z'),
    )
    expect(served.map(({ name }) => name)).toEqual(['any'])
  })
})

describe('an address that may be free', () => {
  it('matters to the Clusters that ask for it, that want it reserved, or that have met it as a duplicate', () => {
    const clusters = [
      asking('asks', 'FD00::0A'),
      asking('other', 'fd00::b'),
      aCluster({
        name: 'typed',
        endpoint: { host: 'fd00:0::a', port: 6443 },
        annotations: { 'vip.capi.gorizond.io/reserve-endpoint': 'true' },
      }),
      aCluster({ name: 'met', annotations: { 'vip.capi.gorizond.io/duplicate-addresses': 'fd00::a' } }),
      aCluster({ name: 'any' }),
    ]
    const found = queriesOf({ clusters }).waitingFor('fd00::a')
    expect(found.map(({ name }) => name)).toEqual(['asks', 'typed', 'met'])
  })
})
