import { askedAddressOf } from './asked-address.ts'
import { canonicalAddress, familyOfAddress, isIPAddress, type AddressFamily } from '../model/address-text.ts'
import type { ClusterClass } from '../model/cluster-class.ts'
import type { Cluster } from '../model/cluster.ts'
import { commaSeparated, nonEmptyStringOf } from '../model/decode.ts'
import { findPoolKind, type PoolKind } from '../model/pool-kind.ts'
import type { IPPoolReference } from '../model/pool.ts'
import { hostsAt, variablePathsIn, type VariablePath } from '../model/variable-path.ts'
import {
  partSpecs,
  roles,
  roleSpecs,
  secondPartOf,
  type Role,
  type VariableNames,
  type VipPart,
} from '../role.ts'
import { askedFamilies, familyFor, recordedPair, recordedVip } from './ip-families.ts'

/** A role in one Cluster, and where its VIP is; or the second address of a pair. */
export interface VipRole {
  readonly role: Role
  readonly part: VipPart
  /** The VIP is the host of the Cluster's endpoint. Any other is in its variables, else in its annotation. */
  readonly isEndpoint: boolean
  readonly variables: readonly VipVariable[]
  /** Of its address; absent: any. */
  readonly family?: AddressFamily
  /** The VIP is a pair, and this is the family of its second address. */
  readonly secondFamily?: AddressFamily | undefined
  /** Of a second address: the VIP that it belongs to. */
  readonly first?: VipRole
}

/** A variable of the ClusterClass that receives the VIP, or a part of it. */
export interface VipVariable {
  readonly path: VariablePath
  /** `vip`: host, port or both, as the variable's schema says; `port`: the port alone. */
  readonly receives: 'vip' | 'port'
  /** The annotation of the ClusterClass that names the variable; undefined if only a flag does. */
  readonly annotation: string | undefined
}

/**
 * Finds where the VIP of a role belongs in a Cluster. The variables are those that its class names, else those of the flags.
 * An endpoint that is a DNS name stays what it is: a VIP that the Cluster asks for is beside it.
 *
 * @param clusterClass undefined also if there is none
 */
export function vipRoleIn(
  cluster: Cluster,
  role: Role,
  variables: VariableNames,
  clusterClass: ClusterClass | undefined,
): VipRole {
  const { isEndpoint, variableAnnotation, portVariableAnnotation } = roleSpecs[role]
  const annotations = clusterClass?.annotations ?? {}
  const named = (
    annotation: string | undefined,
    receives: VipVariable['receives'],
  ): readonly VipVariable[] =>
    annotation === undefined
      ? []
      : variablePathsIn(annotations[annotation]).map((path) => ({ path, receives, annotation }))
  const { host } = cluster.controlPlaneEndpoint
  const isNamed =
    host !== '' &&
    !isIPAddress(host) &&
    (asksForVip(cluster, role, clusterClass) || recordedVip(cluster, role) !== undefined)
  const vip: VipRole = {
    role,
    part: role,
    isEndpoint: isEndpoint && !isNamed,
    variables: [
      ...(annotations[variableAnnotation] === undefined
        ? variablePathsIn(variables[role]).map((path) => ({
            path,
            receives: 'vip' as const,
            annotation: undefined,
          }))
        : named(variableAnnotation, 'vip')),
      ...named(portVariableAnnotation, 'port'),
    ],
  }
  return withFamilies(cluster, vip, clusterClass)
}

/** A VIP that is in place stays what it is: only a new one becomes a pair, or follows the families asked for. */
function withFamilies(cluster: Cluster, vip: VipRole, clusterClass: ClusterClass | undefined): VipRole {
  const asked = askedFamilies(cluster, clusterClass)
  const pair = recordedPair(cluster, vip.role)
  if (asked === undefined && pair === undefined) return vip
  const family = familyFor(cluster, vip.role, clusterClass)
  const isNew = recordedVip(cluster, vip.role) === undefined && addressIn(cluster, vip) === ''
  const isPair = pair !== undefined || (asked?.length === 2 && isNew)
  const secondFamily = isPair ? familyFor(cluster, secondPartOf(vip.role), clusterClass) : undefined
  return {
    ...vip,
    ...(family !== undefined && { family }),
    ...(secondFamily !== undefined && { secondFamily }),
  }
}

/** The second address of a VIP; undefined if it is no pair. */
export function secondOf(vip: VipRole): VipRole | undefined {
  const { role, variables, secondFamily: family } = vip
  if (family === undefined) return undefined
  return { role, part: secondPartOf(role), isEndpoint: false, variables, family, first: vip }
}

/** The addresses of a VIP: one, or those of a pair. */
export function partsOf(vip: VipRole): readonly VipRole[] {
  const second = secondOf(vip)
  return second === undefined ? [vip] : [vip, second]
}

/** The family that the claim for an address of a pair is labeled with. */
export function pairFamily({ family, secondFamily, first }: VipRole): { readonly family?: AddressFamily } {
  const isOfPair = secondFamily !== undefined || first !== undefined
  return isOfPair && family !== undefined ? { family } : {}
}

/** A VIP as a pair, whatever its record says. @param family of the second address */
export function asPair(vip: VipRole, address: string, family: AddressFamily): VipRole {
  const own = familyOfAddress(address)
  return { ...vip, ...(own !== undefined && { family: own }), secondFamily: family }
}

export function vipRolesIn(
  cluster: Cluster,
  variables: VariableNames,
  clusterClass: ClusterClass | undefined,
): readonly VipRole[] {
  return roles.map((role) => vipRoleIn(cluster, role, variables, clusterClass))
}

/** The word by which the Cluster, or else its class, asks for the VIP or refuses it; undefined if neither says anything. */
export function enabledWord(
  cluster: Cluster,
  role: Role,
  clusterClass: ClusterClass | undefined,
): string | undefined {
  const { enabledAnnotation } = roleSpecs[role]
  return cluster.annotations[enabledAnnotation] ?? clusterClass?.annotations[enabledAnnotation]
}

/** The pool a Cluster names by annotation, `[Kind/]name`. For a pair it may name two, `first,second`. */
export function explicitPoolOf(cluster: Cluster, part: VipPart): string | undefined {
  const { poolAnnotation, isSecond } = partSpecs[part]
  const text = nonEmptyStringOf(cluster.annotations[poolAnnotation]?.trim())
  const [first, second, ...more] = commaSeparated(text)
  if (second === undefined || more.length > 0) return text
  return isSecond ? second : first
}

/**
 * The pool of another IPAM provider that a Cluster names, `Kind.group/name`. Nothing of such a pool is read: its provider
 * decides about the claim.
 *
 * @param poolKinds those whose pools are read
 */
export function foreignPoolOf(
  cluster: Cluster,
  part: VipPart,
  poolKinds: readonly PoolKind[],
): IPPoolReference | undefined {
  const [, kind = '', apiGroup = '', name = ''] =
    /^([A-Z]\w*)\.([a-z0-9.-]+)\/([a-z0-9.-]+)$/.exec(explicitPoolOf(cluster, part) ?? '') ?? []
  const isRead = findPoolKind(poolKinds, { apiGroup, kind }) !== undefined
  return name === '' || isRead ? undefined : { apiGroup, kind, name }
}

/** For people: that the API server does not serve the kind of a pool, so that there can be none, and what to do. */
export function describeUnserved(
  { apiGroup, kind }: IPPoolReference,
  role: Role,
): { readonly found: string; readonly fix: string } {
  return {
    found: `the API server serves no ${kind} in the API group ${apiGroup}`,
    fix: `correct the annotation ${roleSpecs[role].poolAnnotation} of the Cluster, or install that IPAM provider`,
  }
}

/** Whether the VIP is one of a control plane whose endpoint is a DNS name. */
export function isBesideName({ role, isEndpoint, first }: VipRole): boolean {
  return first === undefined ? roleSpecs[role].isEndpoint && !isEndpoint : isBesideName(first)
}

/**
 * The host of the endpoint; for a VIP beside it the one in its variables, else in its annotation. `""` if there is none. The
 * second address of a pair is there only together with the first one.
 */
export function addressIn(cluster: Cluster, vip: VipRole): string {
  if (vip.first !== undefined) {
    return addressIn(cluster, vip.first) === '' ? '' : (recordedVip(cluster, vip.part) ?? '')
  }
  if (vip.isEndpoint) return cluster.controlPlaneEndpoint.host
  return hostInVariables(cluster, vip) ?? recordedVip(cluster, vip.role) ?? ''
}

/** Every address of the VIP that is there. */
export function addressesIn(cluster: Cluster, vip: VipRole): readonly string[] {
  return partsOf(vip)
    .map((part) => addressIn(cluster, part))
    .filter((address) => address !== '')
}

/**
 * The address that a variable gives. The name of an endpoint is no VIP beside it, though a variable may have had it before the
 * Cluster asked for a VIP; nor is the second address of a pair the first one.
 */
export function hostInVariables(cluster: Cluster, vip: VipRole): string | undefined {
  const name = isBesideName(vip) ? canonicalAddress(cluster.controlPlaneEndpoint.host) : ''
  const second = recordedVip(cluster, secondPartOf(vip.role))
  const others = [name, ...(second === undefined ? [] : [canonicalAddress(second)])]
  return vip.variables
    .filter(({ receives }) => receives === 'vip')
    .flatMap(({ path }) => hostsAt(cluster, path))
    .find((host) => !others.includes(canonicalAddress(host)))
}

function asksForVip(cluster: Cluster, role: Role, clusterClass: ClusterClass | undefined): boolean {
  return enabledWord(cluster, role, clusterClass) === 'true' || namesPoolOrAddress(cluster, role)
}

/** Whether the Cluster names the one pool or the one address of its VIP, by which it also asks for the VIP. */
export function namesPoolOrAddress(cluster: Cluster, role: Role): boolean {
  return explicitPoolOf(cluster, role) !== undefined || askedAddressOf(cluster, role) !== undefined
}
