import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ipAddressFrom } from '../../src/domain/allocated-address.ts'
import { ipAddressClaimFrom } from '../../src/domain/claim.ts'
import { clusterFrom, variableOf } from '../../src/domain/cluster.ts'
import { formatEndpoint, isValidEndpoint, zeroEndpoint } from '../../src/domain/endpoint.ts'
import { ipPoolFrom } from '../../src/domain/pool.ts'
import { aCluster, clusterObject } from '../support/builders.ts'

describe('clusterFrom', () => {
  it('reads the class of v1beta1 and of v1beta2 alike', () => {
    const v1beta1 = aCluster({ topology: { class: 'a', classNamespace: 'shared', version: 'v1' } })
    const v1beta2 = aCluster({ topology: { classRef: { name: 'a', namespace: 'shared' }, version: 'v1' } })
    expect(v1beta1.topology?.clusterClass).toEqual({ namespace: 'shared', name: 'a' })
    expect(v1beta2.topology).toEqual(v1beta1.topology)
  })

  it('takes the Cluster’s namespace for the class where none is named', () => {
    expect(aCluster().topology?.clusterClass.namespace).toBe('clusters')
  })

  it('reads the zero values of v1beta1 as absent', () => {
    const cluster = aCluster({ endpoint: { host: '', port: 0 }, apiServerPort: 0 })
    expect(cluster.controlPlaneEndpoint).toEqual(zeroEndpoint)
    expect(cluster.apiServerPort).toBeUndefined()
    expect(aCluster().controlPlaneEndpoint).toEqual(cluster.controlPlaneEndpoint)
  })

  it.each([
    ['', undefined],
    [null, undefined],
    ['10.0.0.1', '10.0.0.1'],
    [0, 0],
  ])('reads the variable value %j as %j', (value, read) => {
    const topology = { class: 'a', variables: [{ name: 'clusterVip', value }] }
    expect(variableOf(aCluster({ topology }), 'clusterVip')).toBe(read)
  })
})

describe('the decoders', () => {
  it('never throw, whatever they are given', () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.record({ metadata: fc.anything(), spec: fc.anything(), status: fc.anything() }),
      fc.record({ spec: fc.record({ topology: fc.anything(), controlPlaneEndpoint: fc.anything() }) }),
    )
    fc.assert(
      fc.property(anything, (object) => {
        for (const decode of [clusterFrom, ipAddressClaimFrom, ipAddressFrom]) decode(object)
        ipPoolFrom('InClusterIPPool', object)
        expect(clusterFrom(object).name).toEqual(expect.any(String))
      }),
    )
  })

  it('keep unknown fields of variables', () => {
    const variables = [{ name: 'x', value: { deep: [1] }, definitionFrom: 'patch' }]
    expect(clusterFrom(clusterObject({ topology: { class: 'a', variables } })).topology?.variables).toEqual(
      variables,
    )
  })
})

describe('an endpoint', () => {
  it.each([
    [{ host: '', port: 0 }, false],
    [{ host: 'a', port: 0 }, false],
    [{ host: '', port: 1 }, false],
    [{ host: 'a', port: 1 }, true],
  ])('%j is valid: %j', (endpoint, valid) => {
    expect(isValidEndpoint(endpoint)).toBe(valid)
  })

  it('is written with brackets for IPv6', () => {
    expect(formatEndpoint({ host: 'fd00::1', port: 6443 })).toBe('[fd00::1]:6443')
    expect(formatEndpoint({ host: '10.0.0.1', port: 6443 })).toBe('10.0.0.1:6443')
  })
})
