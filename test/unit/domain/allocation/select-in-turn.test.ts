import { describe, expect, it } from '@jest/globals'
import type { Observed, WaitingQueue } from '../../../../src/domain/allocation/action.ts'
import { nextAction } from '../../../../src/domain/allocation/next-action.ts'
import { compareTurns, waitersOf } from '../../../../src/domain/allocation/waiter.ts'
import type { Cluster } from '../../../../src/domain/model/cluster.ts'
import type { IPPool } from '../../../../src/domain/model/pool.ts'
import {
  aClaim,
  aCluster,
  anObservation,
  aPool,
  anUncountedPool,
  aVipCondition,
  nobodyWaits,
  type ClusterOptions,
} from '../../../support/builders.ts'

const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'vip-pool' }

function withFree(free: number, name = 'vip-pool'): IPPool {
  return aPool({ name, uid: name, capacity: { total: 500, used: 500 - free, free, outOfRange: 0 } })
}

function waiting(name: string, since: string, options: ClusterOptions = {}): Cluster {
  const condition = aVipCondition({ status: 'False', reason: 'PoolExhausted', since })
  return aCluster({ name, conditions: [condition], ...options })
}

function queueOf(pools: readonly IPPool[], ...clusters: readonly Cluster[]): WaitingQueue {
  return {
    ...nobodyWaits,
    waiters: clusters.flatMap(waitersOf).toSorted(compareTurns),
    poolsOf: () => pools,
  }
}

const early = waiting('early', '2026-03-01T00:00:01Z')
const demo = waiting('demo', '2026-03-01T00:00:05Z')
const late = waiting('late', '2026-03-01T00:00:09Z')

/** The next action while nobody has read the queue. */
function unread(things: Partial<Observed>): ReturnType<typeof nextAction> {
  const { waiting: _waiting, ...observed } = anObservation(things)
  return nextAction(observed, 'control-plane')
}

describe('the queue', () => {
  it.each([
    ['a pool has more addresses than anybody waits for', { pools: [withFree(4)], waitingCount: 3 }],
    ['nobody waits', { pools: [withFree(1)], waitingCount: 0 }],
    ['a pool has many addresses, and nobody knows how many wait', { pools: [withFree(101)] }],
    ['nobody has counted the pool', { pools: [anUncountedPool()], waitingCount: 3 }],
  ])('is not read if %s', (_, things) => {
    expect(unread(things)).toMatchObject({ action: 'selectPool' })
  })

  it.each([
    ['as many wait as a pool has addresses', { pools: [withFree(3)], waitingCount: 3 }],
    ['a pool has few addresses, and nobody knows how many wait', { pools: [withFree(100)] }],
  ])('is read if %s', (_, things) => {
    expect(unread(things)).toEqual({ action: 'observe', fact: 'waiting' })
  })

  it('is not read for a full pool: who is in front does not matter', () => {
    expect(unread({ pools: [withFree(0)], waitingCount: 3 })).toMatchObject({ reason: 'PoolExhausted' })
  })
})

describe('a Cluster', () => {
  const next = (cluster: Cluster, pools: readonly IPPool[], ...others: readonly Cluster[]) =>
    nextAction(
      anObservation({ cluster, pools, waiting: queueOf(pools, cluster, ...others) }),
      'control-plane',
    )

  it('waits if the free addresses go to Clusters with an earlier turn, and the message says whose they are', () => {
    expect(next(demo, [withFree(1)], early)).toMatchObject({
      action: 'wait',
      reason: 'PoolExhausted',
      isAfterOthers: true,
      message: expect.stringContaining(
        'GlobalInClusterIPPool/vip-pool: 1 of 500 addresses free, for clusters/early, which waits since 2026-03-01T00:00:01Z; add addresses or',
      ),
    })
  })

  it('takes one if only Clusters with a later turn wait, or none', () => {
    for (const others of [[late], []]) {
      expect(next(demo, [withFree(1)], ...others)).toMatchObject({
        action: 'selectPool',
        choice: { poolRef },
      })
    }
  })

  it('selects the pool that is left to it', () => {
    const pools = [withFree(1, 'a'), withFree(1, 'b')]
    expect(next(demo, pools, early)).toMatchObject({ choice: { poolRef: { name: 'b' } } })
  })

  it('that asks for a certain address waits for its turn, and holds nobody up meanwhile', () => {
    const annotations = { 'vip.capi.gorizond.io/control-plane-address': '10.0.0.15' }
    const asking = waiting('demo', '2026-03-01T00:00:05Z', { annotations })
    expect(next(asking, [withFree(1)], early)).toMatchObject({
      action: 'wait',
      reason: 'PoolExhausted',
      isAfterOthers: true,
    })
    expect(next(asking, [withFree(1)], late)).toMatchObject({ choice: { restore: { address: '10.0.0.15' } } })
    expect(next(late, [withFree(1)], asking)).toMatchObject({ action: 'selectPool' })
  })

  it('whose priority cannot be read is refused with its value', () => {
    const annotations = { 'vip.capi.gorizond.io/queue-priority': 'soon' }
    expect(next(aCluster({ annotations }), [withFree(9)])).toEqual({
      action: 'refuse',
      reason: 'AllocationFailed',
      message:
        'annotation vip.capi.gorizond.io/queue-priority of Cluster clusters/demo is "soon", expected an integer',
    })
  })
})

describe('a pool that was selected some time ago', () => {
  const again = (others: readonly Cluster[], things: Partial<Observed> = {}) => {
    const pools = [withFree(1)]
    return nextAction(
      anObservation({
        cluster: demo,
        pools,
        waiting: queueOf(pools, demo, ...others),
        choice: { poolRef, considered: [] },
        isChoiceOld: true,
        ...things,
      }),
      'control-plane',
    )
  }

  it('is left to a Cluster whose turn has come before meanwhile', () => {
    expect(again([early])).toMatchObject({ action: 'wait', reason: 'PoolExhausted' })
  })

  it('stands if none has', () => {
    expect(again([late])).toMatchObject({ action: 'createClaim', poolRef })
  })
})

describe('a claim that is unbound on a full pool', () => {
  const pools = [withFree(0)]
  const unbound = (...others: readonly Cluster[]) =>
    nextAction(
      anObservation({ cluster: demo, claim: aClaim(), pools, waiting: queueOf(pools, demo, ...others) }),
      'control-plane',
    )

  it('stays with the Cluster that is first', () => {
    expect(unbound(late)).toMatchObject({ action: 'wait', reason: 'PoolExhausted' })
  })

  it('is given up by any other: the provider would not keep to the order', () => {
    expect(unbound(early)).toMatchObject({
      action: 'deleteClaim',
      outcome: 'restart',
      because: expect.stringContaining('Clusters with an earlier turn wait for it'),
    })
  })

  it('is not moved to a pool whose addresses go to others', () => {
    const both = [withFree(0), withFree(1, 'second')]
    const before = waiting('before', '2026-03-01T00:00:00Z', {
      annotations: { 'vip.capi.gorizond.io/control-plane-pool': 'second' },
    })
    const action = nextAction(
      anObservation({ cluster: demo, claim: aClaim(), pools: both, waiting: queueOf(both, demo, before) }),
      'control-plane',
    )
    expect(action).toMatchObject({ action: 'wait', reason: 'PoolExhausted' })
  })

  it('stays if the Cluster has a VIP of ours, which the provider has to find again', () => {
    const served = waiting('demo', '2026-03-01T00:00:05Z', {
      endpoint: { host: '10.0.0.10', port: 6443 },
      annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' },
    })
    const observed = anObservation({
      cluster: served,
      claim: aClaim(),
      pools,
      waiting: queueOf(pools, served, early),
    })
    expect(nextAction(observed, 'control-plane')).toMatchObject({ action: 'wait' })
  })
})
