import { describe, expect, it } from '@jest/globals'
import { reactToClaim, reactToCluster, reactToClusterGone, reactToPool } from '../../src/watcher/reaction.ts'
import { addressWatchMs } from '../../src/domain/waiting.ts'
import { aClaim, aCluster, aPool, type ClusterOptions } from '../support/builders.ts'

const endpoint = { host: '10.0.0.10', port: 6443 }
const role = 'control-plane'
const full = { total: 2, used: 2, free: 0, outOfRange: 0 }

describe('a Cluster', () => {
  it.each<[string, ClusterOptions, ClusterOptions | undefined, string | undefined]>([
    ['is new and has no endpoint', {}, undefined, 'start'],
    ['is new and served', { endpoint }, undefined, undefined],
    ['is new and paused', { paused: true }, undefined, undefined],
    ['is new and has no topology', { topology: null }, undefined, undefined],
    ['changed in nothing that matters', { labels: { a: 'b' } }, {}, undefined],
    ['was unpaused', {}, { paused: true }, 'wake'],
    ['lost its endpoint', {}, { endpoint }, 'wake'],
    ['names a pool now', { annotations: { 'vip.capi.gorizond.io/control-plane-pool': 'p' } }, {}, 'wake'],
    [
      'got the VIP we assigned',
      { endpoint, annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' } },
      {},
      undefined,
    ],
    ['got an endpoint from elsewhere', { endpoint }, {}, 'nudge'],
    ['is being deleted', { deleting: true }, {}, 'nudge'],
    ['is being deleted after it was served', { deleting: true, endpoint }, { endpoint }, undefined],
    ['was paused', { paused: true }, {}, undefined],
  ])('that %s', (_, now, before, act) => {
    const previous = before === undefined ? undefined : aCluster(before)
    expect(reactToCluster(aCluster(now), previous, role)?.act).toBe(act)
  })

  it('that is gone ends the run that waits for it, and no other', () => {
    expect(reactToClusterGone(aCluster())?.act).toBe('nudge')
    expect(reactToClusterGone(aCluster({ endpoint }))).toBeUndefined()
  })
})

describe('a claim', () => {
  const unbound = aClaim()
  const bound = aClaim({ addressName: 'vip-cp-demo' })
  const late = Date.parse(unbound.creationTimestamp) + addressWatchMs + 1

  it('that is bound late wakes its run', () => {
    expect(reactToClaim(bound, unbound, aCluster(), role, late)).toEqual({
      act: 'wake',
      because: 'claim bound',
    })
  })

  it.each<[string, Parameters<typeof reactToClaim>]>([
    ['is bound while the run looks at it', [bound, unbound, aCluster(), role, late - addressWatchMs]],
    ['was bound before', [bound, bound, aCluster(), role, late]],
    ['is unbound', [unbound, undefined, aCluster(), role, late]],
    ['belongs to a served Cluster', [bound, unbound, aCluster({ endpoint }), role, late]],
    ['belongs to somebody else', [aClaim({ addressName: 'x', owners: [] }), unbound, aCluster(), role, late]],
  ])('that %s wakes nobody', (_, facts) => {
    expect(reactToClaim(...facts)).toBeUndefined()
  })
})

describe('a pool', () => {
  const old = aCluster({ name: 'old', created: '2026-01-01T00:00:00Z' })
  const middle = aCluster({ name: 'middle', created: '2026-01-01T00:00:01Z' })
  const young = aCluster({ name: 'young', created: '2026-01-01T00:00:02Z' })
  const names = (...facts: Parameters<typeof reactToPool>): readonly string[] =>
    reactToPool(...facts).map(({ name }) => name)

  it('that is new wakes those it would serve, oldest first', () => {
    expect(names(aPool(), undefined, [young, old, middle], role)).toEqual(['old', 'middle', 'young'])
  })

  it('wakes no more than it has addresses for', () => {
    const two = aPool({ capacity: { total: 2, used: 0, free: 2, outOfRange: 0 } })
    expect(names(two, aPool({ capacity: full }), [young, old, middle], role)).toEqual(['old', 'middle'])
  })

  it.each<[string, Parameters<typeof reactToPool>]>([
    [
      'has merely one address less',
      [aPool({ capacity: { total: 11, used: 1, free: 10, outOfRange: 0 } }), aPool(), [old], role],
    ],
    ['is exhausted', [aPool({ capacity: full }), undefined, [old], role]],
    ['is of another class', [aPool({ labels: {} }), undefined, [old], role]],
    [
      'lies in another namespace',
      [aPool({ kind: 'InClusterIPPool', namespace: 'other' }), undefined, [old], role],
    ],
    ['would serve only those that need nothing', [aPool(), undefined, [aCluster({ endpoint })], role]],
  ])('that %s wakes nobody', (_, facts) => {
    expect(names(...facts)).toEqual([])
  })

  it('that gets more room wakes as many as it has room for', () => {
    const with1 = aPool({ capacity: { total: 4, used: 3, free: 1, outOfRange: 0 } })
    const with2 = aPool({ capacity: { total: 4, used: 2, free: 2, outOfRange: 0 } })
    expect(names(with2, with1, [young, old, middle], role)).toEqual(['old', 'middle'])
  })

  it('that is labeled now wakes those it would serve now', () => {
    expect(names(aPool(), aPool({ labels: {} }), [old], role)).toEqual(['old'])
  })
})
