import { describe, expect, it } from '@jest/globals'
import { remainingObjects, type ObservedRelease } from '../../../../src/domain/release/release.ts'
import {
  collectWithinMs,
  diagnoseRemaining,
  type ReleaseContext,
  type RemainingDiagnosis,
} from '../../../../src/domain/release/release-verdict.ts'
import { leakAfterMs } from '../../../../src/domain/timings.ts'
import { aClaim, aCluster, anIPAddress, aPool, ownerReference } from '../../../support/builders.ts'

const deleted = { namespace: 'clusters', name: 'demo', uid: 'uid-of-demo' }
const owners = [ownerReference(deleted)]
const paused = { 'cluster.x-k8s.io/paused': '' }
const held = { deleting: true, finalizers: ['ipam.cluster.x-k8s.io/ReleaseAddress'] }
/** As the builders have it. */
const deletedAt = Date.parse('2026-01-02T04:00:00Z')

function diagnose(
  observed: Partial<ObservedRelease>,
  context: Partial<ReleaseContext> = {},
): RemainingDiagnosis {
  const [remaining] = remainingObjects(deleted, {
    ipAddresses: [],
    claims: [],
    present: undefined,
    ...observed,
  })
  if (remaining === undefined) throw new Error('nothing is left')
  return diagnoseRemaining(remaining, {
    deleted,
    recreated: undefined,
    pools: [aPool()],
    now: deletedAt + 4_000,
    goneForMs: 5_000,
    ...context,
  })
}

const bound = {
  claims: [aClaim({ ...held, addressName: 'vip-cp-demo' })],
  ipAddresses: [anIPAddress()],
}
const beginning =
  'IPAddressClaim clusters/vip-cp-demo (10.0.0.10) of the former Cluster clusters/demo has been in deletion for 4 s, held by ipam.cluster.x-k8s.io/ReleaseAddress: '

describe('a claim in deletion', () => {
  it('has its provider told again', () => {
    expect(diagnose(bound)).toEqual({
      remedy: 'touch',
      isLeaked: false,
      message: `${beginning}who set that has to let go; see whether the IPAM provider runs`,
    })
  })

  it.each<[string, Partial<ObservedRelease>, Partial<ReleaseContext>, string]>([
    [
      'its pool is paused',
      bound,
      { pools: [aPool({ name: 'other' }), aPool({ annotations: paused })] },
      'GlobalInClusterIPPool/vip-pool is paused; unpause it',
    ],
    [
      'it is paused itself',
      { ...bound, claims: [aClaim({ ...held, addressName: 'vip-cp-demo', annotations: paused })] },
      {},
      'it is paused; unpause it',
    ],
    [
      'its namesake is paused',
      bound,
      { recreated: aCluster({ uid: 'new', paused: true }) },
      'the Cluster that has the name clusters/demo now is paused, and the IPAM provider waits for it; unpause it',
    ],
  ])('is left alone while %s', (_, observed, context, why) => {
    expect(diagnose(observed, context)).toEqual({
      remedy: 'none',
      isLeaked: false,
      message: `${beginning}${why}`,
    })
  })

  it.each<[string, Partial<ReleaseContext>]>([
    ['another pool is paused', { pools: [aPool({ name: 'other', annotations: paused }), aPool()] }],
    ['its pool is gone', { pools: [] }],
    ['its namesake is at work', { recreated: aCluster({ uid: 'new' }) }],
  ])('is nudged where %s', (_, context) => {
    expect(diagnose(bound, context).remedy).toBe('touch')
  })

  it('says that the provider is gone where there is no kind of pool', () => {
    expect(diagnose(bound, { pools: undefined })).toMatchObject({
      remedy: 'touch',
      message: `${beginning}who set that has to let go; the in-cluster IPAM provider, whose pools are not served, has to be installed again`,
    })
  })

  it.each([
    [leakAfterMs - 1, false],
    [leakAfterMs, true],
  ])('of a Cluster that is gone for %i ms is leaked: %p', (goneForMs, isLeaked) => {
    const { message, ...verdict } = diagnose(bound, { goneForMs })
    expect(verdict.isLeaked).toBe(isLeaked)
    expect(message.startsWith('leaked: IPAddressClaim')).toBe(isLeaked)
  })

  it.each([
    [600_000 + leakAfterMs - 1, 'none', false],
    [600_000 + leakAfterMs, 'touch', true],
  ])('is not leaked during the grace period of its pool: after %i ms', (ms, remedy, isLeaked) => {
    const pools = [aPool({ graceSeconds: 600 })]
    expect(diagnose(bound, { pools, now: deletedAt + ms, goneForMs: ms })).toMatchObject({ remedy, isLeaked })
  })

  it('says how long the grace period is', () => {
    expect(diagnose(bound, { pools: [aPool({ graceSeconds: 600 })] }).message).toBe(
      `${beginning}addressReuseGracePeriodSeconds of GlobalInClusterIPPool/vip-pool keeps it for 600 s`,
    )
  })

  it('names three finalizers and how many more there are', () => {
    const claim = aClaim({ deleting: true, finalizers: ['a/1', 'a/2', 'a/3', 'a/4', 'a/5'] })
    expect(diagnose({ claims: [claim] }).message).toContain('held by a/1, a/2, a/3 and 2 more: ')
  })

  it('counts no time backwards where clocks differ', () => {
    expect(diagnose(bound, { now: deletedAt - 9_000 }).message).toContain('in deletion for 0 s')
  })

  it('may be held by nothing any more', () => {
    expect(diagnose({ claims: [aClaim({ deleting: true })] }).message).toContain('held by nothing: ')
  })
})

describe('what nobody has deleted', () => {
  const reservation = anIPAddress({ owners, labels: { 'vip.capi.gorizond.io/reserved-by': 'demo' } })

  it.each<[string, Partial<ObservedRelease>]>([
    ['a claim', { claims: [aClaim()] }],
    ['a reservation', { ipAddresses: [reservation] }],
  ])('is given time first, and deleted then: %s', (_, observed) => {
    expect(diagnose(observed, { goneForMs: collectWithinMs - 1 })).toMatchObject({
      remedy: 'none',
      message: expect.stringMatching(/is not being deleted: the garbage collector has not deleted it yet$/),
    })
    expect(diagnose(observed, { goneForMs: collectWithinMs })).toMatchObject({
      remedy: 'delete',
      isLeaked: false,
      message: expect.stringMatching(/the garbage collector has missed it, so it is deleted now$/),
    })
  })

  it('stays where somebody else owns it, too', () => {
    const other = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }
    const claims = [aClaim({ owners: [...owners, other] })]
    expect(diagnose({ claims }, { goneForMs: collectWithinMs })).toMatchObject({
      remedy: 'none',
      message:
        'IPAddressClaim clusters/vip-cp-demo of the former Cluster clusters/demo is not being deleted: it has other owners, so that it does not go with its Cluster; delete it if it is not needed',
    })
  })
})

describe('an IPAddress without a claim', () => {
  const patch = `kubectl patch ipaddresses.ipam.cluster.x-k8s.io -n clusters vip-cp-demo --type=merge -p '{"metadata":{"finalizers":null}}'`
  const why = 'no claim is there for which the IPAM provider would let go of it; '

  it('in deletion comes with the command that frees it', () => {
    const ipAddress = anIPAddress({ deleting: true, finalizers: ['ipam.cluster.x-k8s.io/ProtectAddress'] })
    expect(diagnose({ ipAddresses: [ipAddress] })).toEqual({
      remedy: 'none',
      isLeaked: false,
      message: `IPAddress clusters/vip-cp-demo (10.0.0.10) of the former Cluster clusters/demo has been in deletion for 4 s, held by ipam.cluster.x-k8s.io/ProtectAddress: ${why}${patch}`,
    })
  })

  it('that nobody deletes comes with the commands that do', () => {
    expect(diagnose({ ipAddresses: [anIPAddress()] }).message).toBe(
      `IPAddress clusters/vip-cp-demo (10.0.0.10) of the former Cluster clusters/demo is not being deleted: ${why}${patch} && kubectl delete ipaddresses.ipam.cluster.x-k8s.io -n clusters vip-cp-demo`,
    )
  })
})
