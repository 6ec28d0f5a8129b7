import { describe, expect, it } from '@jest/globals'
import {
  clusterUidAnnotation,
  keptSinceAnnotation,
  keptUntilAnnotation,
  retainAnnotation,
} from '../../../src/domain/names.ts'
import {
  releaseOfChangedClaim,
  releaseOfDeletedClaim,
  releaseOfDeleted,
  releaseOfOrphan,
} from '../../../src/watcher/release-triggers.ts'
import {
  aClaim,
  aCluster,
  anIPAddress,
  aPool,
  aRetainedClaim,
  ownerReference,
} from '../../support/builders.ts'

const vip = { role: 'control-plane', claim: 'vip-cp-demo', address: '10.0.0.10' } as const
const held = { role: 'control-plane', claim: aClaim(), ipAddress: anIPAddress() } as const
const unknown = { role: 'control-plane', claim: undefined, ipAddress: undefined } as const
const assigned = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
const deleted = { namespace: 'clusters', name: 'demo', uid: 'uid-of-demo' }
const release = { action: 'start-release', deleted, again: false, reason: 'Cluster is gone' }

describe('a deleted Cluster', () => {
  it('has to release its claim with the address', () => {
    expect(releaseOfDeleted(aCluster(), [held])).toEqual({ ...release, held: [vip] })
  })

  it('has to release a claim that is unbound', () => {
    const claim = { role: 'control-plane', claim: 'vip-cp-demo' }
    expect(releaseOfDeleted(aCluster(), [{ ...held, ipAddress: undefined }])).toEqual({
      ...release,
      held: [claim],
    })
  })

  it('has to release the duplicates that it kept, as far as they can be read', () => {
    const annotations = { 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.11,{{ }}' }
    expect(releaseOfDeleted(aCluster({ annotations }), [unknown])).toEqual({
      ...release,
      held: [{ role: 'reservation', address: '10.0.0.11' }],
    })
  })

  it('is confirmed to have released a VIP of ours whose claim is gone', () => {
    expect(releaseOfDeleted(aCluster({ annotations: assigned }), [unknown])).toEqual({ ...release, held: [] })
  })

  it.each([
    ['had nothing of ours', aCluster(), unknown],
    [
      'had a claim that is somebody else’s',
      aCluster(),
      { ...held, claim: aClaim({ owners: [ownerReference({ name: 'demo', uid: 'new' })] }) },
    ],
    [
      'was moved elsewhere',
      aCluster({ annotations: { ...assigned, 'clusterctl.cluster.x-k8s.io/delete-for-move': '' } }),
      held,
    ],
  ])('and %s is left', (_, cluster, binding) => {
    expect(releaseOfDeleted(cluster, [binding])).toBeUndefined()
  })
})

describe('a claim whose Cluster is not there', () => {
  const created = Date.parse('2026-01-02T03:04:05Z')
  const request = { ...release, again: true, reason: 'claim without its Cluster', held: [vip] }

  it.each([
    ['is being deleted', { ...held, claim: aClaim({ deleting: true }) }, undefined, created],
    ['has been there for a while', held, undefined, created + 60_000],
    ['belongs to a deleted Cluster of the same name', held, aCluster({ uid: 'new' }), created + 60_000],
  ])('and %s has to be released', (_, binding, known, now) => {
    expect(releaseOfOrphan(binding, known, () => [], now)).toEqual(request)
  })

  it.each([
    ['is young, so that its Cluster may come next', held, undefined, created + 59_999],
    ['has its Cluster after all', held, aCluster(), created + 60_000],
    ['has no owner', { ...held, claim: aClaim({ owners: [] }) }, undefined, created + 60_000],
    [
      'is owned by a Cluster of another name',
      { ...held, claim: aClaim({ owners: [ownerReference({ name: 'x', uid: 'y' })] }) },
      undefined,
      created + 60_000,
    ],
  ])('and %s is left', (_, binding, known, now) => {
    expect(releaseOfOrphan(binding, known, () => [], now)).toBeUndefined()
  })
})

describe('a deleted claim', () => {
  it('has the release of its deleted Cluster retry', () => {
    expect(releaseOfDeletedClaim(aClaim(), undefined)).toEqual({
      action: 'signal-release',
      deleted,
      reason: 'claim is gone',
    })
  })

  it.each([
    ['its Cluster is there', aClaim(), aCluster()],
    ['nobody owned it', aClaim({ owners: [] }), undefined],
  ])('concerns no release if %s', (_, claim, known) => {
    expect(releaseOfDeletedClaim(claim, known)).toBeUndefined()
  })
})

describe('a claim that has outlived its Cluster', () => {
  const now = Date.parse('2026-03-01T12:00:00Z')
  const retaining = aPool({ annotations: { [retainAnnotation]: '24h' } })
  const retained = (annotations: Readonly<Record<string, string>> = {}, uid = deleted.uid) =>
    aRetainedClaim({ annotations: { [clusterUidAnnotation]: uid, ...annotations } })
  const marked = {
    [keptSinceAnnotation]: '2026-03-01T11:00:00Z',
    [keptUntilAnnotation]: '2026-03-02T11:00:00Z',
  }
  const request = { ...release, again: true, held: [vip] }

  it.each([
    ['sleep, if nothing is to be done', marked, 'claim kept without its Cluster', {}],
    ['be woken, if it is not marked yet', {}, 'claim to be kept or released', { wakes: true }],
    [
      'be woken, if its time is over',
      { ...marked, [keptSinceAnnotation]: '2026-02-01T11:00:00Z' },
      'claim to be kept or released',
      { wakes: true },
    ],
  ])('has a run, which is to %s', (_, annotations, reason, more) => {
    const binding = { ...held, claim: retained(annotations) }
    expect(releaseOfOrphan(binding, undefined, () => [retaining], now)).toEqual({
      ...request,
      ...more,
      reason,
    })
  })

  it('has its run end when a later Cluster takes it over', () => {
    const later = retained({}, 'later')
    const signal = { action: 'signal-release', deleted, reason: 'claim has been handed over' }
    expect(releaseOfChangedClaim(later, retained(marked))).toEqual(signal)
    expect(releaseOfChangedClaim(retained(marked), retained())).toBeUndefined()
    expect(releaseOfChangedClaim(later, undefined)).toBeUndefined()
    expect(releaseOfChangedClaim(aClaim(), aClaim())).toBeUndefined()
  })
})
