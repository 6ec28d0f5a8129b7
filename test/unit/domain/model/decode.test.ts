import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ipAddressFrom } from '../../../../src/domain/model/ip-address.ts'
import { ipAddressClaimFrom } from '../../../../src/domain/model/claim.ts'
import {
  clusterFrom,
  endpointFrom,
  formatEndpoint,
  isValidEndpoint,
  zeroEndpoint,
} from '../../../../src/domain/model/cluster.ts'
import {
  arrayOf,
  commaSeparated,
  integerOf,
  isObject,
  nonEmptyStringOf,
  objectOf,
  stringMapOf,
  stringOf,
} from '../../../../src/domain/model/decode.ts'
import { variableOf } from '../../../../src/domain/model/variable-path.ts'
import { inClusterPool } from '../../../../src/domain/model/pool-kinds.ts'
import { ipPoolFrom } from '../../../../src/domain/model/pool.ts'
import { aCluster, clusterObject } from '../../../support/builders.ts'

describe('clusterFrom', () => {
  it('reads the class of v1beta1 and of v1beta2 alike', () => {
    const v1beta1 = aCluster({ topology: { class: 'a', classNamespace: 'shared', version: 'v1' } })
    const v1beta2 = aCluster({ topology: { classRef: { name: 'a', namespace: 'shared' }, version: 'v1' } })
    expect(v1beta1.topology?.clusterClass).toEqual({ namespace: 'shared', name: 'a' })
    expect(v1beta2.topology).toEqual(v1beta1.topology)
  })

  it('goes by classRef where a Cluster has both', () => {
    const topology = {
      classRef: { name: 'new', namespace: 'here' },
      class: 'old',
      classNamespace: 'there',
    }
    expect(aCluster({ topology }).topology?.clusterClass).toEqual({ namespace: 'here', name: 'new' })
  })

  it.each([
    ['no class', { version: 'v1' }],
    ['empty names', { class: '', classRef: { name: '' } }],
    ['another shape', ['class']],
  ])('reads a topology with %s as none', (_, topology) => {
    expect(aCluster({ topology }).topology).toBeUndefined()
  })

  it('keeps the apiVersion that it was served in', () => {
    expect(aCluster().apiVersion).toBe('cluster.x-k8s.io/v1beta2')
  })

  it.each([
    ['nothing', false, {}],
    ['spec.paused', true, { paused: true }],
    ['spec.paused: false', false, { paused: false }],
    ['the annotation, whatever its value', true, { annotations: { 'cluster.x-k8s.io/paused': 'false' } }],
    ['another annotation', false, { annotations: { 'example.org/paused': 'true' } }],
  ])('reads a Cluster with %s as paused: %j', (_, paused, options) => {
    expect(aCluster(options).isPaused).toBe(paused)
  })

  it.each([
    [6443, 6443],
    [1, 1],
    [0, undefined],
    [-1, undefined],
    [64.43, undefined],
  ])('reads the apiServerPort %d as %p', (port, read) => {
    expect(aCluster({ apiServerPort: port }).apiServerPort).toBe(read)
  })

  it('has an endpoint in its topology only where the object has the field', () => {
    const endpoint = { host: '10.0.0.1', port: 6443 }
    expect(aCluster().topology?.controlPlaneEndpoint).toBeUndefined()
    expect(
      aCluster({ topology: { class: 'a', controlPlaneEndpoint: endpoint } }).topology?.controlPlaneEndpoint,
    ).toEqual(endpoint)
    expect(
      aCluster({ topology: { class: 'a', controlPlaneEndpoint: {} } }).topology?.controlPlaneEndpoint,
    ).toEqual(zeroEndpoint)
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

  it('finds a variable among others, and none where there is none', () => {
    const variables = [{ name: 'cni', value: 'cilium' }, null, 'x', { name: 'clusterVip', value: '10.0.0.1' }]
    const cluster = aCluster({ topology: { class: 'a', variables } })
    expect(cluster.topology?.variables).toEqual([variables[0], variables[3]])
    expect(variableOf(cluster, 'clusterVip')).toBe('10.0.0.1')
    expect(variableOf(cluster, 'ingressVip')).toBeUndefined()
    expect(variableOf(aCluster({ topology: null }), 'clusterVip')).toBeUndefined()
  })
})

describe('a reader of JSON', () => {
  const readers = {
    isObject,
    objectOf,
    arrayOf,
    stringOf,
    nonEmptyStringOf,
    integerOf,
    stringMapOf,
  }
  it.each<[keyof typeof readers, unknown, unknown]>([
    ['isObject', {}, true],
    ['isObject', [], false],
    ['isObject', null, false],
    ['isObject', undefined, false],
    ['isObject', 'text', false],
    ['objectOf', { a: 1 }, { a: 1 }],
    ['objectOf', [1], {}],
    ['arrayOf', [1, 'a'], [1, 'a']],
    ['arrayOf', { length: 1 }, []],
    ['stringOf', 'text', 'text'],
    ['stringOf', 1, ''],
    ['nonEmptyStringOf', 'text', 'text'],
    ['nonEmptyStringOf', '', undefined],
    ['nonEmptyStringOf', 1, undefined],
    ['integerOf', 0, 0],
    ['integerOf', 1.5, undefined],
    ['integerOf', '1', undefined],
    ['stringMapOf', { a: 'b', c: 1, d: '' }, { a: 'b', d: '' }],
    ['stringMapOf', ['a'], {}],
  ])('%s: %j is read as %j', (reader, value, read) => {
    expect(readers[reader](value)).toEqual(read)
  })

  it.each([
    [undefined, []],
    ['', []],
    ['a', ['a']],
    [' a ,, b c,', ['a', 'b c']],
  ])('commaSeparated: %j is read as %j', (value, entries) => {
    expect(commaSeparated(value)).toEqual(entries)
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
        ipPoolFrom(inClusterPool, object)
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

  it.each([
    [
      { host: '10.0.0.1', port: 6443 },
      { host: '10.0.0.1', port: 6443 },
    ],
    [{ host: '10.0.0.1' }, { host: '10.0.0.1', port: 0 }],
    [{ port: 6443 }, { host: '', port: 6443 }],
    [
      { host: 10, port: '6443' },
      { host: '', port: 0 },
    ],
    ['10.0.0.1:6443', { host: '', port: 0 }],
    [undefined, { host: '', port: 0 }],
  ])('of %j is read as %j', (value, endpoint) => {
    expect(endpointFrom(value)).toEqual(endpoint)
  })

  it('is written with brackets for IPv6', () => {
    expect(formatEndpoint({ host: 'fd00::1', port: 6443 })).toBe('[fd00::1]:6443')
    expect(formatEndpoint({ host: '10.0.0.1', port: 6443 })).toBe('10.0.0.1:6443')
  })
})
