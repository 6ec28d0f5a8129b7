import { describe, expect, it } from '@jest/globals'
import { holdersOf } from '../../src/domain/address-holder.ts'
import { decideRestoration, lossOf } from '../../src/domain/restoration.ts'
import {
  aClaim,
  aCluster,
  anIPAddress,
  aPool,
  controlPlane,
  ownerReference,
  variables,
  type ClusterOptions,
} from '../support/builders.ts'

const address = '10.0.0.10'
const annotations = { 'vip.capi.gorizond.io/control-plane-vip': address }
const endpoint = { host: address, port: 6443 }
const inUse = aCluster({ endpoint, annotations })
const dropped = aCluster({ annotations })
const elsewhere = aPool({ name: 'elsewhere', addresses: ['10.1.0.0/24'] })

function decide(cluster: ReturnType<typeof aCluster>, pools: ReturnType<typeof aPool>[], taken = false) {
  const holder = aCluster({ name: 'other', endpoint })
  const use = { clusters: taken ? [holder] : [], ipAddresses: [] }
  const seeker = { cluster, vip: controlPlane, claimName: 'vip-cp-demo' }
  return decideRestoration(cluster, controlPlane, address, holdersOf(address, seeker, use, variables), pools)
}

describe('decideRestoration', () => {
  it.each([
    ['that is in use', inUse],
    ['that was dropped', dropped],
  ])('finds the pool of an address %s', (_, cluster) => {
    expect(decide(cluster, [elsewhere, aPool()])).toMatchObject({
      decision: 'restore',
      pool: { name: 'vip-pool' },
    })
  })

  it('takes a pool that is meant for the Cluster before one that is not', () => {
    const foreign = aPool({ name: 'a-foreign', labels: {} })
    expect(decide(inUse, [foreign, aPool()])).toMatchObject({ pool: { name: 'vip-pool' } })
    expect(decide(inUse, [foreign])).toMatchObject({ pool: { name: 'a-foreign' } })
  })

  it('finds it in an exhausted or paused pool too: the address is one of it', () => {
    const full = aPool({
      capacity: { total: 11, used: 11, free: 0, outOfRange: 0 },
      annotations: { 'cluster.x-k8s.io/paused': '' },
    })
    expect(decide(inUse, [full])).toMatchObject({ decision: 'restore' })
  })

  it('gives up an address in use that somebody else has, and says who', () => {
    expect(decide(inUse, [aPool()], true)).toEqual({
      decision: 'lost',
      message:
        'Cluster clusters/demo keeps endpoint 10.0.0.10:6443, but its claim is lost and 10.0.0.10 is the endpoint of Cluster clusters/other; give one of them another address',
    })
  })

  it.each<[string, ReturnType<typeof aPool>[], string]>([
    ['no pool has', [elsewhere], 'not in GlobalInClusterIPPool/elsewhere'],
    ['there is no pool for', [], 'there is no pool'],
  ])('gives up an address in use that %s', (_, pools, looked) => {
    expect(decide(inUse, pools)).toEqual({
      decision: 'lost',
      message: `Cluster clusters/demo keeps endpoint 10.0.0.10:6443, but its claim is lost and no pool has 10.0.0.10 (${looked}); add it to a pool to have it reserved again`,
    })
  })

  it('takes a new address where the Cluster has none at present and cannot have the old one', () => {
    expect(decide(dropped, [aPool()], true)).toEqual({ decision: 'allocate-anew' })
    expect(decide(dropped, [elsewhere])).toEqual({ decision: 'allocate-anew' })
  })
})

describe('lossOf', () => {
  const claim = aClaim({ addressName: 'vip-cp-demo' })

  it.each<[string, ClusterOptions]>([
    ['is ours', { endpoint, annotations }],
    ['was dropped', { annotations }],
  ])('finds nothing where a VIP that %s is held by its claim', (_, options) => {
    expect(lossOf(aCluster(options), controlPlane, claim, anIPAddress())).toBeUndefined()
  })

  it.each<[string, ClusterOptions]>([
    ['not ours', { endpoint }],
    ['not there', {}],
    ['of a paused Cluster', { endpoint, annotations, paused: true }],
    ['of a Cluster that is being deleted', { endpoint, annotations, deleting: true }],
  ])('finds nothing where the VIP is %s', (_, options) => {
    expect(lossOf(aCluster(options), controlPlane, undefined, undefined)).toBeUndefined()
  })

  it.each<[string, ReturnType<typeof aClaim> | undefined, ReturnType<typeof anIPAddress> | undefined]>([
    ['claim is gone', undefined, undefined],
    ['claim is being deleted', aClaim({ addressName: 'vip-cp-demo', deleting: true }), anIPAddress()],
    [
      'claim belongs to somebody else',
      aClaim({ addressName: 'vip-cp-demo', owners: [ownerReference({ name: 'x', uid: 'x' })] }),
      anIPAddress(),
    ],
    ['claim is not bound', aClaim(), undefined],
    ['IPAddress is gone', claim, undefined],
    ['claim holds another address', claim, anIPAddress({ address: '10.0.0.11' })],
  ])('finds that the %s', (loss, held, ipAddress) => {
    expect(lossOf(inUse, controlPlane, held, ipAddress)).toBe(loss)
  })
})
