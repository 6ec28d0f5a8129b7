import { describe, expect, it } from '@jest/globals'
import {
  claimAmong,
  claimNamesFor,
  clusterNameOf,
  isClaimNameOf,
  mayBeClaimNameOf,
} from '../../../../src/domain/model/claim.ts'
import { aClaim, aCluster, ownerReference } from '../../../support/builders.ts'

const uid = '0a1b2c3d-4e5f-6789-abcd-ef0123456789'
const cluster = aCluster({ name: 'blue', uid })
const longer = 'vip-cp-blue-0a1b2c3d'
const named = (name: string) => ({ 'cluster.x-k8s.io/cluster-name': name })

describe('the name of a claim', () => {
  it('is the usual one, or a longer one with part of the uid', () => {
    expect(claimNamesFor(cluster, 'control-plane')).toEqual(['vip-cp-blue', longer])
    expect(claimNamesFor(cluster, 'ingress')).toEqual(['vip-ingress-blue', 'vip-ingress-blue-0a1b2c3d'])
  })

  it('is also the one that the Cluster records, which a move took to another uid', () => {
    const key = 'vip.capi.gorizond.io/control-plane-claim'
    const moved = aCluster({ name: 'blue', uid, annotations: { [key]: 'vip-cp-blue-99999999' } })
    expect(claimNamesFor(moved, 'control-plane')).toEqual(['vip-cp-blue', 'vip-cp-blue-99999999', longer])
    const typed = aCluster({ name: 'blue', uid, annotations: { [key]: 'some-secret' } })
    expect(claimNamesFor(typed, 'control-plane')).toEqual(['vip-cp-blue', longer])
  })

  it.each([
    ['vip-cp-blue', {}, 'blue'],
    [longer, named('blue'), 'blue'],
    ['vip-ingress-blue-0a1b2c3d', named('blue'), 'blue'],
    [longer, named('blue-0a1b2c3d'), 'blue-0a1b2c3d'],
    [longer, {}, 'blue-0a1b2c3d'],
    ['vip-cp-blue-0a1b', named('blue'), 'blue-0a1b'],
    ['other', named('blue'), undefined],
  ])('leads back to its Cluster: %s with labels %j', (name, labels, expected) => {
    expect(clusterNameOf(name, labels)).toBe(expected)
  })

  it('is recognized by name and uid, or by the name alone', () => {
    expect(isClaimNameOf(cluster, 'control-plane', 'vip-cp-blue')).toBe(true)
    expect(isClaimNameOf(cluster, 'control-plane', longer)).toBe(true)
    expect(isClaimNameOf({ ...cluster, uid: 'other' }, 'control-plane', longer)).toBe(false)
    expect(isClaimNameOf(cluster, 'ingress', longer)).toBe(false)
    expect(mayBeClaimNameOf(cluster, 'vip-ingress-blue-99999999')).toBe(true)
    expect(mayBeClaimNameOf(cluster, 'vip-cp-blue-two')).toBe(false)
  })
})

describe("a Cluster's claim", () => {
  const owners = [ownerReference(cluster)]
  const own = aClaim({ name: longer, owners })
  const usual = aClaim({ name: 'vip-cp-blue', owners })
  const previous = aClaim({
    name: 'vip-cp-blue',
    owners: [ownerReference({ name: 'blue', uid: 'previous' })],
  })

  it('is the one that it owns, the usual one first', () => {
    expect(claimAmong(cluster, [previous, undefined, own])).toBe(own)
    expect(claimAmong(cluster, [undefined, own])).toBe(own)
    expect(claimAmong(cluster, [usual, own])).toBe(usual)
  })

  it('is otherwise one that nobody owns, if its label says that it is not that of a Cluster with such a name', () => {
    const labels = { 'cluster.x-k8s.io/cluster-name': 'blue' }
    const unowned = aClaim({ name: longer, owners: [], labels })
    const unownedUsual = aClaim({ name: 'vip-cp-blue', owners: [], labels: {} })
    expect(claimAmong(cluster, [undefined, unowned])).toBe(unowned)
    expect(claimAmong(cluster, [previous, unowned])).toBe(unowned)
    expect(claimAmong(cluster, [unownedUsual, unowned])).toBe(unownedUsual)
    expect(claimAmong(cluster, [unownedUsual, own])).toBe(own)
    expect(claimAmong(cluster, [previous, { ...unowned, isDeleting: true }])).toBe(previous)
    expect(claimAmong(cluster, [undefined, { ...unowned, labels: {} }])).toBeUndefined()
  })

  it('is otherwise whatever has the usual name', () => {
    expect(claimAmong(cluster, [previous, undefined])).toBe(previous)
    expect(claimAmong(cluster, [undefined, undefined])).toBeUndefined()
  })
})
