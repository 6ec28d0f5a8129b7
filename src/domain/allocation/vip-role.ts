import { askedAddressOf } from './asked-address.ts'
import { isIPAddress } from '../model/address-text.ts'
import type { ClusterClass } from '../model/cluster-class.ts'
import type { Cluster } from '../model/cluster.ts'
import { nonEmptyStringOf } from '../model/decode.ts'
import { findPoolKind, type PoolKind } from '../model/pool-kind.ts'
import type { IPPoolReference } from '../model/pool.ts'
import { variablePathsIn, type VariablePath } from '../model/variable-path.ts'
import { roles, roleSpecs, type Role, type VariableNames } from '../role.ts'

/** A role in one Cluster: where its VIP is. */
export interface VipRole {
  readonly role: Role
  /** The VIP is the host of the Cluster's endpoint. Any other is in its variables, else in its annotation. */
  readonly isEndpoint: boolean
  readonly variables: readonly VipVariable[]
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
  const isBesideName =
    host !== '' &&
    !isIPAddress(host) &&
    (asksForVip(cluster, role, clusterClass) || recordedVip(cluster, role) !== undefined)
  return {
    role,
    isEndpoint: isEndpoint && !isBesideName,
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

/** The pool a Cluster names by annotation, `[Kind/]name` or `Kind.group/name`. */
export function explicitPoolOf(cluster: Cluster, role: Role): string | undefined {
  return nonEmptyStringOf(cluster.annotations[roleSpecs[role].poolAnnotation]?.trim())
}

/**
 * The pool of another IPAM provider that a Cluster names, `Kind.group/name`. Nothing of such a pool is read: its provider
 * decides about the claim.
 *
 * @param poolKinds those whose pools are read
 */
export function foreignPoolOf(
  cluster: Cluster,
  role: Role,
  poolKinds: readonly PoolKind[],
): IPPoolReference | undefined {
  const [, kind = '', apiGroup = '', name = ''] =
    /^([A-Z]\w*)\.([a-z0-9.-]+)\/([a-z0-9.-]+)$/.exec(explicitPoolOf(cluster, role) ?? '') ?? []
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

/** The VIP that we assigned, as our annotation records it. */
export function recordedVip(cluster: Cluster, role: Role): string | undefined {
  return nonEmptyStringOf(cluster.annotations[roleSpecs[role].vipAnnotation])
}

/** The network of the VIP; `""`: the one that has no name. */
export function networkOfVip(cluster: Cluster, role: Role): string {
  return cluster.annotations[roleSpecs[role].networkAnnotation]?.trim() ?? ''
}

function asksForVip(cluster: Cluster, role: Role, clusterClass: ClusterClass | undefined): boolean {
  return enabledWord(cluster, role, clusterClass) === 'true' || namesPoolOrAddress(cluster, role)
}

/** Whether the Cluster names the one pool or the one address of its VIP, by which it also asks for the VIP. */
export function namesPoolOrAddress(cluster: Cluster, role: Role): boolean {
  return explicitPoolOf(cluster, role) !== undefined || askedAddressOf(cluster, role) !== undefined
}
