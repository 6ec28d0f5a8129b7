import { describe, expect, it } from '@jest/globals'
import { clusterClassFrom, readsVariable } from '../../../../src/domain/model/cluster-class.ts'
import { aClass, aClusterClass } from '../../../support/builders.ts'

describe('clusterClassFrom', () => {
  it('reads the names of declared variables, and accepted ones with their schemas', () => {
    const schema = { type: 'object', properties: { host: { type: 'string' } } }
    expect(aClusterClass({ declared: ['a'], accepted: ['a', 'b'], schemas: { b: schema } })).toMatchObject({
      namespace: 'clusters',
      name: aClass,
      declaredVariables: ['a'],
      acceptedVariables: [
        { name: 'a', schema: {} },
        { name: 'b', schema },
      ],
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

describe('a ClusterClass', () => {
  const withPatch = (patch: object) => clusterClassFrom({ spec: { patches: [patch] } })
  const withValue = (valueFrom: object) =>
    withPatch({ definitions: [{ jsonPatches: [{ op: 'add', path: '/spec/a' }, { valueFrom }] }] })

  it.each([
    ['by name', withValue({ variable: 'clusterVip' })],
    ['by a path', withValue({ variable: 'clusterVip.host' })],
    ['in a template', withValue({ template: 'https://{{ .clusterVip }}:6443' })],
    ['in a condition', withPatch({ enabledIf: '{{ if .clusterVip }}true{{ end }}' })],
  ])('reads a variable %s', (_, clusterClass) => {
    expect(readsVariable(clusterClass, 'clusterVip')).toBe(true)
    expect(readsVariable(clusterClass, 'clusterVi')).toBe(false)
    expect(readsVariable(clusterClass, 'Vip')).toBe(false)
  })

  it('reads no variable without such a patch', () => {
    expect(readsVariable(withValue({ variable: 'clusterVipPool' }), 'clusterVip')).toBe(false)
    expect(readsVariable(withPatch({ external: {} }), 'clusterVip')).toBe(false)
    expect(withPatch({ external: {} }).patches).toEqual([{ isExternal: true, expressions: [] }])
  })

  it('has variables whose names are no regular expressions', () => {
    expect(readsVariable(withValue({ variable: 'a+b' }), 'a+b')).toBe(true)
    expect(readsVariable(withValue({ variable: 'aab' }), 'a+b')).toBe(false)
  })
})
