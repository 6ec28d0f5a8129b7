import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { clusterFrom } from '../../src/domain/model/cluster.ts'
import { objectOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { clusterClassKey, ipamGroup } from '../../src/domain/names.ts'
import { readManifests } from '../stack/manifests.ts'
import { apiVersions } from '../stack/resource-path.ts'
import type { KubernetesObject } from '../stack/kubernetes-api.ts'
import { example } from '../demo/examples.ts'

/** The only pool of a namespace. */
export const poolName = 'bench'
/** The ClusterClass of the examples. */
export const className = 'rke2-cluster-class'

/** A Cluster like the README's example, without an endpoint; of another class if one is given. */
export function clusterObject(namespace: string, name: string, ofClass = className): JsonObject {
  return {
    apiVersion: apiVersions.clusters,
    kind: 'Cluster',
    metadata: { namespace, name },
    spec: {
      topology: {
        classRef: { name: ofClass },
        version: 'v1.35.4',
        controlPlane: { replicas: 1 },
      },
    },
  }
}

/** A claim without owner. */
export function claimObject(namespace: string, name: string): JsonObject {
  return {
    apiVersion: apiVersions.ipaddressclaims,
    kind: 'IPAddressClaim',
    metadata: { namespace, name },
    spec: { poolRef: { apiGroup: ipamGroup, kind: 'InClusterIPPool', name: poolName } },
  }
}

/** The n-th of the 65,000 addresses with this prefix, from 0. */
export function addressIn(prefix: string, index: number): string {
  return `${prefix}.${Math.floor(index / 256)}.${index % 256}`
}

/** Namespace, pool and, for Clusters, the ClusterClass of the examples. */
export function fixtureObjects(options: {
  readonly namespace: string
  readonly addresses: string
  readonly hasClass: boolean
}): readonly KubernetesObject[] {
  const { namespace } = options
  const pool = {
    apiVersion: apiVersions.inclusterippools,
    kind: 'InClusterIPPool',
    metadata: { namespace, name: poolName, labels: { [clusterClassKey]: className } },
    spec: { addresses: [options.addresses], prefix: 16 },
  }
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    pool,
    ...(options.hasClass ? classObjects(namespace) : []),
  ]
}

function classObjects(namespace: string): readonly KubernetesObject[] {
  return readManifests(example('cluster-class'))
    .filter(({ metadata }) => metadata.namespace !== undefined)
    .map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }))
}

/** Cluster API copies this from the spec of the class to its status; used where core does not run. */
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

export function isBound(claim: JsonObject): boolean {
  return objectOf(objectOf(claim['status'])['addressRef'])['name'] !== undefined
}

export function hasEndpoint(cluster: JsonObject): boolean {
  const { host, port } = objectOf(objectOf(cluster['spec'])['controlPlaneEndpoint'])
  return typeof host === 'string' && host !== '' && typeof port === 'number' && port > 0
}

/** Whether the last word about its VIP is written. */
export function hasCondition(cluster: JsonObject): boolean {
  return vipConditionOf(clusterFrom(cluster), 'control-plane')?.status === 'True'
}
