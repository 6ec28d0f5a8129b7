import { ownPrefix } from './names.ts'

/** What a VIP is for. */
export type Role = 'control-plane' | 'ingress'

/** All that differs from role to role. */
export interface RoleSpec {
  /** A claim's name is this prefix and the Cluster's name. */
  readonly claimPrefix: string
  /** Annotation on the Cluster that names its one pool, as `[Kind/]name`. */
  readonly poolAnnotation: string
  /** Annotation on the Cluster that records the VIP. */
  readonly vipAnnotation: string
  /** The Cluster also has a label of this name with the VIP, for the selectors of GitOps tools. */
  readonly isLabeled: boolean
  /** Type of the condition on the Cluster that shows the state of the VIP. */
  readonly conditionType: string
  /** The VIP in messages. */
  readonly noun: string
  /** The VIP is `spec.controlPlaneEndpoint`, with a port. Any other is in its variable, else in its annotation. */
  readonly isEndpoint: boolean
  /** Annotation on the Cluster, or else on its ClusterClass, that asks for the VIP or refuses it: `"true"` or `"false"`. */
  readonly enabledAnnotation: string
  /** Without that annotation, every Cluster of a ClusterClass has the VIP; otherwise a matching pool decides. */
  readonly isDefault: boolean
}

export const roles: readonly Role[] = ['control-plane', 'ingress']

/** The role of a pool that names none, and the first of every allocation. */
export const defaultRole: Role = 'control-plane'

export const roleSpecs: Readonly<Record<Role, RoleSpec>> = {
  'control-plane': {
    claimPrefix: 'vip-cp-',
    poolAnnotation: `${ownPrefix}/control-plane-pool`,
    vipAnnotation: `${ownPrefix}/control-plane-vip`,
    isLabeled: false,
    conditionType: `${ownPrefix}/ControlPlaneVIPReady`,
    noun: 'endpoint',
    isEndpoint: true,
    enabledAnnotation: `${ownPrefix}/control-plane-enabled`,
    isDefault: true,
  },
  ingress: {
    claimPrefix: 'vip-ingress-',
    poolAnnotation: `${ownPrefix}/ingress-pool`,
    vipAnnotation: `${ownPrefix}/ingress-vip`,
    isLabeled: true,
    conditionType: `${ownPrefix}/IngressVIPReady`,
    noun: 'ingress VIP',
    isEndpoint: false,
    enabledAnnotation: `${ownPrefix}/ingress-enabled`,
    isDefault: false,
  },
}

/** The annotations by which a Cluster or its ClusterClass asks for VIPs or refuses them. */
export const enabledAnnotations: readonly string[] = roles.map((role) => roleSpecs[role].enabledAnnotation)

/** A role with the name of the ClusterClass variable that receives its VIP. */
export interface VipRole {
  readonly role: Role
  readonly variable: string
}

/** Names of the ClusterClass variables that receive a VIP, by role (flags `--control-plane-variable`, `--ingress-variable`). */
export type VariableNames = Readonly<Record<Role, string>>

export function vipRole(role: Role, variables: VariableNames): VipRole {
  return { role, variable: variables[role] }
}

export function vipRoles(variables: VariableNames): readonly VipRole[] {
  return roles.map((role) => vipRole(role, variables))
}
