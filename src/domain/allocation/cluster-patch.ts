import {
  formatEndpoint,
  isValidEndpoint,
  variableOf,
  type APIEndpoint,
  type Cluster,
} from '../model/cluster.ts'
import { conditionalOn, metadataOperations, pathTo, type JsonPatch } from '../model/json-patch.ts'
import { formatPool } from '../model/pool.ts'
import { roleSpecs, type VipRole } from '../role.ts'
import { addressIn } from './vip-ownership.ts'

export interface ClusterPatchInput {
  readonly vip: VipRole
  /** The VIP to assign; undefined completes the port of a host that is not ours. */
  readonly address: string | undefined
  /** Whether the ClusterClass has accepted the variable, so that the Cluster may set it. */
  readonly hasVariable: boolean
  /** Port if neither the endpoint nor `spec.clusterNetwork.apiServerPort` names one. */
  readonly defaultPort: number
}

/** Only a control plane has a port. */
export interface AssignedVip {
  readonly host: string
  readonly port?: number
}

/**
 * Builds the patch that assigns the address to the Cluster, conditional on the Cluster as read: endpoint (of a control
 * plane), variable, annotation and label at once, so that no reader ever sees a part of it (core resets a host without port).
 *
 * @returns no patch if the Cluster has all of it already
 */
export function clusterPatchFor(
  cluster: Cluster,
  input: ClusterPatchInput,
): { readonly assigned: AssignedVip; readonly patch: JsonPatch | undefined } {
  const { vip } = input
  const host = input.address ?? addressIn(cluster, vip)
  const endpoint = roleSpecs[vip.role].isEndpoint ? endpointWith(cluster, host, input.defaultPort) : undefined
  const operations = [
    ...endpointOperations(cluster, endpoint),
    ...variableOperations(cluster, input),
    ...copyOperations(cluster, endpoint),
    ...(input.address === undefined ? [] : recordOperations(cluster, vip, input.address)),
  ]
  const assigned = endpoint ?? { host }
  return { assigned, patch: operations.length === 0 ? undefined : [conditionalOn(cluster), ...operations] }
}

/** `10.0.0.10:6443`, or the address alone if it has no port. */
export function formatVip({ host, port }: AssignedVip): string {
  return port === undefined ? host : formatEndpoint({ host, port })
}

/** The fields of a result that show a VIP. */
export function vipFields({ host, port }: AssignedVip): { readonly address: string; readonly port?: number } {
  return { address: host, ...(port !== undefined && { port }) }
}

/** The message about a VIP of ours that is in place. */
export function describeAllocated(
  assigned: AssignedVip,
  pool: { readonly kind: string; readonly name: string },
  claim: string,
): string {
  return `${formatVip(assigned)} from ${formatPool(pool)} by IPAddressClaim ${claim}`
}

/** Whether a message of `describeAllocated` is about this address, in this spelling. */
export function isAllocatedIn(message: string, address: string): boolean {
  const endpoint = address.includes(':') ? `[${address}]:` : `${address}:`
  return message.startsWith(endpoint) || message.startsWith(`${address} from `)
}

/** The message about a port that was added to a host of somebody else. */
export function describeCompleted(assigned: AssignedVip): string {
  return `the host was set already; its port was completed: ${formatVip(assigned)}`
}

/** The VIP that the Cluster has. */
export function presentVip(cluster: Cluster, vip: VipRole): AssignedVip {
  return roleSpecs[vip.role].isEndpoint
    ? { ...cluster.controlPlaneEndpoint }
    : { host: addressIn(cluster, vip) }
}

function endpointWith(cluster: Cluster, host: string, defaultPort: number): APIEndpoint {
  const { controlPlaneEndpoint, apiServerPort = defaultPort } = cluster
  const { port } = controlPlaneEndpoint
  return { host, port: port > 0 ? port : apiServerPort }
}

/** Core resets a host without port, so both are always written. */
function endpointOperations(cluster: Cluster, endpoint: APIEndpoint | undefined): JsonPatch {
  if (endpoint === undefined || isValidEndpoint(cluster.controlPlaneEndpoint)) return []
  return [{ op: 'add', path: pathTo('spec', 'controlPlaneEndpoint'), value: { ...endpoint } }]
}

/** The entries of others keep their order and content. */
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

/** The annotation that records the VIP, and the label that repeats it. A label's value holds no colon, as IPv6 has. */
function recordOperations(cluster: Cluster, { role }: VipRole, address: string): JsonPatch {
  const { vipAnnotation, isLabeled } = roleSpecs[role]
  return [
    ...metadataOperations(cluster, 'annotations', vipAnnotation, address),
    ...(isLabeled && !address.includes(':')
      ? metadataOperations(cluster, 'labels', vipAnnotation, address)
      : []),
  ]
}

/** Of `spec.topology.controlPlaneEndpoint`, if the object has that field. */
function copyOperations({ topology }: Cluster, endpoint: APIEndpoint | undefined): JsonPatch {
  const copy = topology?.controlPlaneEndpoint
  if (endpoint === undefined || copy === undefined || isValidEndpoint(copy)) return []
  const value = { host: copy.host || endpoint.host, port: copy.port || endpoint.port }
  return [{ op: 'add', path: pathTo('spec', 'topology', 'controlPlaneEndpoint'), value }]
}
