import { formatEndpoint, isValidEndpoint, type APIEndpoint, type Cluster } from '../model/cluster.ts'
import { claimNameFor } from '../model/claim.ts'
import { conditionalOn, metadataOperations, pathTo, type JsonPatch } from '../model/json-patch.ts'
import { formatPool } from '../model/pool.ts'
import { withAddition } from '../quote.ts'
import { roleSpecs, secondPartOf } from '../role.ts'
import { formatNetworks, recordedVip } from './ip-families.ts'
import { vipOwnershipOf } from './vip-ownership.ts'
import { addressIn, type VipRole } from './vip-role.ts'
import { writtenVariables } from './vip-variables.ts'

/** An address that a claim holds. */
export interface PatchedAddress {
  readonly address: string
  readonly claimName: string
  /** Of the pool; undefined leaves the annotation as it is, `""` has no name and removes it. */
  readonly network: string | undefined
}

export interface ClusterPatchInput {
  readonly vip: VipRole
  /** The VIP to assign; undefined completes an endpoint that is not ours. */
  readonly address: string | undefined
  /** Of the claim that holds the address; undefined if there is none. */
  readonly claimName: string | undefined
  /** As in `PatchedAddress`. */
  readonly network: string | undefined
  /** The second address of a pair; absent, or undefined: it is none. */
  readonly second?: PatchedAddress | undefined
  /** The values to write to variables, by their names. */
  readonly variables: ReadonlyMap<string, unknown>
  /** Of the endpoint. */
  readonly port: number
}

/** Only a control plane has a port. */
export interface AssignedVip {
  readonly host: string
  readonly port?: number
  /** Of a pair. */
  readonly secondHost?: string
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
  const { vip, address, second, variables, port } = input
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
  const assigned = {
    ...(vip.isEndpoint && endpoint !== undefined ? endpoint : { host }),
    ...(second !== undefined && { secondHost: second.address }),
  }
  return { assigned, patch: operations.length === 0 ? undefined : [conditionalOn(cluster), ...operations] }
}

/** `10.0.0.10:6443`, or the address alone if it has no port; a pair is `10.0.0.10:6443 and fd00::10`. */
export function formatVip({ host, port, secondHost }: AssignedVip): string {
  const first = port === undefined ? host : formatEndpoint({ host, port })
  return secondHost === undefined ? first : `${first} and ${secondHost}`
}

/** The fields of a result that show a VIP. */
export function vipFields({ host, port, secondHost }: AssignedVip): {
  readonly address: string
  readonly port?: number
  readonly second?: { readonly address: string }
} {
  return {
    address: host,
    ...(port !== undefined && { port }),
    ...(secondHost !== undefined && { second: { address: secondHost } }),
  }
}

/** Where an address comes from. */
export interface VipSource {
  readonly pool: { readonly kind: string; readonly name: string }
  readonly claim: string
}

/** The message about a VIP of ours that is in place. @param second of the second address of a pair */
export function describeAllocated(
  { secondHost, ...first }: AssignedVip,
  source: VipSource,
  second: VipSource | undefined,
  disagreement?: string,
): string {
  const from = ({ pool, claim }: VipSource): string => `from ${formatPool(pool)} by IPAddressClaim ${claim}`
  const other =
    secondHost === undefined || second === undefined ? '' : `${secondMark}${secondHost} ${from(second)}`
  return withAddition(`${formatVip(first)} ${from(source)}${other}`, disagreement)
}

const secondMark = ', and '

/** Whether a message of `describeAllocated` is about this address, in this spelling. @param isSecond of a pair */
export function isAllocatedIn(message: string, address: string, isSecond: boolean): boolean {
  if (isSecond) return message.includes(`${secondMark}${address} from `)
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
  const second = recordedVip(cluster, secondPartOf(vip.role))
  return {
    ...(vip.isEndpoint ? cluster.controlPlaneEndpoint : { host: addressIn(cluster, vip) }),
    ...(second !== undefined && vipOwnershipOf(cluster, vip).state === 'managed' && { secondHost: second }),
  }
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
 * label that repeats the VIP. A pair is recorded as `first,second`. A label's value holds neither that nor a colon, as IPv6
 * has: it repeats the IPv4 address.
 */
function recordOperations(
  cluster: Cluster,
  { vip: { role }, address, claimName, network, second, variables }: ClusterPatchInput,
): JsonPatch {
  const { vipAnnotation, isLabeled, networkAnnotation, claimAnnotation, writtenVariablesAnnotation } =
    roleSpecs[role]
  const usual = [claimNameFor(cluster, role), claimNameFor(cluster, secondPartOf(role))]
  const longerNames = [claimName, second?.claimName].filter(
    (name) => name !== undefined && !usual.includes(name),
  )
  const addresses = [address, second?.address].filter((each) => each !== undefined)
  const labeled = addresses.find((each) => !each.includes(':'))
  const networks = second === undefined ? network : networksOf(network, second.network)
  const written = new Set([...writtenVariables(cluster, role), ...variables.keys()])
  return [
    ...metadataOperations(cluster, 'annotations', {
      ...(address !== undefined && {
        [vipAnnotation]: addresses.join(','),
        [claimAnnotation]: longerNames.length === 0 ? undefined : longerNames.join(','),
      }),
      ...(networks !== undefined && { [networkAnnotation]: networks === '' ? undefined : networks }),
      ...(variables.size > 0 && { [writtenVariablesAnnotation]: [...written].join(',') }),
    }),
    ...(isLabeled && labeled !== undefined
      ? metadataOperations(cluster, 'labels', { [vipAnnotation]: labeled })
      : []),
  ]
}

/** Of a pair; undefined if neither is known. */
function networksOf(first: string | undefined, second: string | undefined): string | undefined {
  return first === undefined && second === undefined ? undefined : formatNetworks(first ?? '', second ?? '')
}

/** Of `spec.topology.controlPlaneEndpoint`, if the object has that field. */
function copyOperations({ topology }: Cluster, endpoint: APIEndpoint | undefined): JsonPatch {
  const copy = topology?.controlPlaneEndpoint
  if (endpoint === undefined || copy === undefined || isValidEndpoint(copy)) return []
  const value = { host: copy.host || endpoint.host, port: copy.port || endpoint.port }
  return [{ op: 'add', path: pathTo('spec', 'topology', 'controlPlaneEndpoint'), value }]
}
