import { describe, expect, it } from '@jest/globals'
import { orphanedForLong, orphanedSince } from '../../../../../src/commands/run/inventory/inventory.ts'
import { aClaim, aCluster } from '../../../../support/builders.ts'
import { aSnapshot, type SnapshotObjects } from '../../../../support/snapshot.ts'

const labels = { 'vip.capi.gorizond.io/role': 'control-plane' }
const ours = aClaim({ labels })
const never = new Map<string, number>()

function orphans(things: SnapshotObjects, before: ReadonlyMap<string, number> = never, now = 1_000): unknown {
  return [...orphanedSince(aSnapshot(things), before, now)]
}

describe('a claim of ours', () => {
  it('is an orphan from when it is first seen without its Cluster', () => {
    expect(orphans({ claims: [ours] })).toEqual([[ours.uid, 1_000]])
    expect(orphans({ claims: [ours] }, new Map([[ours.uid, 400]]))).toEqual([[ours.uid, 400]])
  })

  it('is an orphan beside another Cluster of the same name', () => {
    expect(orphans({ claims: [ours], clusters: [aCluster({ uid: 'successor' })] })).toEqual([
      [ours.uid, 1_000],
    ])
  })

  it('is none while its Cluster is there, though it was one before', () => {
    expect(orphans({ claims: [ours], clusters: [aCluster()] }, new Map([[ours.uid, 400]]))).toEqual([])
  })

  it('is none once it is gone', () => {
    expect(orphans({}, new Map([[ours.uid, 400]]))).toEqual([])
  })

  it('has leaked when it has been an orphan for a minute', () => {
    const since = new Map([
      ['leaked', 0],
      ['fresh', 10_001],
    ])
    expect([...orphanedForLong(since, 60_000)]).toEqual(['leaked'])
  })
})

describe('a claim of somebody else', () => {
  it('is never an orphan of ours', () => {
    expect(orphans({ claims: [aClaim({ name: 'machine-1' }), aClaim({ owners: [] })] })).toEqual([])
  })
})
