import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { join } from 'node:path'
import type { Allocator } from '../../dev/allocator.ts'
import { kubernetesApi, type KubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { startAllocator } from '../support/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { isObject, objectOf, type JsonObject } from '../../src/domain/model/decode.ts'

/** The product's first example, word for word, and the version that a topology needs. */
const originalCluster = `
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: demo-cluster
  namespace: clusters
spec:
  topology:
    class: rke2-cluster-class
    controlPlane:
      replicas: 1
    controlPlaneEndpoint:
      host: ""   # Filled automatically by capi-vip-allocator
      port: 6443
    version: v1.35.4
`

const clustersCrd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusters.cluster.x-k8s.io'

// Its own stack: a definition of Cluster that is not Cluster API's own would disturb every other suite.
let stack: Stack
let api: KubernetesApi
let allocator: Allocator

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, progress: () => undefined })
  api = kubernetesApi(stack.connection)
  await addTopologyEndpoint(api)
  const examples = join(import.meta.dirname, '..', '..', 'examples')
  await applyManifests(stack.connection, [
    { path: join(examples, 'namespace.yaml') },
    { path: join(examples, 'ip-pool.yaml') },
  ])
  allocator = await startAllocator({
    stack: stack.connection,
    kubeconfigPath: stack.connection.kubeconfigPath,
    namespaces: [],
  })
})

afterAll(async () => {
  await allocator?.stop()
  await api?.close()
  await stack?.stop()
})

it('fills both endpoints of the original example where Cluster has spec.topology.controlPlaneEndpoint', async () => {
  await applyManifests(stack.connection, [{ text: originalCluster }])
  const path = '/apis/cluster.x-k8s.io/v1beta1/namespaces/clusters/clusters/demo-cluster'
  const spec = await eventually('the endpoint', async () => {
    const now = objectOf(objectOf(await api.send({ method: 'GET', path }))['spec'])
    return objectOf(now['controlPlaneEndpoint'])['host'] ? now : undefined
  })
  expect(spec['controlPlaneEndpoint']).toEqual({ host: '10.0.0.10', port: 6443 })
  expect(objectOf(spec['topology'])['controlPlaneEndpoint']).toEqual({ host: '10.0.0.10', port: 6443 })
})

/**
 * Changes the definition of Cluster to a variant: both versions have v1beta1's schema, with the field added to
 * the topology.
 */
async function addTopologyEndpoint(on: KubernetesApi): Promise<void> {
  const crd = await on.send<{ metadata: JsonObject; spec: { versions: JsonObject[] } }>({
    method: 'GET',
    path: clustersCrd,
  })
  const v1beta1 = crd.spec.versions.find(({ name }) => name === 'v1beta1')
  const schema = structuredClone(v1beta1?.['schema'])
  const topology = propertiesOf(
    propertiesOf(propertiesOf(objectOf(schema)['openAPIV3Schema'])['spec'])['topology'],
  )
  Object.assign(topology, {
    controlPlaneEndpoint: {
      type: 'object',
      properties: { host: { type: 'string' }, port: { type: 'integer' } },
    },
  })
  const versions = crd.spec.versions.map((version) => ({ ...version, schema }))
  await on.send({
    method: 'PATCH',
    path: clustersCrd,
    contentType: 'application/merge-patch+json',
    body: { spec: { versions } },
  })
}

function propertiesOf(schema: unknown): JsonObject {
  const properties = objectOf(schema)['properties']
  if (!isObject(properties)) throw new Error('the schema has no properties')
  return properties
}
