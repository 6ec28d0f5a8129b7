import { describe, expect, it } from '@jest/globals'
import { leftoversOf, type ObservedRelease } from '../../../../src/domain/release/release.ts'
import {
  collectWithinMs,
  diagnoseRemaining,
  leakAfterMs,
  type ReleaseSurroundings,
  type RemainingDiagnosis,
} from '../../../../src/domain/release/release-verdict.ts'
import { aClaim, aCluster, anIPAddress, aPool, ownerReference } from '../../../support/builders.ts'

const former = { namespace: 'clusters', name: 'demo', uid: 'uid-of-demo' }
const owners = [ownerReference(former)]
const paused = { 'cluster.x-k8s.io/paused': '' }
const held = { deleting: true, finalizers: ['ipam.cluster.x-k8s.io/ReleaseAddress'] }
/** As the builders have it. */
const deletedAt = Date.parse('2026-01-02T04:00:00Z')

function judge(
  sight: Partial<ObservedRelease>,
  around: Partial<ReleaseSurroundings> = {},
): RemainingDiagnosis {
  const [leftover] = leftoversOf(former, { ipAddresses: [], claims: [], present: undefined, ...sight })
  if (leftover === undefined) throw new Error('nothing is left')
  return diagnoseRemaining(leftover, {
    former,
    namesake: undefined,
    pools: [aPool()],
    now: deletedAt + 4_000,
    goneForMs: 5_000,
    ...around,
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
    expect(judge(bound)).toEqual({
      help: 'nudge',
      isLeaked: false,
      message: `${beginning}who set that has to let go; see whether the IPAM provider runs`,
    })
  })

  it.each<[string, Partial<ObservedRelease>, Partial<ReleaseSurroundings>, string]>([
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
      { namesake: aCluster({ uid: 'new', paused: true }) },
      'the Cluster that has the name clusters/demo now is paused, and the IPAM provider waits for it; unpause it',
    ],
  ])('is left alone while %s', (_, sight, around, why) => {
    expect(judge(sight, around)).toEqual({ help: 'none', isLeaked: false, message: `${beginning}${why}` })
  })

  it.each<[string, Partial<ReleaseSurroundings>]>([
    ['another pool is paused', { pools: [aPool({ name: 'other', annotations: paused }), aPool()] }],
    ['its pool is gone', { pools: [] }],
    ['its namesake is at work', { namesake: aCluster({ uid: 'new' }) }],
  ])('is nudged where %s', (_, around) => {
    expect(judge(bound, around).help).toBe('nudge')
  })

  it('says that the provider is gone where there is no kind of pool', () => {
    expect(judge(bound, { pools: undefined })).toMatchObject({
      help: 'nudge',
      message: `${beginning}who set that has to let go; the in-cluster IPAM provider, whose pools are not served, has to be installed again`,
    })
  })

  it.each([
    [leakAfterMs - 1, false],
    [leakAfterMs, true],
  ])('of a Cluster that is gone for %i ms is leaked: %p', (goneForMs, isLeaked) => {
    const { message, ...verdict } = judge(bound, { goneForMs })
    expect(verdict.isLeaked).toBe(isLeaked)
    expect(message.startsWith('leaked: IPAddressClaim')).toBe(isLeaked)
  })

  it.each([
    [600_000 + leakAfterMs - 1, 'none', false],
    [600_000 + leakAfterMs, 'nudge', true],
  ])('is not leaked during the grace period of its pool: after %i ms', (ms, help, isLeaked) => {
    const pools = [aPool({ graceSeconds: 600 })]
    expect(judge(bound, { pools, now: deletedAt + ms, goneForMs: ms })).toMatchObject({ help, isLeaked })
  })

  it('says how long the grace period is', () => {
    expect(judge(bound, { pools: [aPool({ graceSeconds: 600 })] }).message).toBe(
      `${beginning}addressReuseGracePeriodSeconds of GlobalInClusterIPPool/vip-pool keeps it for 600 s`,
    )
  })

  it('names three finalizers and how many more there are', () => {
    const claim = aClaim({ deleting: true, finalizers: ['a/1', 'a/2', 'a/3', 'a/4', 'a/5'] })
    expect(judge({ claims: [claim] }).message).toContain('held by a/1, a/2, a/3 and 2 more: ')
  })

  it('counts no time backwards where clocks differ', () => {
    expect(judge(bound, { now: deletedAt - 9_000 }).message).toContain('in deletion for 0 s')
  })

  it('may be held by nothing any more', () => {
    expect(judge({ claims: [aClaim({ deleting: true })] }).message).toContain('held by nothing: ')
  })
})

describe('what nobody has deleted', () => {
  const reservation = anIPAddress({ owners, labels: { 'vip.capi.gorizond.io/reserved-by': 'demo' } })

  it.each<[string, Partial<ObservedRelease>]>([
    ['a claim', { claims: [aClaim()] }],
    ['a reservation', { ipAddresses: [reservation] }],
  ])('is given time first, and deleted then: %s', (_, sight) => {
    expect(judge(sight, { goneForMs: collectWithinMs - 1 })).toMatchObject({
      help: 'none',
      message: expect.stringMatching(/is not being deleted: the garbage collector has not deleted it yet$/),
    })
    expect(judge(sight, { goneForMs: collectWithinMs })).toMatchObject({
      help: 'delete',
      isLeaked: false,
      message: expect.stringMatching(/the garbage collector has missed it, so it is deleted now$/),
    })
  })

  it('stays where somebody else owns it, too', () => {
    const other = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }
    const claims = [aClaim({ owners: [...owners, other] })]
    expect(judge({ claims }, { goneForMs: collectWithinMs })).toMatchObject({
      help: 'none',
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
    expect(judge({ ipAddresses: [ipAddress] })).toEqual({
      help: 'none',
      isLeaked: false,
      message: `IPAddress clusters/vip-cp-demo (10.0.0.10) of the former Cluster clusters/demo has been in deletion for 4 s, held by ipam.cluster.x-k8s.io/ProtectAddress: ${why}${patch}`,
    })
  })

  it('that nobody deletes comes with the commands that do', () => {
    expect(judge({ ipAddresses: [anIPAddress()] }).message).toBe(
      `IPAddress clusters/vip-cp-demo (10.0.0.10) of the former Cluster clusters/demo is not being deleted: ${why}${patch} && kubectl delete ipaddresses.ipam.cluster.x-k8s.io -n clusters vip-cp-demo`,
    )
  })
})
