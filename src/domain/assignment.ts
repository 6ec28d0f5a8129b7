import { variableOf, type Cluster, type Topology } from './cluster.ts'
import type { JsonObject } from './decode.ts'
import { isValidEndpoint, type APIEndpoint } from './endpoint.ts'
import { formatKey } from './object-meta.ts'
import { roleNames, type Role, type VipRole } from './role.ts'
import { addressIn, describeVip } from './standing.ts'

/** Everything the decision about a Cluster's VIP needs besides the Cluster. */
export interface AssignmentInput {
  readonly vip: VipRole
  /** The VIP to assign; undefined completes the port of a host that is not ours. */
  readonly address: string | undefined
  /** Whether the ClusterClass has taken in the variable, so that the Cluster may set it. */
  readonly hasVariable: boolean
  /** Port where neither the endpoint nor `spec.clusterNetwork.apiServerPort` names one. */
  readonly defaultPort: number
}

/** What was assigned. Only a control plane has a port. */
export interface AssignedVip {
  readonly host: string
  readonly port?: number
}

export type AssignmentDecision =
  /** A JSON merge patch, conditional on the resourceVersion that was read. */
  | { readonly decision: 'patch'; readonly assigned: AssignedVip; readonly patch: JsonObject }
  /** Everything stands as it should. */
  | { readonly decision: 'in-place'; readonly assigned: AssignedVip }
  /** There is another one; a VIP never changes once set. */
  | { readonly decision: 'taken'; readonly present: AssignedVip; readonly message: string }

/**
 * Decides what to write so that the Cluster has the address: endpoint (of a control plane), variable and annotation in
 * one patch, so that no reader ever sees a part of it (core resets a host without port).
 */
export function decideAssignment(cluster: Cluster, input: AssignmentInput): AssignmentDecision {
  const { vip } = input
  const present = addressIn(cluster, vip)
  const host = input.address ?? present
  if (present !== '' && present !== host) return taken(cluster, vip, host)
  const endpoint = vip.role === 'control-plane' ? endpointWith(cluster, host, input.defaultPort) : undefined
  const spec = specPatch(cluster, endpoint, variablesWith(cluster, input))
  const annotations = annotationPatch(cluster, vip.role, input.address)
  const assigned = endpoint ?? { host }
  if (spec === undefined && annotations === undefined) return { decision: 'in-place', assigned }
  const metadata = { resourceVersion: cluster.resourceVersion, ...(annotations && { annotations }) }
  return { decision: 'patch', assigned, patch: { metadata, ...(spec && { spec }) } }
}

/** The VIP that the Cluster has now. */
export function presentVip(cluster: Cluster, vip: VipRole): AssignedVip {
  return vip.role === 'control-plane'
    ? { ...cluster.controlPlaneEndpoint }
    : { host: addressIn(cluster, vip) }
}

function taken(cluster: Cluster, vip: VipRole, host: string): AssignmentDecision {
  return {
    decision: 'taken',
    present: presentVip(cluster, vip),
    message: `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} already; ${host} is not assigned`,
  }
}

function endpointWith(cluster: Cluster, host: string, defaultPort: number): APIEndpoint {
  const { controlPlaneEndpoint, apiServerPort } = cluster
  return { host, port: firstPort(controlPlaneEndpoint.port, apiServerPort) ?? defaultPort }
}

function firstPort(...ports: readonly (number | undefined)[]): number | undefined {
  return ports.find((port) => port !== undefined && port > 0)
}

function annotationPatch(cluster: Cluster, role: Role, address: string | undefined): JsonObject | undefined {
  const key = roleNames[role].vipAnnotation
  return address === undefined || cluster.annotations[key] === address ? undefined : { [key]: address }
}

/** The whole list with ours in it, since a merge patch replaces a list; undefined where nothing changes. */
function variablesWith(cluster: Cluster, input: AssignmentInput): readonly JsonObject[] | undefined {
  const { address, hasVariable } = input
  const { variable } = input.vip
  if (cluster.topology === undefined || address === undefined || !hasVariable) return undefined
  if (variableOf(cluster, variable) !== undefined) return undefined
  const others = cluster.topology.variables.filter(({ name }) => name !== variable)
  return [...others, { name: variable, value: address }]
}

function specPatch(
  cluster: Cluster,
  endpoint: APIEndpoint | undefined,
  variables: readonly JsonObject[] | undefined,
): JsonObject | undefined {
  const topology = topologyPatch(cluster.topology, endpoint, variables)
  const fillsEndpoint = endpoint !== undefined && !isValidEndpoint(cluster.controlPlaneEndpoint)
  if (!fillsEndpoint && topology === undefined) return undefined
  return {
    ...(fillsEndpoint && { controlPlaneEndpoint: { ...endpoint } }),
    ...(topology && { topology }),
  }
}

function topologyPatch(
  topology: Topology | undefined,
  endpoint: APIEndpoint | undefined,
  variables: readonly JsonObject[] | undefined,
): JsonObject | undefined {
  const copy = topology?.controlPlaneEndpoint
  const fillsCopy = endpoint !== undefined && copy !== undefined && (copy.host === '' || copy.port === 0)
  if (variables === undefined && !fillsCopy) return undefined
  return {
    ...(variables && { variables }),
    ...(fillsCopy && {
      controlPlaneEndpoint: { host: copy.host || endpoint.host, port: copy.port || endpoint.port },
    }),
  }
}
