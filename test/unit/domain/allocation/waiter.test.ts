import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { compareTurns, createWaiterList, waitersOf } from '../../../../src/domain/allocation/waiter.ts'
import type { Cluster } from '../../../../src/domain/model/cluster.ts'
import { formatKey } from '../../../../src/domain/model/object-meta.ts'
import { aCluster, aVipCondition } from '../../../support/builders.ts'
import { holdsForAll } from '../../../support/seeded-random.ts'

const changes = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    second: fc.integer({ min: 0, max: 3 }),
    reason: fc.constantFrom('PoolExhausted', 'NoMatchingPool', 'WaitingForAddress'),
    priority: fc.constantFrom('0', '1', 'x'),
    isGone: fc.boolean(),
    hasIngress: fc.boolean(),
  }),
)

describe('the list of those who wait', () => {
  it('is what a sort of all Clusters gives, after whatever changes', () => {
    holdsForAll(changes, (all) => {
      const list = createWaiterList()
      const present = new Map<string, Cluster>()
      for (const { name, second, reason, priority, isGone, hasIngress } of all) {
        const since = `2026-03-01T00:00:0${second}Z`
        const cluster = aCluster({
          name,
          annotations: { 'vip.capi.gorizond.io/queue-priority': priority },
          conditions: [
            aVipCondition({ status: 'False', reason, since }),
            ...(hasIngress ? [aVipCondition({ role: 'ingress', status: 'False', reason, since })] : []),
          ],
        })
        if (isGone) {
          list.remove(cluster)
          present.delete(formatKey(cluster))
        } else {
          list.put(cluster)
          present.set(formatKey(cluster), cluster)
        }
        const sorted = [...present.values()].flatMap(waitersOf).toSorted(compareTurns)
        expect(list.waiters).toEqual(sorted)
      }
    })
  })
})
