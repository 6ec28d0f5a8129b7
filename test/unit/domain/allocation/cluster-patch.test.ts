import { describe, expect, it } from '@jest/globals'
import {
  clusterPatchFor,
  describeAllocated,
  formatVip,
  isAllocatedIn,
  type ClusterPatchInput,
} from '../../../../src/domain/allocation/cluster-patch.ts'
import { aClass, aCluster, controlPlane, ingress } from '../../../support/builders.ts'

const input: ClusterPatchInput = {
  vip: controlPlane,
  address: '10.0.0.10',
  claimName: 'vip-cp-demo',
  network: undefined,
  variables: new Map([['clusterVip', '10.0.0.10']]),
  port: 6443,
}
const noVariables = new Map<string, unknown>()
const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'
const classRef = { name: aClass }
const asRead = { op: 'replace', path: '/metadata/resourceVersion', value: '100' }
const setAnnotations = (value: Readonly<Record<string, string>>) => ({
  op: 'add',
  path: '/metadata/annotations',
  value,
})
const setAnnotation = (key: string, value: string) => setAnnotations({ [key]: value })
const writtenAnnotation = 'vip.capi.gorizond.io/control-plane-variables-written'
const recorded = { [vipAnnotation]: '10.0.0.10', [writtenAnnotation]: 'clusterVip' }
const setEndpoint = (host: string, port = 6443) => ({
  op: 'add',
  path: '/spec/controlPlaneEndpoint',
  value: { host, port },
})
const setVariables = (name: string) => ({
  op: 'add',
  path: '/spec/topology/variables',
  value: [{ name, value: '10.0.0.10' }],
})

/** The operations of a patch; none where nothing is missing. */
function patchOf(...facts: Parameters<typeof clusterPatchFor>): readonly object[] {
  return clusterPatchFor(...facts).patch ?? []
}

describe('clusterPatchFor', () => {
  it('writes host, port, variable and annotations in one patch, conditional on what was read', () => {
    expect(clusterPatchFor(aCluster(), input)).toEqual({
      assigned: { host: '10.0.0.10', port: 6443 },
      patch: [asRead, setEndpoint('10.0.0.10'), setVariables('clusterVip'), setAnnotations(recorded)],
    })
  })

  it('stores IPv6 without brackets', () => {
    expect(patchOf(aCluster(), { ...input, address: 'fd00::10' })).toContainEqual(setEndpoint('fd00::10'))
  })

  it.each<[string, Parameters<typeof aCluster>[0]]>([
    ['that is not to be written', {}],
    ['to a Cluster without topology', { topology: null }],
  ])('writes no variable %s', (_, options) => {
    expect(patchOf(aCluster(options), { ...input, variables: noVariables })).toEqual([
      asRead,
      setEndpoint('10.0.0.10'),
      setAnnotation(vipAnnotation, '10.0.0.10'),
    ])
  })

  it.each<[string, object[], object]>([
    [
      'adds its variable to those of others',
      [{ name: 'cni', value: { kind: null } }],
      { op: 'add', path: '/spec/topology/variables/-', value: { name: 'clusterVip', value: '10.0.0.10' } },
    ],
    [
      'fills its variable where it is empty',
      [
        { name: 'cni', value: 1 },
        { name: 'clusterVip', value: '' },
      ],
      { op: 'add', path: '/spec/topology/variables/1/value', value: '10.0.0.10' },
    ],
  ])('%s, which stay as they are', (_, variables, operation) => {
    expect(patchOf(aCluster({ topology: { classRef, variables } }), input)).toEqual([
      asRead,
      setEndpoint('10.0.0.10'),
      operation,
      setAnnotations(recorded),
    ])
  })

  it.each<[string, object, object | undefined]>([
    ['a port', { host: '', port: 8443 }, { host: '10.0.0.10', port: 8443 }],
    ['a host', { host: 'a.example.org', port: 0 }, { host: 'a.example.org', port: 6443 }],
    ['nothing', {}, { host: '10.0.0.10', port: 6443 }],
    ['both', { host: 'a.example.org', port: 8443 }, undefined],
  ])('completes spec.topology.controlPlaneEndpoint that has %s', (_, copy, value) => {
    const topology = { classRef, controlPlaneEndpoint: copy }
    const operations = patchOf(aCluster({ topology }), { ...input, variables: noVariables })
    const completed = { op: 'add', path: '/spec/topology/controlPlaneEndpoint', value }
    expect(operations.slice(2, -1)).toEqual(value === undefined ? [] : [completed])
  })

  it('completes the port of a host that is not ours, and nothing else', () => {
    const cluster = aCluster({ endpoint: { host: 'api.example.org' } })
    expect(clusterPatchFor(cluster, { ...input, address: undefined, variables: noVariables })).toEqual({
      assigned: { host: 'api.example.org', port: 6443 },
      patch: [asRead, setEndpoint('api.example.org')],
    })
  })

  it('gives the variables of the class a host that is not ours', () => {
    const cluster = aCluster({ endpoint: { host: 'api.example.org', port: 6443 } })
    const variables = new Map([['clusterVip', 'api.example.org']])
    expect(patchOf(cluster, { ...input, address: undefined, variables })).toEqual([
      asRead,
      { ...setVariables('clusterVip'), value: [{ name: 'clusterVip', value: 'api.example.org' }] },
      setAnnotation(writtenAnnotation, 'clusterVip'),
    ])
  })

  it.each<[string, string | undefined, Readonly<Record<string, string>>, object | undefined]>([
    [
      'records that of the pool',
      'blue',
      {},
      { op: 'add', path: '/metadata/annotations/a~1b', value: 'blue' },
    ],
    ['removes an outdated one', '', { ours: 'red' }, { op: 'remove', path: '/metadata/annotations/a~1b' }],
    ['keeps the one of a VIP in place', undefined, { ours: 'red' }, undefined],
  ])('%s in the annotation of the network', (_, network, { ours }, operation) => {
    const key = 'vip.capi.gorizond.io/control-plane-network'
    const annotations = { other: 'x', ...(ours !== undefined && { [key]: ours }) }
    const found = patchOf(aCluster({ annotations }), { ...input, network }).filter((each) =>
      JSON.stringify(each).includes('control-plane-network'),
    )
    const path = `/metadata/annotations/${key.replace('/', '~1')}`
    expect(found).toEqual(operation === undefined ? [] : [{ ...operation, path }])
  })

  it('leaves a DNS name in the endpoint, and records the VIP beside it', () => {
    const cluster = aCluster({ endpoint: { host: 'api.example.org' } })
    const vip = { ...controlPlane, isEndpoint: false }
    expect(clusterPatchFor(cluster, { ...input, vip })).toEqual({
      assigned: { host: '10.0.0.10' },
      patch: [asRead, setEndpoint('api.example.org'), setVariables('clusterVip'), setAnnotations(recorded)],
    })
  })

  it.each([
    ['beside others', { a: 'b' }],
    ['in place of an old one', { [vipAnnotation]: '10.0.0.9' }],
  ])('sets its annotation %s', (_, annotations) => {
    const path = '/metadata/annotations/vip.capi.gorizond.io~1control-plane-vip'
    expect(patchOf(aCluster({ annotations }), input)).toContainEqual({ op: 'add', path, value: '10.0.0.10' })
  })

  it('writes nothing where everything stands', () => {
    const cluster = aCluster({
      endpoint: { host: '10.0.0.10', port: 6443 },
      annotations: { [vipAnnotation]: '10.0.0.10' },
      topology: { classRef, variables: [{ name: 'clusterVip', value: '10.0.0.10' }] },
    })
    expect(clusterPatchFor(cluster, { ...input, variables: noVariables })).toEqual({
      assigned: { host: '10.0.0.10', port: 6443 },
      patch: undefined,
    })
  })

  const whole = { variables: [{ name: 'clusterVip', value: '10.0.0.10' }] }
  const dropped = input.variables

  it.each<[string, number, object, Readonly<Record<string, string>>, typeof dropped, object]>([
    ['variable', 6443, {}, recorded, dropped, setVariables('clusterVip')],
    ['port', 0, whole, recorded, noVariables, setEndpoint('10.0.0.10')],
    ['annotation', 6443, whole, {}, noVariables, setAnnotation(vipAnnotation, '10.0.0.10')],
  ])(
    'brings back a %s that was dropped, and touches nothing else',
    (_, port, topology, annotations, variables, back) => {
      const cluster = aCluster({
        endpoint: { host: '10.0.0.10', port },
        annotations,
        topology: { classRef, ...topology },
      })
      expect(patchOf(cluster, { ...input, variables })).toEqual([asRead, back])
    },
  )
})

describe('clusterPatchFor for ingress', () => {
  const ingressAnnotation = 'vip.capi.gorizond.io/ingress-vip'
  const vip = {
    ...input,
    vip: ingress,
    claimName: 'vip-ingress-demo',
    variables: new Map([['ingressVip', '10.0.0.10']]),
  }

  const setLabel = {
    op: 'add',
    path: '/metadata/labels',
    value: { [ingressAnnotation]: '10.0.0.10' },
  }

  it('writes annotations, label and variable, and no endpoint', () => {
    expect(clusterPatchFor(aCluster(), vip)).toEqual({
      assigned: { host: '10.0.0.10' },
      patch: [
        asRead,
        setVariables('ingressVip'),
        setAnnotations({
          [ingressAnnotation]: '10.0.0.10',
          'vip.capi.gorizond.io/ingress-variables-written': 'ingressVip',
        }),
        setLabel,
      ],
    })
  })

  it('writes annotation and label alone where the class has no such variable', () => {
    expect(patchOf(aCluster(), { ...vip, variables: noVariables })).toEqual([
      asRead,
      setAnnotation(ingressAnnotation, '10.0.0.10'),
      setLabel,
    ])
  })

  it('writes no label for IPv6, which a label cannot hold', () => {
    expect(patchOf(aCluster(), { ...vip, variables: noVariables, address: 'fd00::10' })).toEqual([
      asRead,
      setAnnotation(ingressAnnotation, 'fd00::10'),
    ])
  })

  it('leaves spec.topology.controlPlaneEndpoint alone', () => {
    const cluster = aCluster({ topology: { classRef, controlPlaneEndpoint: {} } })
    expect(patchOf(cluster, { ...vip, variables: noVariables })).toHaveLength(3)
  })

  it('writes nothing where everything stands', () => {
    const cluster = aCluster({
      annotations: { [ingressAnnotation]: '10.0.0.10' },
      labels: { [ingressAnnotation]: '10.0.0.10' },
      topology: { classRef, variables: [{ name: 'ingressVip', value: '10.0.0.10' }] },
    })
    expect(clusterPatchFor(cluster, { ...vip, variables: noVariables })).toEqual({
      assigned: { host: '10.0.0.10' },
      patch: undefined,
    })
  })
})

describe('a VIP in words', () => {
  it('has its port where it has one', () => {
    expect(formatVip({ host: '10.0.0.10', port: 6443 })).toBe('10.0.0.10:6443')
    expect(formatVip({ host: '10.0.0.10' })).toBe('10.0.0.10')
  })
})

describe('the words of what was allocated', () => {
  const pool = { kind: 'GlobalInClusterIPPool', name: 'vip-pool' }

  it.each([
    [{ host: '10.0.0.10', port: 6443 }],
    [{ host: '10.0.0.10' }],
    [{ host: 'fd00::10', port: 6443 }],
    [{ host: 'fd00::10' }],
  ])('tell %j again, and no other', (vip) => {
    const words = describeAllocated(vip, { pool, claim: 'vip-cp-demo' }, undefined)
    expect(isAllocatedIn(words, vip.host, false)).toBe(true)
    expect(
      ['', '10.0.0.1', '10.0.0.100', 'fd00::1', 'vip-cp-demo'].filter((host) =>
        isAllocatedIn(words, host, false),
      ),
    ).toEqual([])
  })
})
