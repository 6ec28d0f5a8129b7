import { variableOf, type Cluster, type Topology } from './cluster.ts'
import { formatKey } from './object-meta.ts'
import type { JsonObject } from './decode.ts'
import { formatEndpoint, isValidEndpoint, type APIEndpoint } from './endpoint.ts'
import { roleNames } from './role.ts'

/** Everything the decision about a Cluster's endpoint needs besides the Cluster. */
export interface AssignmentInput {
  /** The VIP to assign; undefined completes the port of a host that is not ours. */
  readonly address: string | undefined
  /** The ClusterClass variable that receives the VIP; undefined where the class defines none of that name. */
  readonly variable: string | undefined
  /** Port where neither the endpoint nor `spec.clusterNetwork.apiServerPort` names one. */
  readonly defaultPort: number
}

export type AssignmentDecision =
  /** A JSON merge patch, conditional on the resourceVersion that was read. */
  | { readonly decision: 'patch'; readonly endpoint: APIEndpoint; readonly patch: JsonObject }
  /** Everything stands as it should. */
  | { readonly decision: 'in-place'; readonly endpoint: APIEndpoint }
  /** The host is another one; a host never changes once set. */
  | { readonly decision: 'taken'; readonly endpoint: APIEndpoint; readonly message: string }

/**
 * Decides what to write so that the Cluster's control plane has the address: host, port, variable and
 * annotation in one patch, so that no reader ever sees a part of it (core resets a host without port).
 */
export function decideAssignment(cluster: Cluster, input: AssignmentInput): AssignmentDecision {
  const current = cluster.controlPlaneEndpoint
  const host = input.address ?? current.host
  if (current.host !== '' && current.host !== host) return taken(cluster, host)
  const endpoint = { host, port: firstPort(current.port, cluster.apiServerPort) ?? input.defaultPort }
  const topology = topologyPatch(cluster.topology, endpoint, variablesWith(cluster, input))
  const annotations = annotationPatch(cluster, input.address)
  const endpointStands = isValidEndpoint(current)
  if (endpointStands && topology === undefined && annotations === undefined) {
    return { decision: 'in-place', endpoint }
  }
  return {
    decision: 'patch',
    endpoint,
    patch: {
      metadata: { resourceVersion: cluster.resourceVersion, ...(annotations && { annotations }) },
      spec: { controlPlaneEndpoint: { ...endpoint }, ...(topology && { topology }) },
    },
  }
}

function taken(cluster: Cluster, host: string): AssignmentDecision {
  const endpoint = cluster.controlPlaneEndpoint
  return {
    decision: 'taken',
    endpoint,
    message: `Cluster ${formatKey(cluster)} has endpoint ${formatEndpoint(endpoint)} already; ${host} is not assigned`,
  }
}

function firstPort(...ports: readonly (number | undefined)[]): number | undefined {
  return ports.find((port) => port !== undefined && port > 0)
}

function annotationPatch(cluster: Cluster, address: string | undefined): JsonObject | undefined {
  const key = roleNames['control-plane'].vipAnnotation
  return address === undefined || cluster.annotations[key] === address ? undefined : { [key]: address }
}

/** The whole list with ours in it, since a merge patch replaces a list; undefined where nothing changes. */
function variablesWith(cluster: Cluster, input: AssignmentInput): readonly JsonObject[] | undefined {
  const { address, variable } = input
  if (cluster.topology === undefined || address === undefined || variable === undefined) return undefined
  if (variableOf(cluster, variable) !== undefined) return undefined
  const others = cluster.topology.variables.filter(({ name }) => name !== variable)
  return [...others, { name: variable, value: address }]
}

function topologyPatch(
  topology: Topology | undefined,
  endpoint: APIEndpoint,
  variables: readonly JsonObject[] | undefined,
): JsonObject | undefined {
  const copy = topology?.controlPlaneEndpoint
  const fillCopy = copy !== undefined && (copy.host === '' || copy.port === 0)
  if (variables === undefined && !fillCopy) return undefined
  return {
    ...(variables && { variables }),
    ...(fillCopy && {
      controlPlaneEndpoint: { host: copy.host || endpoint.host, port: copy.port || endpoint.port },
    }),
  }
}
