import { describe, expect, it } from '@jest/globals'
import { checkPairVariables } from '../../../../../src/commands/doctor/checks/pair-variables.ts'
import { aClass, aCluster, classOfShape, variables } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

const prefix = 'vip.capi.gorizond.io'
const name = `ClusterClass clusters/${aClass}`
const pair = { [`${prefix}/ip-families`]: 'IPv4,IPv6' }
const text = { type: 'string' }
const annotation = `${prefix}/control-plane-vip`

interface Shape {
  readonly annotations?: Readonly<Record<string, string>>
  readonly schemas?: Readonly<Record<string, object>>
  readonly patches?: readonly object[]
}

function classWith({ annotations = pair, schemas = {}, patches = [] }: Shape) {
  return classOfShape({
    annotations,
    variables: Object.entries(schemas).map(([variable, schema]) => ({
      name: variable,
      required: false,
      schema: { openAPIV3Schema: schema },
    })),
    patches,
  })
}

function check(shape: Shape, clusters: Parameters<typeof aCluster>[0][] = []) {
  return checkPairVariables(
    aSnapshot({ clusterClasses: [classWith(shape)], clusters: clusters.map((each) => aCluster(each)) }),
    { variables },
  )
}

function named(...names: readonly string[]): Readonly<Record<string, string>> {
  return { ...pair, [`${prefix}/control-plane-variable`]: names.join(',') }
}

function oneOf(role: string, whose: string, because: string) {
  return [
    {
      level: 'warning',
      found: `${name}: the ${role} VIP is a pair for ${whose}, and their templates get one address of it: ${because}, and no patch reads the annotation ${prefix}/${role}-vip`,
      fix: `give ${name} a variable that takes both addresses, or a patch that reads that annotation (docs/dual-stack.md)`,
    },
  ]
}

describe('a ClusterClass that asks for a pair', () => {
  it('is worth a look if its variable takes one address', () => {
    expect(check({ schemas: { clusterVip: text } })).toEqual(
      oneOf('control-plane', 'all its Clusters', 'its variables take one (clusterVip)'),
    )
  })

  it('is worth a look if no variable receives the VIP', () => {
    expect(check({})).toEqual(
      oneOf('control-plane', 'all its Clusters', 'no variable of it receives the VIP'),
    )
  })

  it.each<readonly [string, Readonly<Record<string, object>>]>([
    ['several texts', { a: text, b: text }],
    ['an object without addresses', { a: { type: 'object', properties: { host: text } } }],
    ['a list of one address', { a: { type: 'array', maxItems: 1, items: text } }],
    ['a text of the second family alone', { a: { ...text, format: 'ipv6' } }],
  ])('is worth a look if its variables are %s', (_shape, schemas) => {
    const names = Object.keys(schemas)
    expect(check({ annotations: named(...names), schemas })).toEqual(
      oneOf('control-plane', 'all its Clusters', `its variables take one (${names.join(', ')})`),
    )
  })

  it.each<readonly [string, Readonly<Record<string, object>>]>([
    ['a list', { a: { type: 'array', items: text } }],
    ['an object with addresses', { a: { type: 'object', properties: { host: text, addresses: text } } }],
    ['a text of each family', { a: { ...text, format: 'ipv4' }, b: { ...text, format: 'ipv6' } }],
    ['a text and one of the second family', { a: text, b: { ...text, format: 'ipv6' } }],
  ])('is in order with %s', (_shape, schemas) => {
    expect(check({ annotations: named(...Object.keys(schemas)), schemas })).toEqual([])
  })

  it('is in order if a patch reads the annotation, or is an external one', () => {
    const template = `{{ index .builtin.cluster.metadata.annotations "${annotation}" }}`
    const reading = { definitions: [{ jsonPatches: [{ valueFrom: { template } }] }] }
    const external = { external: { generatePatchesExtension: 'patch.other' } }
    for (const patch of [reading, external]) {
      expect(check({ schemas: { clusterVip: text }, patches: [patch] })).toEqual([])
    }
  })

  it('is in order if it refuses that VIP', () => {
    const annotations = { ...pair, [`${prefix}/control-plane-enabled`]: 'false' }
    expect(check({ annotations, schemas: { clusterVip: text } })).toEqual([])
  })

  it('is worth a look for an ingress VIP only if a variable receives that', () => {
    const annotations = named('a')
    const both = { a: { type: 'array', items: text } }
    expect(check({ annotations, schemas: { ...both, ingressVip: text } })).toEqual(
      oneOf('ingress', 'all its Clusters', 'its variables take one (ingressVip)'),
    )
    expect(check({ annotations, schemas: both })).toEqual([])
  })

  it('is left to the check of its variables if one cannot be written', () => {
    expect(check({ annotations: named('absent'), schemas: { clusterVip: text } })).toEqual([])
  })
})

describe('a ClusterClass that asks for no pair', () => {
  const shape = { annotations: {}, schemas: { clusterVip: text } }

  it('is in order', () => {
    expect(check(shape, [{ name: 'blue' }])).toEqual([])
    expect(check({ ...shape, annotations: { [`${prefix}/ip-families`]: 'IPv6' } })).toEqual([])
  })

  it('is worth a look if a Cluster of it asks for one', () => {
    const clusters = [{ name: 'blue', annotations: pair }, { name: 'green' }]
    expect(check(shape, clusters)).toEqual(
      oneOf('control-plane', 'Cluster clusters/blue', 'its variables take one (clusterVip)'),
    )
  })
})
