import { objectOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { clusterClassKey, clusterGroup, ipamGroup } from '../../src/domain/names.ts'
import { readManifests, type ManifestSource } from '../stack/manifests.ts'
import type { KubernetesObject } from '../stack/kubernetes-api.ts'
import { example } from '../demo/world.ts'

const versions = {
  clusters: `${clusterGroup}/v1beta2`,
  clusterclasses: `${clusterGroup}/v1beta2`,
  ipaddressclaims: `${ipamGroup}/v1beta2`,
  ipaddresses: `${ipamGroup}/v1beta2`,
  inclusterippools: `${ipamGroup}/v1alpha2`,
} as const

export type Plural = keyof typeof versions

/** Path of the objects of a kind in a namespace, or of one of them. */
export function pathIn(namespace: string, plural: Plural, name?: string): string {
  const path = `/apis/${versions[plural]}/namespaces/${namespace}/${plural}`
  return name === undefined ? path : `${path}/${name}`
}

/** API version in which objects of a kind are written. */
export function versionOf(plural: Plural): string {
  return versions[plural]
}

/** The one pool of a namespace. */
export const poolName = 'bench'
/** The ClusterClass of the examples. */
export const className = 'rke2-cluster-class'

/** A Cluster as the README's example is, without an endpoint. */
export function clusterObject(namespace: string, name: string): JsonObject {
  return {
    apiVersion: versions.clusters,
    kind: 'Cluster',
    metadata: { namespace, name },
    spec: {
      topology: {
        classRef: { name: className },
        version: 'v1.35.4',
        controlPlane: { replicas: 1 },
      },
    },
  }
}

/** A claim that belongs to nobody. */
export function claimObject(namespace: string, name: string): JsonObject {
  return {
    apiVersion: versions.ipaddressclaims,
    kind: 'IPAddressClaim',
    metadata: { namespace, name },
    spec: { poolRef: { apiGroup: ipamGroup, kind: 'InClusterIPPool', name: poolName } },
  }
}

/** The n-th address, from 0 on, of the 65,000 that begin with these two numbers. */
export function addressIn(prefix: string, index: number): string {
  return `${prefix}.${Math.floor(index / 256)}.${index % 256}`
}

/** Namespace, pool and, where Clusters are to live there, the examples' ClusterClass. */
export function landObjects(land: {
  readonly namespace: string
  readonly addresses: string
  readonly hasClass: boolean
}): readonly ManifestSource[] {
  const { namespace } = land
  const objects: readonly JsonObject[] = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: versions.inclusterippools,
      kind: 'InClusterIPPool',
      metadata: { namespace, name: poolName, labels: { [clusterClassKey]: className } },
      spec: { addresses: [land.addresses], prefix: 16 },
    },
    ...(land.hasClass ? classObjects(namespace) : []),
  ]
  return objects.map((object) => ({ text: JSON.stringify(object) }))
}

function classObjects(namespace: string): readonly JsonObject[] {
  return readManifests<KubernetesObject & JsonObject>(example('cluster-class'))
    .filter(({ metadata }) => metadata.namespace !== undefined)
    .map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }))
}

/** What Cluster API takes from the spec of that class into its status, where it does not run. */
export const classStatus = {
  status: {
    variables: [
      {
        name: 'clusterVip',
        definitions: [{ from: 'inline', required: false, schema: { openAPIV3Schema: { type: 'string' } } }],
      },
    ],
  },
} as const

/** Whether a claim has its address. */
export function isBound(claim: JsonObject): boolean {
  return objectOf(objectOf(claim['status'])['addressRef'])['name'] !== undefined
}

/** Whether a Cluster has its endpoint. */
export function hasEndpoint(cluster: JsonObject): boolean {
  const { host, port } = objectOf(objectOf(cluster['spec'])['controlPlaneEndpoint'])
  return typeof host === 'string' && host !== '' && typeof port === 'number' && port > 0
}
