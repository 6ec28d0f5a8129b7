import { describe, expect, it } from '@jest/globals'
import { decideClaimUse } from '../../src/domain/claim-use.ts'
import { aClaim, aCluster, ownerReference, type ClaimOptions } from '../support/builders.ts'

describe('a claim under the name of a Cluster', () => {
  it.each<[string, ClaimOptions, string]>([
    ['is its own', {}, 'this-cluster'],
    ['is of nobody', { owners: [] }, 'nobody'],
  ])('is used where it %s', (_, options, owner) => {
    expect(decideClaimUse(aClaim(options), aCluster())).toEqual({ decision: 'use', owner })
  })

  it('is waited for while it is being deleted', () => {
    expect(decideClaimUse(aClaim({ deleting: true }), aCluster())).toEqual({
      decision: 'wait',
      reason: 'WaitingForAddress',
      message: 'IPAddressClaim clusters/vip-cp-demo is being deleted; a new one follows when it is gone',
    })
  })

  it('is waited for while a former Cluster owns it', () => {
    const owners = [ownerReference({ name: 'demo', uid: 'former' })]
    expect(decideClaimUse(aClaim({ owners }), aCluster())).toEqual({
      decision: 'wait',
      reason: 'WaitingForAddress',
      formerUid: 'former',
      message:
        'IPAddressClaim clusters/vip-cp-demo belongs to the former Cluster clusters/demo (uid former); a new one follows when it is gone',
    })
  })

  it('is left alone where somebody else owns it', () => {
    const owners = [ownerReference({ name: 'other', uid: 'other-uid' })]
    expect(decideClaimUse(aClaim({ owners }), aCluster())).toEqual({
      decision: 'refuse',
      reason: 'ClaimConflict',
      message:
        'IPAddressClaim clusters/vip-cp-demo belongs to Cluster other (uid other-uid) and is left alone; delete or rename it so that Cluster clusters/demo can have a claim of this name',
    })
  })
})
