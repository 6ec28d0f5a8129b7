import { describe, expect, it } from '@jest/globals'
import { isWritable } from '../../../../src/domain/allocation/eligibility.ts'
import { pendingAction } from '../../../../src/domain/allocation/after-action.ts'
import { nextAction } from '../../../../src/domain/allocation/next-action.ts'
import { vipStateOf } from '../../../../src/domain/allocation/vip-state.ts'
import { aClaim, aCluster, anIPAddress, aPool, controlPlane } from '../../../support/builders.ts'
import { randomWorlds } from '../../../support/random-worlds.ts'
import { holdsForAll } from '../../../support/seeded-random.ts'
import { queriesOf, type SnapshotObjects } from '../../../support/snapshot.ts'

const endpoint = { host: '10.0.0.10', port: 6443 }
const annotations = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
const bound = {
  claims: [aClaim({ addressName: 'vip-cp-demo' })],
  ipAddresses: [anIPAddress()],
  pools: [aPool()],
}

function needsRun(objects: SnapshotObjects): boolean {
  const [cluster = aCluster()] = objects.clusters ?? []
  return queriesOf(objects).vipNeedsReconcile(cluster, 'control-plane')
}

describe('a Cluster needs a run for a VIP', () => {
  it('exactly if a run would write or wait, in whatever world', () => {
    holdsForAll(randomWorlds, ({ clusterClass, ...world }) => {
      const objects = { ...world, clusterClasses: clusterClass === undefined ? [] : [clusterClass] }
      const [cluster = aCluster()] = world.clusters
      const observed = queriesOf(objects).observed(cluster, 'control-plane')
      const { action } = pendingAction(observed, 'control-plane')
      expect({ needs: needsRun(objects), action }).toEqual({
        needs: isWritable(cluster) && action !== 'done',
        action,
      })
    })
  })

  it('if its claim is left beside an endpoint that somebody else set', () => {
    const clusters = [aCluster({ endpoint: { host: '10.9.9.9', port: 6443 } })]
    expect(needsRun({ ...bound, clusters })).toBe(true)
    expect(needsRun({ clusters })).toBe(false)
  })

  it('if its claim lacks a label that the Cluster gives it, and counts as served all the same', () => {
    const clusters = [
      aCluster({ endpoint, annotations, labels: { 'cluster.x-k8s.io/watch-filter': 'blue' } }),
    ]
    const queries = queriesOf({ ...bound, clusters })
    const [cluster = aCluster()] = clusters
    expect(queries.needsReconcile(cluster)).toBe(true)
    expect(vipStateOf(cluster, controlPlane, queries).phase).toBe('Served')
    expect(nextAction(queries.observed(cluster, 'control-plane'), 'control-plane')).toMatchObject({
      action: 'labelClaim',
      labels: { 'cluster.x-k8s.io/watch-filter': 'blue' },
    })
  })

  it('if the claim of a VIP that we assigned is lost, also without a topology', () => {
    for (const topology of [undefined, null]) {
      const clusters = [aCluster({ endpoint, annotations, ...(topology === null && { topology }) })]
      expect(needsRun({ ...bound, clusters })).toBe(false)
      expect(needsRun({ pools: [aPool()], clusters })).toBe(true)
      expect(needsRun({ pools: [aPool()], clusters, isComplete: false })).toBe(false)
    }
  })
})
