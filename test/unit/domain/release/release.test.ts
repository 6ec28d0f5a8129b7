import { describe, expect, it } from '@jest/globals'
import {
  describeRelease,
  heldTogether,
  isHeldAddress,
  isOrphanOf,
  remainingObjects,
  mostHeld,
  readableHeld,
  type HeldAddress,
  type ObservedRelease,
} from '../../../../src/domain/release/release.ts'
import { aClaim, aCluster, anIPAddress, ownerReference } from '../../../support/builders.ts'

const deleted = { namespace: 'clusters', name: 'demo', uid: 'uid-of-demo' }
const ofDeleted = ownerReference(deleted)
const recreated = aCluster({ uid: 'new' })
const ofRecreated = ownerReference({ name: 'demo', uid: 'new' })
const ofPool = {
  apiVersion: 'ipam.cluster.x-k8s.io/v1alpha2',
  kind: 'GlobalInClusterIPPool',
  name: 'vip-pool',
  uid: 'p',
}
const ofClaim = (uid: string): object => ({
  apiVersion: 'ipam.cluster.x-k8s.io/v1beta2',
  kind: 'IPAddressClaim',
  name: 'vip-cp-demo',
  uid,
  controller: true,
})
const claim = aClaim({ uid: 'claim', addressName: 'vip-cp-demo' })
const address = anIPAddress({ owners: [ofClaim('claim'), ofPool] })
const reservation = anIPAddress({
  name: 'vip-reserved-demo-10.0.0.11',
  claimName: 'vip-reserved-demo-10.0.0.11',
  address: '10.0.0.11',
  labels: { 'vip.capi.gorizond.io/reserved-by': 'demo' },
  owners: [ofDeleted],
})
const nothing: ObservedRelease = { ipAddresses: [], claims: [], present: undefined }
const vip = { role: 'control-plane', claim: 'vip-cp-demo', address: '10.0.0.10' } as const

/** What is left, as kind and what was held. */
function left(observed: Partial<ObservedRelease>): readonly (readonly [string, HeldAddress])[] {
  return remainingObjects(deleted, { ...nothing, ...observed }).map(({ kind, held }) => [kind, held])
}

describe('what a Cluster has left behind', () => {
  it.each<[string, Partial<ObservedRelease>, ReturnType<typeof left>]>([
    ['nothing where nothing is there', {}, []],
    ['its claim with its address', { claims: [claim], ipAddresses: [address] }, [['IPAddressClaim', vip]]],
    [
      'its claim with an address that its reference alone leads to',
      { claims: [claim], ipAddresses: [anIPAddress({ claimName: 'other', owners: [] })] },
      [['IPAddressClaim', vip]],
    ],
    [
      'its claim without an address',
      { claims: [aClaim({ name: 'vip-ingress-demo' })] },
      [['IPAddressClaim', { role: 'ingress', claim: 'vip-ingress-demo' }]],
    ],
    ['the address of a claim that is gone', { ipAddresses: [address] }, [['IPAddress', vip]]],
    [
      'that address also where its pool alone owns it still',
      { ipAddresses: [anIPAddress({ owners: [ofPool] })], present: recreated },
      [['IPAddress', vip]],
    ],
    [
      'its reservation',
      { ipAddresses: [reservation] },
      [['IPAddress', { role: 'reservation', address: '10.0.0.11' }]],
    ],
    [
      'an address that was made before its claim',
      { ipAddresses: [anIPAddress({ owners: [ofDeleted] })] },
      [['IPAddress', vip]],
    ],
  ])('is %s', (_, observed, expected) => {
    expect(left(observed)).toEqual(expected)
  })

  it.each<[string, Partial<ObservedRelease>]>([
    [
      'the claim and address of a namesake',
      {
        claims: [aClaim({ uid: 'claim', owners: [ofRecreated], addressName: 'vip-cp-demo' })],
        ipAddresses: [address],
        present: recreated,
      },
    ],
    [
      'the address that a namesake has made before its claim',
      { ipAddresses: [anIPAddress({ owners: [ofRecreated] })], present: recreated },
    ],
    [
      'the address that waits for the claim of a namesake to take it over',
      {
        claims: [aClaim({ owners: [ofRecreated] })],
        ipAddresses: [anIPAddress({ owners: [ofPool] })],
        present: recreated,
      },
    ],
    ['a claim without owner', { claims: [aClaim({ owners: [] })] }],
    ['an address of a claim of another name', { ipAddresses: [anIPAddress({ claimName: 'machine-0' })] }],
    ['the reservation of a namesake', { ipAddresses: [{ ...reservation, ownerReferences: [] }] }],
  ])('is not %s', (_, observed) => {
    expect(left(observed)).toEqual([])
  })
})

describe('what is known to have been held', () => {
  it('is each claim once, with its address whoever knows it', () => {
    const unbound = { role: 'control-plane', claim: 'vip-cp-demo' } as const
    expect(heldTogether([vip], [unbound])).toEqual([vip])
    expect(heldTogether([unbound], [vip])).toEqual([vip])
  })

  it('is each reservation once', () => {
    const one = { role: 'reservation', address: '10.0.0.11' } as const
    const two = { role: 'reservation', address: '10.0.0.12' } as const
    expect(heldTogether([one], [one, two])).toEqual([one, two])
  })

  it('goes into an argument where it can be read, and in bounds', () => {
    const many = Array.from({ length: mostHeld }, () => vip)
    expect(readableHeld([{ role: 'reservation', address: 'not an\naddress' }, ...many, vip])).toEqual(many)
  })

  it.each<[unknown, boolean]>([
    [vip, true],
    [{ role: 'reservation', address: 'fd00::1' }, true],
    [{ role: 'ingress' }, true],
    ['vip', false],
    [{ ...vip, role: 'other' }, false],
    [{ ...vip, address: 'x'.repeat(254) }, false],
    [{ ...vip, claim: 5 }, false],
    [{ ...vip, more: 'text' }, false],
  ])('%j is such an entry: %p', (value, is) => {
    expect(isHeldAddress(value)).toBe(is)
  })
})

describe('an object', () => {
  it.each([
    ['whose Cluster is gone', aClaim(), undefined, true],
    ['whose Cluster has a successor', aClaim(), recreated, true],
    ['whose Cluster is there', aClaim(), aCluster(), false],
    ['of somebody else, too', aClaim({ owners: [ofDeleted, ofPool] }), undefined, false],
    ['of somebody else', aClaim({ owners: [ofRecreated] }), undefined, false],
    ['of nobody', aClaim({ owners: [] }), undefined, false],
  ])('%s may be deleted: %4$p', (_, object, present, may) => {
    expect(isOrphanOf('uid-of-demo', object, present)).toBe(may)
  })
})

describe('the end of a release', () => {
  it('names all that was held', () => {
    const held: readonly HeldAddress[] = [
      vip,
      { role: 'ingress', claim: 'vip-ingress-demo' },
      { role: 'ingress', address: '10.0.0.12' },
      { role: 'reservation', address: '10.0.0.11' },
    ]
    expect(describeRelease(deleted, held, 0.3)).toBe(
      'Cluster clusters/demo is gone, and so is what it held, 0.3 s after this run began: control-plane VIP 10.0.0.10 (IPAddressClaim vip-cp-demo), ingress VIP without an address (IPAddressClaim vip-ingress-demo), ingress VIP 10.0.0.12, reservation of 10.0.0.11',
    )
  })

  it('says that nothing was held', () => {
    expect(describeRelease(deleted, [], 0)).toBe('Cluster clusters/demo is gone, and held nothing any more')
  })
})
