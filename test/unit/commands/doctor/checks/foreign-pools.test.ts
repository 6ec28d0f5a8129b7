import { describe, expect, it } from '@jest/globals'
import { foreignPoolProblems } from '../../../../../src/commands/doctor/checks/foreign-pools.ts'
import { aCluster } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

const annotation = 'vip.capi.gorizond.io/control-plane-pool'

function problems(state: 'kind-not-served' | 'absent' | 'present' | 'unknown') {
  const clusters = [
    aCluster({ annotations: { [annotation]: 'CorpIPPool.ipam.example.test/corp' } }),
    aCluster({ name: 'plain' }),
  ]
  return foreignPoolProblems(
    aSnapshot({ clusters }),
    new Map([['clusters CorpIPPool.ipam.example.test/corp', state]]),
  )
}

describe('a pool of another IPAM provider that a Cluster names', () => {
  it('is a fault if its kind is not served', () => {
    expect(problems('kind-not-served')).toEqual([
      {
        level: 'fault',
        found: `Cluster clusters/demo: the API server serves no CorpIPPool in the API group ipam.example.test, which ${annotation} names`,
        fix: `correct the annotation ${annotation} of the Cluster, or install that IPAM provider`,
      },
    ])
  })

  it('is a fault if there is none of its name', () => {
    expect(problems('absent')).toEqual([
      {
        level: 'fault',
        found: `Cluster clusters/demo: ${annotation} names CorpIPPool/corp, and there is no such pool`,
        fix: `create it, or correct the annotation ${annotation} of the Cluster`,
      },
    ])
  })

  it('is no fault if it is there, or may not be read', () => {
    expect([...problems('present'), ...problems('unknown')]).toEqual([])
  })
})
