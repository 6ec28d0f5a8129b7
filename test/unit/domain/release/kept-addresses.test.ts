import { describe, expect, it } from '@jest/globals'
import { orphanedClaims } from '../../../../src/domain/allocation/snapshot.ts'
import { keptSinceAnnotation, keptUntilAnnotation } from '../../../../src/domain/names.ts'
import {
  describeKeptAddress,
  keptAddressesIn,
  whyNotReleasable,
} from '../../../../src/domain/release/kept-addresses.ts'
import { aClaim, aCluster, anIPAddress, aRetainedClaim } from '../../../support/builders.ts'
import { aSnapshot } from '../../../support/snapshot.ts'

const marked = {
  [keptSinceAnnotation]: '2026-03-01T11:00:00Z',
  [keptUntilAnnotation]: '2026-03-02T11:00:00Z',
}
const claim = aRetainedClaim({ annotations: marked })
const ipAddresses = [anIPAddress()]
const kept = {
  why: 'retained',
  address: '10.0.0.10',
  keptFor: { namespace: 'clusters', name: 'demo', uid: 'uid-of-demo' },
  role: 'control-plane',
  pool: { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'vip-pool' },
  claim: { namespace: 'clusters', name: 'vip-cp-demo' },
  since: '2026-03-01T11:00:00Z',
  until: '2026-03-02T11:00:00Z',
} as const

describe('the addresses that are kept', () => {
  it('are those of claims that have outlived their Cluster', () => {
    expect(keptAddressesIn(aSnapshot({ claims: [claim], ipAddresses }))).toEqual([kept])
    const clusters = [aCluster({ uid: 'new' })]
    expect(keptAddressesIn(aSnapshot({ clusters, claims: [claim], ipAddresses }))).toEqual([kept])
  })

  it('are kept too while that is not recorded, or the claim is not bound again after a move', () => {
    const unmarked = aRetainedClaim({ addressName: '' })
    const [found] = keptAddressesIn(aSnapshot({ claims: [unmarked], ipAddresses }))
    expect(found).toEqual({ ...kept, since: undefined, until: undefined })
    expect(found && describeKeptAddress(found)).toBe('kept for clusters/demo')
  })

  it.each([
    ['the Cluster is there', { clusters: [aCluster()], claims: [claim] }],
    ['the claim goes with its Cluster', { claims: [aClaim({ addressName: 'vip-cp-demo' })] }],
    ['the claim is being deleted', { claims: [aRetainedClaim({ deleting: true })] }],
    ['there is no claim', {}],
  ])('are none if %s', (_, objects) => {
    expect(keptAddressesIn(aSnapshot({ ...objects, ipAddresses }))).toEqual([])
  })

  it('are described by whom they are kept for, and until when', () => {
    expect(describeKeptAddress(kept)).toBe('kept for clusters/demo until 2026-03-02T11:00:00Z')
    expect(describeKeptAddress({ ...kept, until: 'always' })).toBe(
      'kept for clusters/demo until a person releases it',
    )
  })

  it('are not to be released if the Cluster of this name has the address again', () => {
    const present = aCluster({ uid: 'new', endpoint: { host: '10.0.0.10', port: 6443 } })
    expect(whyNotReleasable(kept, present)).toBe(
      'Cluster clusters/demo (uid new) has 10.0.0.10, and takes its claim over',
    )
    expect(whyNotReleasable(kept, aCluster({ uid: 'new' }))).toBeUndefined()
    expect(whyNotReleasable(kept, undefined)).toBeUndefined()
  })

  it('are leaked only when their time has been over for a while', () => {
    const snapshot = aSnapshot({ claims: [claim], ipAddresses })
    const end = Date.parse('2026-03-02T11:00:00Z')
    expect(orphanedClaims(snapshot, end + 40_000)).toEqual([])
    expect(orphanedClaims(snapshot, end + 60_000)).toEqual([claim])
    const forGood = aRetainedClaim({ annotations: { [keptUntilAnnotation]: 'always' } })
    expect(orphanedClaims(aSnapshot({ claims: [forGood] }), end * 2)).toEqual([])
  })
})
