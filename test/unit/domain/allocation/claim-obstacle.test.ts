import { describe, expect, it } from '@jest/globals'
import { obstacleOf } from '../../../../src/domain/allocation/claim-obstacle.ts'
import { aClaim, aCluster, ownerReference, type ClaimOptions } from '../../../support/builders.ts'

describe('a claim under the name of a Cluster', () => {
  it.each<[string, ClaimOptions]>([
    ['is its own', {}],
    ["is nobody's", { owners: [] }],
  ])('can be used where it %s', (_, options) => {
    expect(obstacleOf(aClaim(options), aCluster())).toBeUndefined()
  })

  it('is waited for while it is being deleted', () => {
    expect(obstacleOf(aClaim({ deleting: true }), aCluster())).toEqual({
      reason: 'WaitingForAddress',
      message: 'IPAddressClaim clusters/vip-cp-demo is being deleted; a new one follows when it is gone',
    })
  })

  it('is waited for while a former Cluster owns it', () => {
    const owners = [ownerReference({ name: 'demo', uid: 'former' })]
    expect(obstacleOf(aClaim({ owners }), aCluster())).toEqual({
      reason: 'WaitingForAddress',
      formerUid: 'former',
      message:
        'IPAddressClaim clusters/vip-cp-demo belongs to the former Cluster clusters/demo (uid former); a new one follows when it is gone',
    })
  })

  it('is left alone where somebody else owns it', () => {
    const owners = [ownerReference({ name: 'other', uid: 'other-uid' })]
    expect(obstacleOf(aClaim({ owners }), aCluster())).toEqual({
      reason: 'ClaimConflict',
      message:
        'IPAddressClaim clusters/vip-cp-demo belongs to Cluster other (uid other-uid) and is left alone; delete or rename it so that Cluster clusters/demo can have a claim of this name',
    })
  })
})
