import { variableOf, type Cluster } from '../model/cluster.ts'
import { formatEndpoint, isValidEndpoint, type APIEndpoint } from '../model/endpoint.ts'
import { annotationOperations, conditionalOn, pathTo, type JsonPatch } from '../model/json-patch.ts'
import { formatPool } from '../model/pool.ts'
import { roleSpecs, type VipRole } from '../role.ts'
import { addressIn } from './vip-ownership.ts'

/** What the patch of a Cluster follows from, besides the Cluster. */
export interface ClusterPatchInput {
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

/** What the Cluster has once the patch is written; no patch: it has all of that already. */
export interface ClusterPatch {
  readonly assigned: AssignedVip
  /** Conditional on the Cluster as read. */
  readonly patch: JsonPatch | undefined
}

/**
 * Builds what to write so that the Cluster has the address: endpoint (of a control plane), variable and annotation in one
 * patch, so that no reader ever sees a part of it (core resets a host without port).
 */
export function clusterPatchFor(cluster: Cluster, input: ClusterPatchInput): ClusterPatch {
  const { vip } = input
  const host = input.address ?? addressIn(cluster, vip)
  const endpoint = roleSpecs[vip.role].isEndpoint ? endpointWith(cluster, host, input.defaultPort) : undefined
  const { vipAnnotation } = roleSpecs[vip.role]
  const operations = [
    ...endpointOperations(cluster, endpoint),
    ...variableOperations(cluster, input),
    ...copyOperations(cluster, endpoint),
    ...(input.address === undefined ? [] : annotationOperations(cluster, vipAnnotation, input.address)),
  ]
  const assigned = endpoint ?? { host }
  return { assigned, patch: operations.length === 0 ? undefined : [conditionalOn(cluster), ...operations] }
}

/** The VIP in words: `10.0.0.10:6443`, or the bare address where it has no port. */
export function formatVip({ host, port }: AssignedVip): string {
  return port === undefined ? host : formatEndpoint({ host, port })
}

/** What a served Cluster has and from where, in words. */
export function describeAllocated(
  assigned: AssignedVip,
  pool: { readonly kind: string; readonly name: string },
  claim: string,
): string {
  return `${formatVip(assigned)} from ${formatPool(pool)} by IPAddressClaim ${claim}`
}

/** Whether words of `describeAllocated` are about this address, in this spelling. */
export function isAllocatedIn(message: string, address: string): boolean {
  const endpoint = address.includes(':') ? `[${address}]:` : `${address}:`
  return message.startsWith(endpoint) || message.startsWith(`${address} from `)
}

/** What became of a host without a port that is not ours, in words. */
export function describeCompleted(assigned: AssignedVip): string {
  return `the host was set already; its port was completed: ${formatVip(assigned)}`
}

/** The VIP that the Cluster has now. */
export function presentVip(cluster: Cluster, vip: VipRole): AssignedVip {
  return roleSpecs[vip.role].isEndpoint
    ? { ...cluster.controlPlaneEndpoint }
    : { host: addressIn(cluster, vip) }
}

function endpointWith(cluster: Cluster, host: string, defaultPort: number): APIEndpoint {
  const { controlPlaneEndpoint, apiServerPort } = cluster
  return { host, port: firstPort(controlPlaneEndpoint.port, apiServerPort) ?? defaultPort }
}

function firstPort(...ports: readonly (number | undefined)[]): number | undefined {
  return ports.find((port) => port !== undefined && port > 0)
}

/** Core resets a host without port, so both are always written. */
function endpointOperations(cluster: Cluster, endpoint: APIEndpoint | undefined): JsonPatch {
  if (endpoint === undefined || isValidEndpoint(cluster.controlPlaneEndpoint)) return []
  return [{ op: 'add', path: pathTo('spec', 'controlPlaneEndpoint'), value: { ...endpoint } }]
}

/** The entries of others stay where and as they are. */
function variableOperations(cluster: Cluster, input: ClusterPatchInput): JsonPatch {
  const { address, hasVariable } = input
  const { variable } = input.vip
  const variables = cluster.topology?.variables
  if (variables === undefined || address === undefined || !hasVariable) return []
  if (variableOf(cluster, variable) !== undefined) return []
  const list = ['spec', 'topology', 'variables'] as const
  const ours = { name: variable, value: address }
  if (variables.length === 0) return [{ op: 'add', path: pathTo(...list), value: [ours] }]
  const index = variables.findIndex(({ name }) => name === variable)
  return index === -1
    ? [{ op: 'add', path: pathTo(...list, '-'), value: ours }]
    : [{ op: 'add', path: pathTo(...list, index, 'value'), value: address }]
}

/** `spec.topology.controlPlaneEndpoint`, where the object has that field. */
function copyOperations({ topology }: Cluster, endpoint: APIEndpoint | undefined): JsonPatch {
  const copy = topology?.controlPlaneEndpoint
  if (endpoint === undefined || copy === undefined || isValidEndpoint(copy)) return []
  const value = { host: copy.host || endpoint.host, port: copy.port || endpoint.port }
  return [{ op: 'add', path: pathTo('spec', 'topology', 'controlPlaneEndpoint'), value }]
}
