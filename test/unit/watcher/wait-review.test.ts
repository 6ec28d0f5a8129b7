import { describe, expect, it } from '@jest/globals'
import { SnapshotQueries } from '../../../src/domain/allocation/snapshot.ts'
import type { Cluster } from '../../../src/domain/model/cluster.ts'
import { waitReviewMs } from '../../../src/domain/timings.ts'
import { startWaitReview } from '../../../src/watcher/wait-review.ts'
import {
  aClaim,
  aCluster,
  anIPAddress,
  anUncountedPool,
  aPool,
  aVipCondition,
  variables,
} from '../../support/builders.ts'
import { aSnapshot, type SnapshotObjects } from '../../support/snapshot.ts'

const full = aPool({ capacity: { total: 9, used: 9, free: 0, outOfRange: 0 } })
const roomy = aPool({ capacity: { total: 9, used: 8, free: 1, outOfRange: 0 } })

const paused = aPool({ annotations: { 'cluster.x-k8s.io/paused': '' } })

function waiting(name: string, reason = 'PoolExhausted'): Cluster {
  return aCluster({ name, conditions: [aVipCondition({ status: 'False', reason })] })
}

/** A watcher's review of what a test puts in the place of the objects. */
function reviewed(begin: SnapshotObjects) {
  let objects = begin
  const woken: string[] = []
  const due: { readonly run: () => void; readonly ms: number }[] = []
  let looks = 0
  startWaitReview(
    new SnapshotQueries(() => aSnapshot(objects), { variables }),
    { retry: ({ name }) => void woken.push(name) },
    { lookSoon: () => (looks += 1) },
    (run, ms) => due.push({ run, ms }),
  )
  /** Runs what is due until the next review is, and returns the milliseconds that it took. */
  const review = (): number => {
    let took = 0
    do {
      const [next] = due.splice(0)
      next?.run()
      took += due[0]?.ms === waitReviewMs ? 0 : (due[0]?.ms ?? 0)
    } while (due.length > 0 && due[0]?.ms !== waitReviewMs)
    return took
  }
  return {
    woken,
    review,
    looks: () => looks,
    become: (now: SnapshotObjects) => {
      objects = now
    },
  }
}

describe('a review of all that wait', () => {
  it('wakes nobody while every wait is as its condition says', () => {
    const { woken, review } = reviewed({ clusters: [waiting('a'), waiting('b')], pools: [full] })
    review()
    expect(woken).toEqual([])
  })

  it.each<[string, SnapshotObjects]>([
    ['a pool has room', { pools: [roomy] }],
    ['a pool is not counted', { pools: [full, anUncountedPool({ name: 'other' })] }],
    ['the pool is paused', { pools: [paused] }],
    ['the pool is gone', { pools: [] }],
    [
      'its claim is bound',
      { pools: [full], claims: [aClaim({ addressName: 'vip-cp-demo' })], ipAddresses: [anIPAddress()] },
    ],
  ])('wakes a run that nobody has woken where %s', (_, objects) => {
    const { woken, review } = reviewed({ clusters: [waiting('demo')], ...objects })
    review()
    expect(woken).toEqual(['demo'])
  })

  it('looks for those whose turn has come', () => {
    const { review, looks } = reviewed({ clusters: [waiting('a')], pools: [full] })
    review()
    expect(looks()).toBe(1)
  })

  it('gives up on a run that a few wakes do not change, until its wait was right again', () => {
    const clusters = [waiting('demo')]
    const { woken, review, become } = reviewed({ clusters, pools: [roomy] })
    for (let reviews = 0; reviews < 6; reviews += 1) review()
    expect(woken).toHaveLength(3)
    become({ clusters, pools: [full] })
    review()
    become({ clusters, pools: [roomy] })
    review()
    expect(woken).toHaveLength(4)
  })

  it('wakes a bounded number at once, and the others later', () => {
    const clusters = Array.from({ length: 150 }, (_, index) => waiting(`c${index}`))
    const { woken, review } = reviewed({ clusters, pools: [paused] })
    review()
    expect(woken).toHaveLength(100)
    for (let reviews = 0; reviews < 6; reviews += 1) review()
    expect(new Set(woken).size).toBe(150)
  })

  it('decides on a portion at a time, on those that still wait then', () => {
    const clusters = Array.from({ length: 600 }, (_, index) => waiting(`c${index}`))
    const { review } = reviewed({ clusters, pools: [full] })
    expect(review()).toBe(2_000)
  })

  it('says nothing before everything is listed', () => {
    const { woken, review } = reviewed({ clusters: [waiting('a')], pools: [roomy], isComplete: false })
    review()
    expect(woken).toEqual([])
  })
})
