import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decideAssignment, type AssignmentInput } from '../../src/domain/assignment.ts'
import { aClass, aCluster } from '../support/builders.ts'

const input: AssignmentInput = { address: '10.0.0.10', variable: 'clusterVip', defaultPort: 6443 }
const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'
const classRef = { name: aClass }

describe('decideAssignment', () => {
  it('writes host, port, variable and annotation in one patch, conditional on what was read', () => {
    expect(decideAssignment(aCluster(), input)).toEqual({
      decision: 'patch',
      endpoint: { host: '10.0.0.10', port: 6443 },
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
    expect(decideAssignment(aCluster(options), input)).toMatchObject({ endpoint: { port } })
  })

  it('stores IPv6 without brackets', () => {
    expect(decideAssignment(aCluster(), { ...input, address: 'fd00::10' })).toMatchObject({
      patch: { spec: { controlPlaneEndpoint: { host: 'fd00::10', port: 6443 } } },
    })
  })

  it('writes no variable that the class does not define', () => {
    const decision = decideAssignment(aCluster(), { ...input, variable: undefined })
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
    expect(decideAssignment(aCluster({ topology }), { ...input, variable: undefined })).toMatchObject({
      patch: { spec: { topology: { controlPlaneEndpoint: { host: '10.0.0.10', port: 6443 } } } },
    })
  })

  it('completes the port of a host that is not ours, and nothing else', () => {
    const cluster = aCluster({ endpoint: { host: 'api.example.org' } })
    expect(decideAssignment(cluster, { ...input, address: undefined })).toEqual({
      decision: 'patch',
      endpoint: { host: 'api.example.org', port: 6443 },
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
      endpoint: { host: '10.0.0.10', port: 6443 },
    })
  })

  it('never changes a host that is set', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.nat(65535), (host, address, port) => {
        const decision = decideAssignment(aCluster({ endpoint: { host, port } }), { ...input, address })
        expect(decision.endpoint.host).toBe(host)
        expect(decision.decision === 'taken').toBe(host !== address)
      }),
    )
  })
})
