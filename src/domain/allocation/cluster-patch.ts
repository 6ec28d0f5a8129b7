import { formatEndpoint, isValidEndpoint, type APIEndpoint, type Cluster } from '../model/cluster.ts'
import { claimNameFor } from '../model/claim.ts'
import { conditionalOn, metadataOperations, pathTo, type JsonPatch } from '../model/json-patch.ts'
import { formatPool } from '../model/pool.ts'
import { withAddition } from '../quote.ts'
import { roleSpecs } from '../role.ts'
import { addressIn } from './vip-ownership.ts'
import type { VipRole } from './vip-role.ts'
import { writtenVariables } from './vip-variables.ts'

export interface ClusterPatchInput {
  readonly vip: VipRole
  /** The VIP to assign; undefined completes an endpoint that is not ours. */
  readonly address: string | undefined
  /** Of the claim that holds the address; undefined if there is none. */
  readonly claimName: string | undefined
  /** Of the pool; undefined leaves the annotation as it is, `""` has no name and removes it. */
  readonly network: string | undefined
  /** The values to write to variables, by their names. */
  readonly variables: ReadonlyMap<string, unknown>
  /** Of the endpoint. */
  readonly port: number
}

/** Only a control plane has a port. */
export interface AssignedVip {
  readonly host: string
  readonly port?: number
}

/**
 * Builds the patch that assigns the address to the Cluster, conditional on the Cluster as read: endpoint (of a control
 * plane), variables, annotations and label at once, so that no reader ever sees a part of it (core resets a host without
 * port).
 *
 * @returns no patch if the Cluster has all of it already
 */
export function clusterPatchFor(
  cluster: Cluster,
  input: ClusterPatchInput,
): { readonly assigned: AssignedVip; readonly patch: JsonPatch | undefined } {
  const { vip, address, variables, port } = input
  const host = address ?? addressIn(cluster, vip)
  // A VIP beside a DNS name leaves the endpoint its host.
  const endpoint = roleSpecs[vip.role].isEndpoint
    ? {
        host: vip.isEndpoint ? host : cluster.controlPlaneEndpoint.host,
        port,
      }
    : undefined
  const operations = [
    ...endpointOperations(cluster, endpoint),
    ...variableOperations(cluster, variables),
    ...copyOperations(cluster, endpoint),
    ...recordOperations(cluster, input),
  ]
  const assigned = vip.isEndpoint && endpoint !== undefined ? endpoint : { host }
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
  disagreement?: string,
): string {
  const message = `${formatVip(assigned)} from ${formatPool(pool)} by IPAddressClaim ${claim}`
  return withAddition(message, disagreement)
}

/** Whether a message of `describeAllocated` is about this address, in this spelling. */
export function isAllocatedIn(message: string, address: string): boolean {
  const endpoint = address.includes(':') ? `[${address}]:` : `${address}:`
  return message.startsWith(endpoint) || message.startsWith(`${address} from `)
}

/** The message about an endpoint of somebody else that got what it lacked: a port, or the variables of the class. */
export function describeCompleted(assigned: AssignedVip, disagreement?: string): string {
  const message = `${formatVip(assigned)} is not from a claim of ours, and no address is taken; what it lacked of port and variables is added`
  return withAddition(message, disagreement)
}

/** The VIP that the Cluster has. */
export function presentVip(cluster: Cluster, vip: VipRole): AssignedVip {
  return vip.isEndpoint ? { ...cluster.controlPlaneEndpoint } : { host: addressIn(cluster, vip) }
}

/** Core resets a host without port, so both are always written. */
function endpointOperations(cluster: Cluster, endpoint: APIEndpoint | undefined): JsonPatch {
  if (endpoint === undefined || isValidEndpoint(cluster.controlPlaneEndpoint)) return []
  return [{ op: 'add', path: pathTo('spec', 'controlPlaneEndpoint'), value: { ...endpoint } }]
}

/** The entries of others keep their order and content. */
function variableOperations(cluster: Cluster, values: ReadonlyMap<string, unknown>): JsonPatch {
  const variables = cluster.topology?.variables
  if (variables === undefined) return []
  const list = ['spec', 'topology', 'variables'] as const
  const entries = [...values].map(([name, value]) => ({ name, value }))
  if (variables.length === 0 && entries.length > 0) {
    return [{ op: 'add', path: pathTo(...list), value: entries }]
  }
  return entries.map((entry) => {
    const index = variables.findIndex(({ name }) => name === entry.name)
    return index === -1
      ? { op: 'add', path: pathTo(...list, '-'), value: entry }
      : { op: 'add', path: pathTo(...list, index, 'value'), value: entry.value }
  })
}

/**
 * The annotations that record the VIP, its network, the name of its claim if that is a longer one, and the variables written; and the
 * label that repeats the VIP. A label's value holds no colon, as IPv6 has.
 */
function recordOperations(
  cluster: Cluster,
  { vip: { role }, address, claimName, network, variables }: ClusterPatchInput,
): JsonPatch {
  const { vipAnnotation, isLabeled, networkAnnotation, claimAnnotation, writtenVariablesAnnotation } =
    roleSpecs[role]
  const longerName = claimName === claimNameFor(cluster, role) ? undefined : claimName
  const written = new Set([...writtenVariables(cluster, role), ...variables.keys()])
  return [
    ...metadataOperations(cluster, 'annotations', {
      ...(address !== undefined && { [vipAnnotation]: address, [claimAnnotation]: longerName }),
      ...(network !== undefined && { [networkAnnotation]: network === '' ? undefined : network }),
      ...(variables.size > 0 && { [writtenVariablesAnnotation]: [...written].join(',') }),
    }),
    ...(isLabeled && address !== undefined && !address.includes(':')
      ? metadataOperations(cluster, 'labels', { [vipAnnotation]: address })
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
