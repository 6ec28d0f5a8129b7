import { describe, expect, it } from '@jest/globals'
import { clusterClassFrom, decideVariable } from '../../../../src/domain/model/cluster-class.ts'
import { aClass, aClusterClass } from '../../../support/builders.ts'

describe('decideVariable', () => {
  it.each<[string, readonly string[], readonly string[], string]>([
    ['declared and accepted', ['clusterVip'], ['clusterVip'], 'write'],
    ['of an external patch', [], ['clusterVip'], 'write'],
    ['declared and not accepted yet', ['clusterVip'], ['other'], 'wait'],
    ['of no such name', ['other'], ['other'], 'omit'],
  ])('a variable that is %s', (_, declared, accepted, decision) => {
    expect(decideVariable(aClusterClass({ declared, accepted }), 'clusterVip')).toBe(decision)
  })

  it('omits it where the class is missing: the API server has its own words on that', () => {
    expect(decideVariable(undefined, 'clusterVip')).toBe('omit')
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
