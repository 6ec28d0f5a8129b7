import { describe, expect, it } from '@jest/globals'
import { readGateRequest, readPatchRequest } from '../../../../src/domain/extension/hook-request.ts'
import { discoveryAnswer, hookCallAt, responseOf } from '../../../../src/domain/extension/hooks.ts'
import { clusterObject } from '../../../support/builders.ts'

const apiVersion = 'hooks.runtime.cluster.x-k8s.io/v1alpha1'

describe('a path', () => {
  it.each([
    [`/${apiVersion}/discovery`, 'discovery'],
    [`/${apiVersion}/generatepatches/patch`, 'patch'],
    [`/${apiVersion}/beforeclustercreate/gate`, 'gate'],
    [`/${apiVersion}/generatepatches/gate`, undefined],
    [`/${apiVersion}/generatepatches`, undefined],
    ['/discovery', undefined],
    ['', undefined],
  ])('%s names the call %p', (path, call) => {
    expect(hookCallAt(path)).toBe(call)
  })
})

describe('the answer to a discovery', () => {
  it('registers the chosen handlers, each of which fails if nobody answers', () => {
    expect(responseOf('discovery', discoveryAnswer(['patch', 'gate']))).toEqual({
      apiVersion,
      kind: 'DiscoveryResponse',
      status: 'Success',
      handlers: [
        {
          name: 'patch',
          requestHook: { apiVersion, hook: 'GeneratePatches' },
          timeoutSeconds: 10,
          failurePolicy: 'Fail',
        },
        {
          name: 'gate',
          requestHook: { apiVersion, hook: 'BeforeClusterCreate' },
          timeoutSeconds: 10,
          failurePolicy: 'Fail',
        },
      ],
    })
    expect(discoveryAnswer(['patch'])['handlers']).toHaveLength(1)
  })

  it('has kind, status and message of its call', () => {
    expect(responseOf('patch', { status: 'Failure', message: 'no' })).toEqual({
      apiVersion,
      kind: 'GeneratePatchesResponse',
      status: 'Failure',
      message: 'no',
    })
    expect(responseOf('gate', { status: 'Success' })).toEqual({
      apiVersion,
      kind: 'BeforeClusterCreateResponse',
      status: 'Success',
    })
  })
})

describe('a request of GeneratePatches', () => {
  const cluster = { namespace: 'clusters', name: 'demo', uid: 'u' }
  const body = {
    apiVersion,
    kind: 'GeneratePatchesRequest',
    settings: { vipToken: 'VIP', number: 1 },
    variables: [
      { name: 'other', value: { cluster: { name: 'other' } } },
      { name: 'builtin', value: { cluster: { ...cluster, metadata: {} } } },
    ],
    items: [
      {
        uid: 'i',
        holderReference: { kind: 'Cluster', fieldPath: 'spec.infrastructureRef' },
        object: { kind: 'DemoClusterTemplate' },
      },
      'no object',
      {},
    ],
  }

  it('is read', () => {
    expect(readPatchRequest(body)).toEqual({
      request: {
        cluster,
        settings: { vipToken: 'VIP' },
        items: [
          {
            uid: 'i',
            holderKind: 'Cluster',
            fieldPath: 'spec.infrastructureRef',
            object: { kind: 'DemoClusterTemplate' },
          },
          { uid: '', holderKind: '', fieldPath: '', object: {} },
        ],
      },
    })
  })

  it.each([
    [undefined, 'absent', 'absent'],
    [{ ...body, kind: 'ValidateTopologyRequest' }, `"${apiVersion}"`, '"ValidateTopologyRequest"'],
    [{ ...body, apiVersion: 'v1' }, '"v1"', '"GeneratePatchesRequest"'],
  ])('of another kind is refused with what was expected: %#', (other, version, kind) => {
    expect(readPatchRequest(other)).toEqual({
      fault: `the request has apiVersion ${version} and kind ${kind}, expected ${apiVersion} and GeneratePatchesRequest`,
    })
  })

  it.each([
    [{ namespace: '..' }, 'namespace "..", name "demo" and uid "u"'],
    [{ name: '../../nodes?x=1' }, 'namespace "clusters", name "../../nodes?x=1" and uid "u"'],
    [{ name: 'a\n' }, String.raw`namespace "clusters", name "a\n" and uid "u"`],
    [{ uid: 'u'.repeat(200) }, `namespace "clusters", name "demo" and uid "${'u'.repeat(119)}…`],
  ])('with %j, which no Cluster has, is refused', (other, what) => {
    const variables = [{ name: 'builtin', value: { cluster: { ...cluster, ...other } } }]
    expect(readPatchRequest({ ...body, variables })).toEqual({
      fault: `the request has ${what}, expected those of a Cluster`,
    })
    const gate = {
      apiVersion,
      kind: 'BeforeClusterCreateRequest',
      cluster: { metadata: { ...cluster, ...other } },
    }
    expect(readGateRequest(gate)).toEqual({
      fault: `the request has ${what}, expected those of a Cluster`,
    })
  })

  it.each([['namespace'], ['name'], ['uid']])('without the %s of the Cluster is refused', (field) => {
    const value = { cluster: { ...cluster, [field]: '' } }
    expect(readPatchRequest({ ...body, variables: [{ name: 'builtin', value }] })).toEqual({
      fault: 'the request has no variable builtin with cluster.namespace, cluster.name and cluster.uid',
    })
  })
})

describe('a request of BeforeClusterCreate', () => {
  const body = { apiVersion, kind: 'BeforeClusterCreateRequest', cluster: clusterObject() }

  it('is read with its Cluster', () => {
    expect(readGateRequest(body)).toMatchObject({
      request: { namespace: 'clusters', name: 'demo', uid: 'uid-of-demo' },
    })
  })

  it('of another kind, or without a Cluster, is refused', () => {
    expect(readGateRequest({ ...body, kind: 'x' })).toEqual({
      fault: `the request has apiVersion "${apiVersion}" and kind "x", expected ${apiVersion} and BeforeClusterCreateRequest`,
    })
    for (const field of ['namespace', 'name', 'uid']) {
      const metadata = { namespace: 'n', name: 'n', uid: 'u', [field]: '' }
      expect(readGateRequest({ ...body, cluster: { metadata } })).toEqual({
        fault: 'the request has no cluster with namespace, name and uid',
      })
    }
  })
})
