import { clusterGroup } from '../names.ts'
import {
  arrayOf,
  integerOf,
  isObject,
  nonEmptyStringOf,
  objectOf,
  stringOf,
  type JsonObject,
} from './decode.ts'
import {
  formatKey,
  hasPausedAnnotation,
  objectMetaFrom,
  type NamespacedName,
  type ObjectMeta,
} from './object-meta.ts'

/** The facts about a Cluster that decisions use. The differences between its API versions end here. */
export interface Cluster extends ObjectMeta {
  /** Of the object as served, for example `cluster.x-k8s.io/v1beta2`. */
  readonly apiVersion: string
  /** `spec.paused`, or the annotation. */
  readonly isPaused: boolean
  readonly controlPlaneEndpoint: APIEndpoint
  /** `spec.clusterNetwork.apiServerPort`. */
  readonly apiServerPort: number | undefined
  /** Undefined if no ClusterClass manages the Cluster. */
  readonly topology: Topology | undefined
  /** `spec.infrastructureRef` is set: Cluster API has rendered the topology, or a person has written the objects. */
  readonly isRendered: boolean
  /**
   * Cluster API says that the infrastructure is not provisioned yet, so there are no machines. False if it has not said
   * anything, as after `clusterctl move`.
   */
  readonly isAwaitingInfrastructure: boolean
  /** `status.conditions` of v1beta2; empty if the Cluster was read in v1beta1, which has another list. */
  readonly conditions: readonly Condition[]
  /** Condition types of `spec.availabilityGates`, without which the Cluster does not count as available. */
  readonly availabilityGates: readonly string[]
}

/** `spec.topology`: v1beta1 `class` and `classNamespace`, v1beta2 `classRef`. */
interface Topology {
  readonly clusterClass: NamespacedName
  /** As stored, with fields unknown to us. */
  readonly variables: readonly JsonObject[]
  /** A field that some vendors add; core's own schema has none. */
  readonly controlPlaneEndpoint: APIEndpoint | undefined
}

/** Reads a Cluster of any served version. */
export function clusterFrom(object: unknown): Cluster {
  const meta = objectMetaFrom(object)
  const spec = objectOf(objectOf(object)['spec'])
  return {
    ...meta,
    apiVersion: stringOf(objectOf(object)['apiVersion']),
    isPaused: spec['paused'] === true || hasPausedAnnotation(meta),
    controlPlaneEndpoint: endpointFrom(spec['controlPlaneEndpoint']),
    apiServerPort: positive(integerOf(objectOf(spec['clusterNetwork'])['apiServerPort'])),
    topology: topologyFrom(spec['topology'], meta.namespace),
    isRendered: nonEmptyStringOf(objectOf(spec['infrastructureRef'])['name']) !== undefined,
    isAwaitingInfrastructure: awaitsInfrastructure(objectOf(objectOf(object)['status'])),
    conditions: conditionsIn(object),
    availabilityGates: availabilityGatesIn(spec),
  }
}

/** Reads the status of either API version: v1beta1 has `infrastructureReady` and `controlPlaneReady`. */
function awaitsInfrastructure(status: JsonObject): boolean {
  const { phase, infrastructureReady, controlPlaneReady } = status
  const { infrastructureProvisioned, controlPlaneInitialized } = objectOf(status['initialization'])
  const signs = [infrastructureReady, controlPlaneReady, infrastructureProvisioned, controlPlaneInitialized]
  return (phase === 'Pending' || phase === 'Provisioning') && !signs.includes(true)
}

/** The ClusterClasses that Clusters name, each once. They may be in other namespaces than the Clusters. */
export function classesNamedBy(clusters: Iterable<Cluster>): readonly NamespacedName[] {
  const named = new Map<string, NamespacedName>()
  for (const { topology } of clusters) {
    if (topology !== undefined) named.set(formatKey(topology.clusterClass), topology.clusterClass)
  }
  return [...named.values()]
}

/** The Namespaces that Clusters are in, each once. */
export function namespacesNamedBy(clusters: Iterable<Cluster>): readonly NamespacedName[] {
  const names = new Set([...clusters].map(({ namespace }) => namespace))
  return [...names].map((name) => ({ namespace: '', name }))
}

function topologyFrom(value: unknown, namespace: string): Topology | undefined {
  if (!isObject(value)) return undefined
  const classRef = objectOf(value['classRef'])
  const name = nonEmptyStringOf(classRef['name']) ?? nonEmptyStringOf(value['class'])
  if (name === undefined) return undefined
  return {
    clusterClass: {
      name,
      namespace:
        nonEmptyStringOf(classRef['namespace']) ?? nonEmptyStringOf(value['classNamespace']) ?? namespace,
    },
    variables: arrayOf(value['variables']).filter(isObject),
    controlPlaneEndpoint:
      'controlPlaneEndpoint' in value ? endpointFrom(value['controlPlaneEndpoint']) : undefined,
  }
}

function positive(port: number | undefined): number | undefined {
  return port !== undefined && port > 0 ? port : undefined
}

/** Cluster API's APIEndpoint. Absent values, whatever the version, read as `""` and 0. An IPv6 host has no brackets. */
export interface APIEndpoint {
  readonly host: string
  readonly port: number
}

export const zeroEndpoint: APIEndpoint = { host: '', port: 0 }

/** Host and port (CAPI: `APIEndpoint.IsValid`). Core treats anything less as unset. */
export function isValidEndpoint(endpoint: APIEndpoint): boolean {
  return endpoint.host !== '' && endpoint.port !== 0
}

/** For people: `10.0.0.10:6443`, `[fd00::10]:6443`. */
export function formatEndpoint(endpoint: APIEndpoint): string {
  return endpoint.host.includes(':')
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`
}

/** Reads an endpoint of either API version; absent reads as the zero endpoint. */
export function endpointFrom(value: unknown): APIEndpoint {
  if (!isObject(value)) return zeroEndpoint
  return { host: stringOf(value['host']), port: integerOf(value['port']) ?? 0 }
}

/** `metav1.Condition`. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  /** RFC 3339: when `status` last changed. */
  readonly lastTransitionTime: string
}

/** The API version of a Cluster whose `status.conditions` have the shape of `metav1.Condition`. */
export const conditionsApiVersion = `${clusterGroup}/v1beta2`

/** Reads `status.conditions` of a Cluster; none if it was read in another version. */
function conditionsIn(cluster: unknown): readonly Condition[] {
  const { apiVersion, status } = objectOf(cluster)
  if (apiVersion !== conditionsApiVersion) return []
  return arrayOf(objectOf(status)['conditions']).filter(isObject).map(conditionFrom)
}

/** Reads the condition types in `spec.availabilityGates` of a Cluster or of a ClusterClass. */
export function availabilityGatesIn(spec: JsonObject): readonly string[] {
  return arrayOf(spec['availabilityGates'])
    .map((gate) => nonEmptyStringOf(objectOf(gate)['conditionType']))
    .filter((type) => type !== undefined)
}

function conditionFrom(condition: JsonObject): Condition {
  const { status } = condition
  return {
    type: stringOf(condition['type']),
    status: status === 'True' || status === 'False' ? status : 'Unknown',
    reason: stringOf(condition['reason']),
    message: stringOf(condition['message']),
    lastTransitionTime: stringOf(condition['lastTransitionTime']),
  }
}
