import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decideAssignment, type AssignmentInput } from '../../src/domain/assignment.ts'
import { aClass, aCluster, controlPlane, ingress } from '../support/builders.ts'

const input: AssignmentInput = {
  vip: controlPlane,
  address: '10.0.0.10',
  hasVariable: true,
  defaultPort: 6443,
}
const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'
const classRef = { name: aClass }

describe('decideAssignment', () => {
  it('writes host, port, variable and annotation in one patch, conditional on what was read', () => {
    expect(decideAssignment(aCluster(), input)).toEqual({
      decision: 'patch',
      assigned: { host: '10.0.0.10', port: 6443 },
      patch: {
        metadata: { resourceVersion: '100', annotations: { [vipAnnotation]: '10.0.0.10' } },
        spec: {
          controlPlaneEndpoint: { host: '10.0.0.10', port: 6443 },
          topology: { variables: [{ name: 'clusterVip', value: '10.0.0.10' }] },
        },
      },
    })
  })

  it.each([
    ['the port that stands', { endpoint: { host: '', port: 8443 }, apiServerPort: 7443 }, 8443],
    ['the apiServerPort', { apiServerPort: 7443 }, 7443],
    ['the default', {}, 6443],
    ['the default for an apiServerPort of 0', { apiServerPort: 0 }, 6443],
  ])('takes %s', (_, options, port) => {
    expect(decideAssignment(aCluster(options), input)).toMatchObject({ assigned: { port } })
  })

  it('stores IPv6 without brackets', () => {
    expect(decideAssignment(aCluster(), { ...input, address: 'fd00::10' })).toMatchObject({
      patch: { spec: { controlPlaneEndpoint: { host: 'fd00::10', port: 6443 } } },
    })
  })

  it('writes no variable that the class does not define', () => {
    const decision = decideAssignment(aCluster(), { ...input, hasVariable: false })
    expect(decision).toMatchObject({ decision: 'patch' })
    expect(decision).not.toHaveProperty('patch.spec.topology')
  })

  it('keeps the variables of others as they are, and fills an empty one of ours', () => {
    const others = [
      { name: 'cni', value: { kind: 'cilium' }, definitionFrom: 'inline' },
      { name: 'clusterVip', value: '' },
    ]
    expect(decideAssignment(aCluster({ topology: { classRef, variables: others } }), input)).toMatchObject({
      patch: { spec: { topology: { variables: [others[0], { name: 'clusterVip', value: '10.0.0.10' }] } } },
    })
  })

  it('leaves a variable that somebody has set', () => {
    const variables = [{ name: 'clusterVip', value: '10.0.0.99' }]
    const decision = decideAssignment(aCluster({ topology: { classRef, variables } }), input)
    expect(decision).not.toHaveProperty('patch.spec.topology')
  })

  it('fills spec.topology.controlPlaneEndpoint where the object has the field', () => {
    const topology = { classRef, controlPlaneEndpoint: { host: '', port: 6443 } }
    expect(decideAssignment(aCluster({ topology }), { ...input, hasVariable: false })).toMatchObject({
      patch: { spec: { topology: { controlPlaneEndpoint: { host: '10.0.0.10', port: 6443 } } } },
    })
  })

  it('completes the port of a host that is not ours, and nothing else', () => {
    const cluster = aCluster({ endpoint: { host: 'api.example.org' } })
    expect(decideAssignment(cluster, { ...input, address: undefined })).toEqual({
      decision: 'patch',
      assigned: { host: 'api.example.org', port: 6443 },
      patch: {
        metadata: { resourceVersion: '100' },
        spec: { controlPlaneEndpoint: { host: 'api.example.org', port: 6443 } },
      },
    })
  })

  it('writes nothing where everything stands', () => {
    const cluster = aCluster({
      endpoint: { host: '10.0.0.10', port: 6443 },
      annotations: { [vipAnnotation]: '10.0.0.10' },
      topology: { classRef, variables: [{ name: 'clusterVip', value: '10.0.0.10' }] },
    })
    expect(decideAssignment(cluster, input)).toEqual({
      decision: 'in-place',
      assigned: { host: '10.0.0.10', port: 6443 },
    })
  })

  it('never changes a host that is set', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.nat(65535), (host, address, port) => {
        const decision = decideAssignment(aCluster({ endpoint: { host, port } }), { ...input, address })
        const now = decision.decision === 'taken' ? decision.present : decision.assigned
        expect(now.host).toBe(host)
        expect(decision.decision === 'taken').toBe(host !== address)
      }),
    )
  })

  it.each<[string, object, object]>([
    [
      'variable',
      { variables: [] },
      { topology: { variables: [{ name: 'clusterVip', value: '10.0.0.10' }] } },
    ],
    [
      'port',
      { variables: [{ name: 'clusterVip', value: '10.0.0.10' }] },
      { controlPlaneEndpoint: { host: '10.0.0.10', port: 6443 } },
    ],
  ])('brings back a %s that was dropped, and touches nothing else', (what, topology, spec) => {
    const cluster = aCluster({
      endpoint: { host: '10.0.0.10', port: what === 'port' ? 0 : 6443 },
      annotations: { [vipAnnotation]: '10.0.0.10' },
      topology: { classRef, ...topology },
    })
    expect(decideAssignment(cluster, input)).toMatchObject({
      decision: 'patch',
      patch: { metadata: { resourceVersion: '100' }, spec },
    })
  })
})

describe('decideAssignment for ingress', () => {
  const ingressAnnotation = 'vip.capi.gorizond.io/ingress-vip'
  const vip = { ...input, vip: ingress }

  it('writes annotation and variable, and no endpoint', () => {
    expect(decideAssignment(aCluster(), vip)).toEqual({
      decision: 'patch',
      assigned: { host: '10.0.0.10' },
      patch: {
        metadata: { resourceVersion: '100', annotations: { [ingressAnnotation]: '10.0.0.10' } },
        spec: { topology: { variables: [{ name: 'ingressVip', value: '10.0.0.10' }] } },
      },
    })
  })

  it('writes the annotation alone where the class has no such variable', () => {
    expect(decideAssignment(aCluster(), { ...vip, hasVariable: false })).toMatchObject({
      patch: { metadata: { resourceVersion: '100', annotations: { [ingressAnnotation]: '10.0.0.10' } } },
    })
  })

  it.each<[string, Parameters<typeof aCluster>[0]]>([
    ['annotation', { annotations: { [ingressAnnotation]: '10.0.0.99' } }],
    ['variable', { topology: { classRef, variables: [{ name: 'ingressVip', value: '10.0.0.99' }] } }],
  ])('leaves another VIP in the %s', (_, options) => {
    expect(decideAssignment(aCluster(options), vip)).toEqual({
      decision: 'taken',
      present: { host: '10.0.0.99' },
      message: 'Cluster clusters/demo has ingress VIP 10.0.0.99 already; 10.0.0.10 is not assigned',
    })
  })

  it('writes nothing where everything stands', () => {
    const cluster = aCluster({
      annotations: { [ingressAnnotation]: '10.0.0.10' },
      topology: { classRef, variables: [{ name: 'ingressVip', value: '10.0.0.10' }] },
    })
    expect(decideAssignment(cluster, vip)).toEqual({ decision: 'in-place', assigned: { host: '10.0.0.10' } })
  })
})
