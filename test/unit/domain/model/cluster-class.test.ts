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
  })

  it.each([['generatePatchesExtension'], ['generateExtension']])(
    'names the handler of an external patch by %s',
    (field) => {
      expect(withPatch({ name: 'vip', external: { [field]: 'patch.vip' } }).patches).toEqual([
        {
          name: 'vip',
          isExternal: true,
          calls: [{ hook: 'GeneratePatches', handler: 'patch.vip' }],
          enabledIf: undefined,
          isForEveryCluster: false,
          values: [],
        },
      ])
    },
  )

  it('has values of the infrastructure cluster and the control plane, which every Cluster has, and of machines', () => {
    const definition = (matchResources: object, valueFrom: object): object => ({
      selector: { matchResources },
      jsonPatches: [{ op: 'add', path: '/spec/a', valueFrom }],
    })
    const { patches } = withPatch({
      definitions: [
        definition({ infrastructureCluster: true }, { variable: 'a' }),
        definition({ controlPlane: true }, { template: '{{ .b }}' }),
        definition({ machineDeploymentClass: { names: ['*'] } }, { variable: 'c' }),
      ],
    })
    expect(patches.map(({ isForEveryCluster }) => isForEveryCluster)).toEqual([true])
    expect(patches[0]?.values).toEqual([
      { from: 'variable', expression: 'a', isForEveryCluster: true },
      { from: 'template', expression: '{{ .b }}', isForEveryCluster: true },
      { from: 'variable', expression: 'c', isForEveryCluster: false },
    ])
  })

  it('requires a variable if one of its definitions does', () => {
    const definitions = [
      { from: 'inline', required: false },
      { from: 'other', required: true },
    ]
    const status = {
      variables: [
        { name: 'a', definitions },
        { name: 'b', definitions: definitions.slice(0, 1) },
      ],
    }
    const { acceptedVariables } = clusterClassFrom({ status })
    expect(acceptedVariables.map(({ name, isRequired }) => [name, isRequired])).toEqual([
      ['a', true],
      ['b', false],
    ])
  })

  it('has variables whose names are no regular expressions', () => {
    expect(readsVariable(withValue({ variable: 'a+b' }), 'a+b')).toBe(true)
    expect(readsVariable(withValue({ variable: 'aab' }), 'a+b')).toBe(false)
  })
})
