import { describe, expect, it } from '@jest/globals'
import type { IPPool } from '../../../../src/domain/model/pool.ts'
import { decideUnboundClaim } from '../../../../src/domain/allocation/unbound-claim.ts'
import {
  aClaim,
  aCluster,
  anIPAddress,
  anUncountedPool,
  aPool,
  controlPlane,
  type ClusterOptions,
} from '../../../support/builders.ts'

const full = aPool({ capacity: { total: 2, used: 2, free: 0, outOfRange: 0 } })
const second = aPool({ name: 'second' })
const endpoint = { host: '10.9.9.9', port: 6443 }
const ours = { 'vip.capi.gorizond.io/control-plane-vip': '10.9.9.9' }

function decide(cluster: ClusterOptions, pools: readonly IPPool[]): ReturnType<typeof decideUnboundClaim> {
  return decideUnboundClaim(aCluster(cluster), controlPlane, aClaim(), pools, undefined)
}

describe('an unbound claim', () => {
  it.each<[string, readonly IPPool[], string, string]>([
    [
      'is missing',
      [],
      'PoolNotReady',
      'waits: GlobalInClusterIPPool/vip-pool does not exist; create it, or delete the claim',
    ],
    [
      'is paused',
      [aPool({ annotations: { 'cluster.x-k8s.io/paused': '' } })],
      'PoolNotReady',
      'waits: GlobalInClusterIPPool/vip-pool is paused; unpause it',
    ],
    [
      'is full',
      [full],
      'PoolExhausted',
      'waits: GlobalInClusterIPPool/vip-pool: 0 of 2 addresses free; add addresses or label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with vip.capi.gorizond.io/cluster-class=rke2-cluster-class',
    ],
    [
      'has room',
      [aPool()],
      'WaitingForAddress',
      'waits for the IPAM provider to bind an address of GlobalInClusterIPPool/vip-pool; where this lasts, see whether the provider runs',
    ],
    [
      'is not counted',
      [anUncountedPool()],
      'WaitingForAddress',
      'waits for the IPAM provider to bind an address of GlobalInClusterIPPool/vip-pool; where this lasts, see whether the provider runs',
    ],
  ])('waits, and says that its pool %s', (_, pools, reason, words) => {
    expect(decide({}, pools)).toMatchObject({
      decision: 'wait',
      reason,
      message: `IPAddressClaim clusters/vip-cp-demo ${words}`,
    })
  })

  it('keeps the verdict on every pool where another one was looked for', () => {
    expect(decide({}, [full])).toMatchObject({ considered: [{ name: 'vip-pool', verdict: 'rejected' }] })
  })

  it('moves from an exhausted pool to one with room', () => {
    expect(decide({}, [full, second])).toEqual({
      decision: 'move',
      message:
        'IPAddressClaim clusters/vip-cp-demo waits: GlobalInClusterIPPool/vip-pool: 0 of 2 addresses free; add addresses; GlobalInClusterIPPool/second has room',
    })
  })

  it('moves also where the annotation names an address that its pool cannot give', () => {
    expect(decide({ annotations: ours }, [full, second])).toMatchObject({ decision: 'move' })
  })

  it('stays with a pool that has room, whatever another one has', () => {
    expect(decide({}, [aPool(), second])).toMatchObject({ decision: 'wait', reason: 'WaitingForAddress' })
  })

  it('is given back where the endpoint came from elsewhere', () => {
    expect(decide({ endpoint }, [aPool()])).toMatchObject({
      decision: 'give-back',
      message: expect.stringContaining('got endpoint 10.9.9.9:6443 from elsewhere'),
    })
  })

  it.each<[string, ClusterOptions]>([
    ['an endpoint of ours', { endpoint, annotations: ours }],
    ['an endpoint of ours that lost its port', { endpoint: { host: '10.9.9.9' }, annotations: ours }],
    [
      'an endpoint of ours that was dropped, whose address its pool has',
      { annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' } },
    ],
    ['an endpoint that replaced ours', { endpoint: { host: '10.9.9.8', port: 6443 }, annotations: ours }],
  ])('is never given up beside %s: machines may rest on its address', (_, cluster) => {
    expect(decide(cluster, [full, second])).toMatchObject({ decision: 'wait', reason: 'PoolExhausted' })
  })

  it.each<[string, ClusterOptions]>([
    ['could move', {}],
    ['could be given back', { endpoint }],
  ])('that %s is left to the provider once an IPAddress names it', (_, cluster) => {
    expect(
      decideUnboundClaim(aCluster(cluster), controlPlane, aClaim(), [full, second], anIPAddress()),
    ).toEqual({
      decision: 'wait',
      reason: 'WaitingForAddress',
      message:
        'IPAddressClaim clusters/vip-cp-demo waits for the IPAM provider to bind it to IPAddress vip-cp-demo with 10.0.0.10',
    })
  })
})
