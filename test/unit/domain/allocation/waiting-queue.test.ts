import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { WaitingQueue } from '../../../../src/domain/allocation/action.ts'
import { createIdlePools } from '../../../../src/domain/allocation/idle-pools.ts'
import { selectIPPool } from '../../../../src/domain/allocation/pool-selection.ts'
import { poolRequestFor } from '../../../../src/domain/allocation/eligibility.ts'
import { compareTurns, queuePriorityOf, turnOf, waitersOf } from '../../../../src/domain/allocation/waiter.ts'
import {
  calledIn,
  earlierTurns,
  isFirstFor,
  queuesByPool,
} from '../../../../src/domain/allocation/waiting-queue.ts'
import type { IPAddressClaim } from '../../../../src/domain/model/claim.ts'
import type { Cluster } from '../../../../src/domain/model/cluster.ts'
import { placeOf, type IPPool } from '../../../../src/domain/model/pool.ts'
import { letLieAfterMs } from '../../../../src/domain/timings.ts'
import {
  aClaim,
  aCluster,
  aPool,
  aVipCondition,
  variables,
  type ClusterOptions,
} from '../../../support/builders.ts'
import { holdsForAll } from '../../../support/seeded-random.ts'

const settings = { variables }
const classKey = 'vip.capi.gorizond.io/cluster-class'
const priorityKey = 'vip.capi.gorizond.io/queue-priority'

function classed(name: string): Pick<ClusterOptions, 'topology'> {
  return { topology: { classRef: { name } } }
}

/** A Cluster that waits since a second of one minute. */
function waiting(name: string, second: number, options: ClusterOptions & { reason?: string } = {}): Cluster {
  const { reason = 'PoolExhausted', ...rest } = options
  const since = `2026-03-01T00:00:${String(second).padStart(2, '0')}Z`
  return aCluster({ name, conditions: [aVipCondition({ status: 'False', reason, since })], ...rest })
}

function poolOf(free: number, options: { name?: string; classes?: string; priority?: string } = {}): IPPool {
  const { name = 'vip-pool', classes, priority } = options
  return aPool({
    name,
    uid: name,
    capacity: { total: 10, used: 10 - free, free, outOfRange: 0 },
    labels: { [classKey]: classes === undefined ? 'rke2-cluster-class' : 'true' },
    annotations: {
      ...(classes !== undefined && { [classKey]: classes }),
      ...(priority !== undefined && { 'vip.capi.gorizond.io/priority': priority }),
    },
  })
}

function queueOf(
  clusters: readonly Cluster[],
  pools: readonly IPPool[],
  claims: readonly IPAddressClaim[] = [],
): WaitingQueue {
  return {
    waiters: clusters.flatMap(waitersOf).toSorted(compareTurns),
    poolsOf: () => pools,
    claimOf: ({ name }) => claims.find((claim) => claim.name === `vip-cp-${name}`),
    classOf: () => undefined,
  }
}

/** The pool that a Cluster selects if it looks now; undefined: it waits. */
function chosenBy(cluster: Cluster, pools: readonly IPPool[], queue: WaitingQueue): IPPool | undefined {
  const earlier = earlierTurns(turnOf(cluster, 'control-plane'), pools, queue, settings)
  const selection = selectIPPool({ ...poolRequestFor(cluster, 'control-plane', {}), earlier }, pools)
  return selection.outcome === 'selected' ? selection.pool : undefined
}

describe('the turn of a Cluster', () => {
  it('follows from priority, then from the time since when its condition is False, then from its age and name', () => {
    const clusters = [
      waiting('late', 9),
      waiting('early', 1),
      waiting('urgent', 30, { annotations: { [priorityKey]: '5' } }),
      waiting('patient', 0, { annotations: { [priorityKey]: '-1' } }),
      waiting('younger', 5, { created: '2026-02-01T00:00:00Z' }),
      waiting('b', 5),
      waiting('a', 5),
    ]
    const order = clusters.flatMap(waitersOf).toSorted(compareTurns)
    expect(order.map(({ cluster }) => cluster.name)).toEqual([
      'urgent',
      'early',
      'a',
      'b',
      'younger',
      'late',
      'patient',
    ])
  })

  it('comes after all who wait for a Cluster that has no condition yet', () => {
    const [waiter] = waitersOf(waiting('w', 59))
    const newcomer = aCluster({ name: 'a', created: '2020-01-01T00:00:00Z' })
    expect(waiter && compareTurns(waiter, turnOf(newcomer, 'control-plane'))).toBeLessThan(0)
  })

  it('stays while the reason changes, also to one that holds nobody up', () => {
    const rejected = waiting('r', 3, { reason: 'AllocationFailed' })
    expect(waitersOf(rejected)).toEqual([])
    expect(turnOf(rejected, 'control-plane').since).toBe('2026-03-01T00:00:03Z')
  })

  it.each([
    [{ paused: true }],
    [{ deleting: true }],
    [{ annotations: { [priorityKey]: 'high' } }],
    [{ conditions: [aVipCondition({ status: 'True' })] }],
  ])('holds nobody up with %j', (options) => {
    expect(waitersOf(waiting('w', 1, options))).toEqual([])
  })

  it.each([
    ['0', 0],
    [' 7 ', 7],
    ['-3', -3],
    ['+2', 2],
    ['1.5', undefined],
    ['', undefined],
    ['high', undefined],
    ['9999999999999999', undefined],
  ])('reads the priority %j as %j', (text, priority) => {
    expect(queuePriorityOf({ annotations: { [priorityKey]: text } })).toBe(priority)
  })
})

describe('the addresses that go to Clusters with an earlier turn', () => {
  it('leave none for a later one, and say whose they are', () => {
    const pools = [poolOf(1)]
    const [first, second] = [waiting('first', 1), waiting('second', 2)]
    const queue = queueOf([second, first], pools)
    expect(chosenBy(first, pools, queue)?.name).toBe('vip-pool')
    const earlier = earlierTurns(turnOf(second, 'control-plane'), pools, queue, settings)
    const selection = selectIPPool({ ...poolRequestFor(second, 'control-plane', {}), earlier }, pools)
    expect(selection).toMatchObject({ outcome: 'none', reason: 'PoolExhausted', isAfterOthers: true })
    expect(selection.considered[0]?.because).toBe(
      '1 of 10 addresses free, for clusters/first, which waits since 2026-03-01T00:00:01Z',
    )
  })

  it('are of the pool that each would select, so that one Cluster takes no two', () => {
    const pools = [poolOf(1, { name: 'p', priority: '1' }), poolOf(1, { name: 'q' })]
    const clusters = [waiting('a', 1), waiting('b', 2), waiting('c', 3)]
    const queue = queueOf(clusters, pools)
    expect(clusters.map((cluster) => chosenBy(cluster, pools, queue)?.name)).toEqual(['p', 'q', undefined])
    expect(calledIn(queue, settings).map(({ waiter, pool }) => [waiter.cluster.name, pool.name])).toEqual([
      ['a', 'p'],
      ['b', 'q'],
    ])
  })

  it("are none for a Cluster whose claim is bound, and one of its claim's pool for one whose claim is not", () => {
    const pools = [poolOf(1, { name: 'p', priority: '1' }), poolOf(1, { name: 'q' })]
    const [a, b] = [waiting('a', 1), waiting('b', 2)]
    const owner = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', name: 'a', uid: 'uid-of-a' }
    const unbound = aClaim({ name: 'vip-cp-a', poolName: 'q', owners: [owner] })
    expect(chosenBy(b, pools, queueOf([a, b], pools, [unbound]))?.name).toBe('p')
    const bound = { ...unbound, addressName: 'vip-cp-a' }
    const only = [poolOf(1, { name: 'q' })]
    expect(chosenBy(b, only, queueOf([a, b], only, [bound]))?.name).toBe('q')
    expect(chosenBy(b, only, queueOf([a, b], only, [unbound]))).toBeUndefined()
  })

  it('are none for a Cluster that refuses the VIP by now, or has it from elsewhere', () => {
    const pools = [poolOf(1)]
    const later = waiting('later', 9)
    const refusing = waiting('a', 1, {
      annotations: { 'vip.capi.gorizond.io/control-plane-enabled': 'false' },
    })
    const served = waiting('b', 2, { endpoint: { host: '10.9.9.9', port: 6443 } })
    expect(chosenBy(later, pools, queueOf([refusing, served, later], pools))?.name).toBe('vip-pool')
  })

  it('are one of each family for a pair, and none for one that would keep neither', () => {
    const ofFamily = (name: string, address: string): IPPool =>
      aPool({
        name,
        uid: name,
        addresses: [address],
        capacity: { total: 1, used: 0, free: 1, outOfRange: 0 },
      })
    const [four, six] = [ofFamily('four', '10.0.0.10'), ofFamily('six', 'fd00::10')]
    const families = { 'vip.capi.gorizond.io/ip-families': 'IPv4,IPv6' }
    const pair = waiting('pair', 1, { annotations: families })
    const taken = (cluster: Cluster, pools: readonly IPPool[]): readonly string[] =>
      calledIn(queueOf([cluster], pools), settings).map(({ pool }) => pool.name)
    expect(taken(pair, [four, six])).toEqual(['four', 'six'])
    expect(taken(pair, [four])).toEqual(['four'])
    const whole = waiting('whole', 1, {
      annotations: { ...families, 'vip.capi.gorizond.io/ip-families-policy': 'give-back' },
    })
    expect(taken(whole, [four])).toEqual([])
    expect(chosenBy(waiting('later', 9), [four], queueOf([whole], [four]))?.name).toBe('four')
  })

  it('are offered to twice as many after each while in which nobody takes them', () => {
    let now = 0
    const { offersOf } = createIdlePools(() => now)
    const pools = [poolOf(1)]
    const clusters = [waiting('stuck', 1), waiting('b', 2), waiting('c', 3), waiting('d', 4), waiting('e', 5)]
    const whoMayGo = (): readonly string[] =>
      clusters
        .filter(
          (cluster) => chosenBy(cluster, pools, { ...queueOf(clusters, pools), offersOf }) !== undefined,
        )
        .map(({ name }) => name)
    expect(whoMayGo()).toEqual(['stuck'])
    now += letLieAfterMs - 1
    expect(whoMayGo()).toEqual(['stuck'])
    now += 1
    expect(whoMayGo()).toEqual(['stuck', 'b'])
    now += letLieAfterMs
    expect(whoMayGo()).toEqual(['stuck', 'b', 'c', 'd'])
    // Nobody has asked for long: whoever is in front now was offered nothing yet.
    now += letLieAfterMs * 2 + 1
    expect(whoMayGo()).toEqual(['stuck'])
  })

  it('are offered to those in front alone again when the pool has changed', () => {
    let now = 0
    const { offersOf } = createIdlePools(() => now)
    expect(offersOf(poolOf(1))).toBe(1)
    now += letLieAfterMs
    expect(offersOf(poolOf(1))).toBe(2)
    expect(offersOf(poolOf(2))).toBe(1)
  })
})

describe('the queue of a pool', () => {
  it('has everybody who could use it, in the order of their turns', () => {
    const pools = [poolOf(0, { name: 'p', classes: 'x' }), poolOf(0, { name: 'q', classes: 'x,y' })]
    const clusters = [
      waiting('y1', 1, classed('y')),
      waiting('x2', 2, classed('x')),
      waiting('z0', 0, classed('z')),
    ]
    const queues = queuesByPool(queueOf(clusters, pools), settings)
    const namesIn = (pool: IPPool | undefined): readonly string[] | undefined =>
      queues.get(pool === undefined ? '' : placeOf(pool))?.map(({ cluster }) => cluster.name)
    expect([namesIn(pools[0]), namesIn(pools[1])]).toEqual([['x2'], ['y1', 'x2']])
  })

  it('has one Cluster that is first', () => {
    const pool = poolOf(0)
    const clusters = [waiting('a', 1), waiting('b', 2)]
    const queue = queueOf(clusters, [pool])
    const isFirst = (cluster: Cluster): boolean =>
      isFirstFor(turnOf(cluster, 'control-plane'), pool, queue, settings)
    expect(clusters.map(isFirst)).toEqual([true, false])
    expect(isFirst(aCluster({ name: 'new' }))).toBe(false)
    expect(isFirstFor(turnOf(aCluster(), 'control-plane'), pool, queueOf([], [pool]), settings)).toBe(true)
  })
})

const classes = ['x', 'y', 'z'] as const
const poolNames = ['p', 'q', 'r'] as const

const worlds = fc.record({
  pools: fc
    .tuple(
      ...poolNames.map((name) =>
        fc.record({
          free: fc.integer({ min: 0, max: 4 }),
          classes: fc.subarray([...classes], { minLength: 1 }),
          priority: fc.integer({ min: 0, max: 1 }),
          name: fc.constant(name),
        }),
      ),
    )
    .map((made) =>
      made.map(({ free, name, classes, priority }) =>
        poolOf(free, { name, classes: classes.join(), priority: String(priority) }),
      ),
    ),
  clusters: fc
    .array(
      fc.record({
        second: fc.integer({ min: 0, max: 9 }),
        className: fc.constantFrom(...classes),
        priority: fc.integer({ min: -1, max: 1 }),
        isNew: fc.boolean(),
      }),
      { maxLength: 12 },
    )
    .map((made) =>
      made.map(({ second, className, priority, isNew }, index) =>
        waiting(`c${index}`, second, {
          uid: `c${index}`,
          // Nobody can wait for a newcomer that goes before those who wait.
          annotations: { [priorityKey]: String(isNew ? -1 : priority) },
          ...classed(className),
          ...(isNew && { conditions: [] }),
        }),
      ),
    ),
})

describe('in whatever world', () => {
  const usableBy = (cluster: Cluster, pools: readonly IPPool[]): readonly IPPool[] =>
    pools.filter(({ annotations }) =>
      annotations[classKey]?.split(',').includes(cluster.topology?.clusterClass.name ?? ''),
    )
  const withOneTaken = (pool: IPPool): IPPool => ({
    ...pool,
    capacity: pool.capacity && { ...pool.capacity, free: pool.capacity.free - 1 },
  })

  /** Serves whoever may go, one after the other, in an order that somebody else chooses. */
  function serveAll(
    clusters: readonly Cluster[],
    pools: readonly IPPool[],
    pick: (most: number) => number,
    onServed: (cluster: Cluster, pool: IPPool, left: readonly Cluster[], pools: readonly IPPool[]) => void,
  ): { readonly left: readonly Cluster[]; readonly pools: readonly IPPool[] } {
    const queue = queueOf(clusters, pools)
    const able = clusters.flatMap((cluster) => {
      const pool = chosenBy(cluster, pools, queue)
      return pool === undefined ? [] : [{ cluster, pool }]
    })
    const next = able[pick(able.length)]
    if (next === undefined) return { left: clusters, pools }
    const left = clusters.filter((cluster) => cluster !== next.cluster)
    onServed(next.cluster, next.pool, left, pools)
    return serveAll(
      left,
      pools.map((pool) => (pool === next.pool ? withOneTaken(pool) : pool)),
      pick,
      onServed,
    )
  }

  it('nobody is served while one who waits with an earlier turn could have that very address and gets none', () => {
    holdsForAll(fc.tuple(worlds, fc.infiniteStream(fc.nat())), ([{ clusters, pools }, random]) => {
      const taken: { readonly cluster: Cluster; readonly pool: IPPool }[] = []
      const pick = (most: number): number => Number(random.next().value) % Math.max(1, most)
      const end = serveAll(clusters, pools, pick, (cluster, pool) => taken.push({ cluster, pool }))
      for (const { cluster, pool } of taken) {
        const turn = turnOf(cluster, 'control-plane')
        const passedOver = end.left.filter(
          (other) =>
            waitersOf(other).some((waiter) => compareTurns(waiter, turn) < 0) &&
            usableBy(other, pools).some(({ name }) => name === pool.name),
        )
        expect(passedOver).toEqual([])
      }
    })
  })

  it('no address stays free while somebody who may use it waits', () => {
    holdsForAll(fc.tuple(worlds, fc.infiniteStream(fc.nat())), ([{ clusters, pools }, random]) => {
      const pick = (most: number): number => Number(random.next().value) % Math.max(1, most)
      const end = serveAll(clusters, pools, pick, () => undefined)
      for (const pool of end.pools.filter(({ capacity }) => (capacity?.free ?? 0) > 0)) {
        expect(end.left.filter((cluster) => usableBy(cluster, [pool]).length > 0)).toEqual([])
      }
    })
  })

  it('everybody who is called may go, and nobody else who waits', () => {
    holdsForAll(worlds, ({ clusters, pools }) => {
      const queue = queueOf(clusters, pools)
      const called = calledIn(queue, settings).map(
        ({ waiter, pool }) => `${waiter.cluster.name} ${pool.name}`,
      )
      const able = queue.waiters.flatMap(({ cluster }) => {
        const pool = chosenBy(cluster, pools, queue)
        return pool === undefined ? [] : [`${cluster.name} ${pool.name}`]
      })
      expect(able).toEqual(called)
    })
  })

  it('nobody starves while new Clusters keep coming and addresses come one by one', () => {
    holdsForAll(
      fc.tuple(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.nat({ max: 3 }), { minLength: 30, maxLength: 30 }),
      ),
      ([ahead, arrivals]) => {
        const olds = Array.from({ length: ahead }, (_, index) =>
          waiting(`old${index}`, index, { uid: `old${index}` }),
        )
        const victim = waiting('victim', 20, { uid: 'victim' })
        let clusters: readonly Cluster[] = [...olds, victim]
        let rounds = 0
        for (const [round, count] of arrivals.entries()) {
          const fresh = Array.from({ length: count }, (_, index) => {
            const name = `new${round}-${index}`
            return waiting(name, 30 + (round % 30), { uid: name })
          })
          clusters = [...fresh, ...clusters]
          const pools = [poolOf(1)]
          clusters = serveAll(
            clusters,
            pools,
            () => 0,
            () => undefined,
          ).left
          rounds = round + 1
          if (!clusters.includes(victim)) break
        }
        expect(rounds).toBe(ahead + 1)
      },
    )
  })
})
