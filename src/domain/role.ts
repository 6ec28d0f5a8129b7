import { ownPrefix } from './names.ts'

/** What a VIP is for. */
export type Role = 'control-plane' | 'ingress'

/** An address of a VIP: the one that it always has, which has the name of its role, or the second one of a pair. */
export type VipPart = Role | `${Role}/second`

/** All that differs from role to role. */
export interface RoleSpec {
  /** A claim's name is this prefix and the Cluster's name. */
  readonly claimPrefix: string
  /** The same of the claim for the second address. It must not begin as another prefix does. */
  readonly secondClaimPrefix: string
  /** Annotation on the Cluster that names its one pool, as `[Kind/]name`. */
  readonly poolAnnotation: string
  /** Annotation on the Cluster that names the one address that its VIP has to be. */
  readonly addressAnnotation: string
  /** Annotation on the Cluster that records the VIP. */
  readonly vipAnnotation: string
  /** The Cluster also has a label of this name with the VIP, for the selectors of GitOps tools. */
  readonly isLabeled: boolean
  /** Type of the condition on the Cluster that shows the state of the VIP. */
  readonly conditionType: string
  /** The VIP in messages. */
  readonly noun: string
  /** The VIP is for `spec.controlPlaneEndpoint`, with a port. Any other is in its variables, else in its annotation. */
  readonly isEndpoint: boolean
  /** Annotation on a ClusterClass: the variables that receive the VIP, instead of the one that the flag names. */
  readonly variableAnnotation: string
  /** Annotation on a ClusterClass: the variables that receive the port alone; undefined for a VIP without port. */
  readonly portVariableAnnotation: string | undefined
  /** Annotation on the Cluster: the network of its VIP, as the pool has named it. */
  readonly networkAnnotation: string
  /** Annotation on the Cluster: the name of its claim, if that is not the usual one. */
  readonly claimAnnotation: string
  /** Annotation on the Cluster: the variables to which we wrote. */
  readonly writtenVariablesAnnotation: string
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
    secondClaimPrefix: 'vip-cp2-',
    poolAnnotation: `${ownPrefix}/control-plane-pool`,
    addressAnnotation: `${ownPrefix}/control-plane-address`,
    vipAnnotation: `${ownPrefix}/control-plane-vip`,
    isLabeled: false,
    conditionType: `${ownPrefix}/ControlPlaneVIPReady`,
    noun: 'endpoint',
    isEndpoint: true,
    variableAnnotation: `${ownPrefix}/control-plane-variable`,
    portVariableAnnotation: `${ownPrefix}/control-plane-port-variable`,
    networkAnnotation: `${ownPrefix}/control-plane-network`,
    claimAnnotation: `${ownPrefix}/control-plane-claim`,
    writtenVariablesAnnotation: `${ownPrefix}/control-plane-variables-written`,
    enabledAnnotation: `${ownPrefix}/control-plane-enabled`,
    isDefault: true,
  },
  ingress: {
    claimPrefix: 'vip-ingress-',
    secondClaimPrefix: 'vip-ingress2-',
    poolAnnotation: `${ownPrefix}/ingress-pool`,
    addressAnnotation: `${ownPrefix}/ingress-address`,
    vipAnnotation: `${ownPrefix}/ingress-vip`,
    isLabeled: true,
    conditionType: `${ownPrefix}/IngressVIPReady`,
    noun: 'ingress VIP',
    isEndpoint: false,
    variableAnnotation: `${ownPrefix}/ingress-variable`,
    portVariableAnnotation: undefined,
    networkAnnotation: `${ownPrefix}/ingress-network`,
    claimAnnotation: `${ownPrefix}/ingress-claim`,
    writtenVariablesAnnotation: `${ownPrefix}/ingress-variables-written`,
    enabledAnnotation: `${ownPrefix}/ingress-enabled`,
    isDefault: false,
  },
}

/** All that differs from part to part: what the role has, for this one address. */
export interface PartSpec extends RoleSpec {
  readonly role: Role
  readonly isSecond: boolean
}

export const partSpecs: Readonly<Record<VipPart, PartSpec>> = {
  'control-plane': firstPart('control-plane'),
  'control-plane/second': secondPart('control-plane'),
  ingress: firstPart('ingress'),
  'ingress/second': secondPart('ingress'),
}

/** Every role is followed by its second part. */
export const vipParts: readonly VipPart[] = roles.flatMap((role) => [role, secondPartOf(role)])

export function secondPartOf(role: Role): VipPart {
  return `${role}/second`
}

export function roleOf(part: VipPart): Role {
  return partSpecs[part].role
}

function firstPart(role: Role): PartSpec {
  return { ...roleSpecs[role], role, isSecond: false }
}

/** It is beside the endpoint, never in it. */
function secondPart(role: Role): PartSpec {
  const { secondClaimPrefix: claimPrefix, noun } = roleSpecs[role]
  return {
    ...roleSpecs[role],
    role,
    isSecond: true,
    claimPrefix,
    noun: `second address of the ${noun}`,
    isEndpoint: false,
  }
}

/** The annotations by which a Cluster or its ClusterClass asks for VIPs or refuses them. */
export const enabledAnnotations: readonly string[] = roles.map((role) => roleSpecs[role].enabledAnnotation)

/** The annotations on a ClusterClass by which its author names the variables that receive VIPs. */
export const variableAnnotations: readonly string[] = roles.flatMap((role) => {
  const { variableAnnotation, portVariableAnnotation } = roleSpecs[role]
  return portVariableAnnotation === undefined
    ? [variableAnnotation]
    : [variableAnnotation, portVariableAnnotation]
})

/**
 * The variables that receive a VIP, by role, where the ClusterClass names none: `name` or `name.field.field`, several with
 * commas (flags `--control-plane-variable`, `--ingress-variable`).
 */
export type VariableNames = Readonly<Record<Role, string>>
