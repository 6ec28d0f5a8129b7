import { describe, expect, it } from '@jest/globals'
import { decideClaimUse } from '../../src/domain/claim-use.ts'
import { aClaim, aCluster, ownerReference, type ClaimOptions } from '../support/builders.ts'

const pod = { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'uid-of-web' }

describe('a claim of the name', () => {
  it.each<[string, ClaimOptions, object]>([
    ["is used where it is the Cluster's", {}, { decision: 'use', owner: 'this-cluster' }],
    ["is used where it is nobody's", { owners: [] }, { decision: 'use', owner: 'nobody' }],
    [
      'is waited for while it is being deleted',
      { deleting: true },
      {
        decision: 'wait',
        reason: 'WaitingForAddress',
        message: 'IPAddressClaim clusters/vip-cp-demo is being deleted; a new one follows when it is gone',
      },
    ],
    [
      'is waited for where it is of a former Cluster',
      { owners: [ownerReference({ name: 'demo', uid: 'former' })] },
      {
        decision: 'wait',
        reason: 'WaitingForAddress',
        message:
          'IPAddressClaim clusters/vip-cp-demo belongs to the former Cluster clusters/demo (uid former); a new one follows when it is gone',
        formerUid: 'former',
      },
    ],
    [
      "is left alone where it is anybody else's",
      { owners: [pod] },
      {
        decision: 'refuse',
        reason: 'ClaimConflict',
        message:
          'IPAddressClaim clusters/vip-cp-demo belongs to Pod web (uid uid-of-web) and is left alone; delete or rename it so that Cluster clusters/demo can have a claim of this name',
      },
    ],
  ])('%s', (_, claim, decision) => {
    expect(decideClaimUse(aClaim(claim), aCluster())).toEqual(decision)
  })
})
