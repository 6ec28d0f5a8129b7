import { describe, expect, it } from '@jest/globals'
import {
  classForVariable,
  clusterClassFrom,
  decideVipVariable,
} from '../../../../src/domain/model/cluster-class.ts'
import { aClass, aCluster, aClusterClass, controlPlane } from '../../../support/builders.ts'

const accepting = aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] })
const declaring = aClusterClass({ declared: ['clusterVip'], accepted: [] })
const filled = aCluster({
  topology: { classRef: { name: 'rke2-cluster-class' }, variables: [{ name: 'clusterVip', value: 'x' }] },
})
const plain = aCluster({ topology: null })

describe('the variable that receives a VIP', () => {
  it('is asked for at the ClusterClass only where it can be written', () => {
    expect(classForVariable(aCluster(), controlPlane)).toEqual({
      namespace: 'clusters',
      name: 'rke2-cluster-class',
    })
    expect(classForVariable(filled, controlPlane)).toBeUndefined()
    expect(classForVariable(plain, controlPlane)).toBeUndefined()
  })

  it.each([
    ['is written where the class has it', aCluster(), accepting, { decision: 'write' }],
    ['is omitted where the class does not exist', aCluster(), undefined, { decision: 'omit' }],
    ['is omitted where it has a value', filled, accepting, { decision: 'omit' }],
    ['is omitted where there is no topology', plain, accepting, { decision: 'omit' }],
    [
      'is waited for where the class only declares it',
      aCluster(),
      declaring,
      {
        decision: 'wait',
        reason: 'ClusterRejected',
        message:
          'ClusterClass clusters/rke2-cluster-class declares the variable clusterVip, but its status.variables has none of this name yet; Cluster API would refuse it',
      },
    ],
  ])('%s', (_, cluster, clusterClass, decision) => {
    expect(decideVipVariable(cluster, controlPlane, clusterClass)).toEqual(decision)
  })

  it.each<[string, readonly string[], readonly string[], string]>([
    ['declared and accepted', ['clusterVip'], ['clusterVip'], 'write'],
    ['of an external patch', [], ['clusterVip'], 'write'],
    ['declared and not accepted yet', ['clusterVip'], ['other'], 'wait'],
    ['of no such name', ['other'], ['other'], 'omit'],
  ])('that is %s', (_, declared, accepted, decision) => {
    const clusterClass = aClusterClass({ declared, accepted })
    expect(decideVipVariable(aCluster(), controlPlane, clusterClass)).toMatchObject({ decision })
  })
})

describe('clusterClassFrom', () => {
  it('reads the names of declared and of accepted variables', () => {
    expect(aClusterClass({ declared: ['a'], accepted: ['a', 'b'] })).toMatchObject({
      namespace: 'clusters',
      name: aClass,
      declaredVariables: ['a'],
      acceptedVariables: ['a', 'b'],
    })
  })

  it('passes over variables without a name', () => {
    const variables = [{ name: '' }, {}, null, 'a', { name: 'b' }]
    expect(clusterClassFrom({ spec: { variables }, status: {} })).toMatchObject({
      declaredVariables: ['b'],
      acceptedVariables: [],
    })
  })
})
