import { describe, expect, it } from '@jest/globals'
import { decideNewAddress } from '../../../../src/domain/allocation/new-address.ts'
import { aCluster, anIPAddress, controlPlane } from '../../../support/builders.ts'

const nobody = { clusters: [], ipAddresses: [] }
const another = { ...nobody, clusters: [{ cluster: aCluster({ name: 'other' }), as: controlPlane }] }
const later = anIPAddress({
  name: 'vip-cp-z',
  uid: 'z',
  claimName: 'vip-cp-z',
  created: '2027-01-01T00:00:00Z',
})
const known = { 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.10' }
const recorded = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
const isOthers = '10.0.0.10 is the endpoint of Cluster clusters/other'

describe('a new address', () => {
  it.each([
    ["is assigned where it is the Cluster's alone", {}, nobody, { decision: 'assign' }],
    ["is left where it is another Cluster's", {}, another, { decision: 'step-back', why: isOthers }],
    [
      "is left where it was somebody else's, even though it is free by now",
      known,
      nobody,
      { decision: 'step-back', why: "10.0.0.10 was somebody else's" },
    ],
    [
      'asks for a person where the Cluster had it before',
      recorded,
      another,
      {
        decision: 'refuse',
        message: `${isOthers}, and was the VIP of Cluster clusters/demo before; give one of them another address`,
      },
    ],
  ])('%s', (_, annotations, holders, decision) => {
    expect(decideNewAddress(aCluster({ annotations }), controlPlane, anIPAddress(), holders)).toEqual(
      decision,
    )
  })

  it('is waited for while a later allocation has it too', () => {
    const holders = { ...nobody, ipAddresses: [later] }
    const decision = decideNewAddress(aCluster(), controlPlane, anIPAddress(), holders)
    const why =
      '10.0.0.10 is IPAddress clusters/vip-cp-z of GlobalInClusterIPPool/vip-pool for claim vip-cp-z'
    expect(decision).toEqual({ decision: 'wait', why, message: `${why}, which has to step back first` })
  })
})
