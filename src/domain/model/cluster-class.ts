import { availabilityGatesIn, variableOf, type Cluster } from './cluster.ts'
import { arrayOf, nonEmptyStringOf, objectOf } from './decode.ts'
import { formatKey, objectMetaFrom, type ObjectMeta, type NamespacedName } from './object-meta.ts'
import type { VipRole } from '../role.ts'

/** The facts about a ClusterClass that decisions use: which variables a Cluster of it may set. */
export interface ClusterClass extends ObjectMeta {
  /** `spec.variables`: what its author wrote. */
  readonly declaredVariables: readonly string[]
  /** `status.variables`: what core has accepted, variables of external patches among them. Writes are checked against it. */
  readonly acceptedVariables: readonly string[]
  /** Of all its Clusters that name none themselves. */
  readonly availabilityGates: readonly string[]
}

/** Reads a ClusterClass of any served version. */
export function clusterClassFrom(object: unknown): ClusterClass {
  const { spec, status } = objectOf(object)
  return {
    ...objectMetaFrom(object),
    declaredVariables: namesIn(objectOf(spec)['variables']),
    acceptedVariables: namesIn(objectOf(status)['variables']),
    availabilityGates: availabilityGatesIn(objectOf(spec)),
  }
}

/** The ClusterClass that decides whether the variable is written; undefined if it is not written anyway. */
export function classForVariable(cluster: Cluster, { variable }: VipRole): NamespacedName | undefined {
  return variableOf(cluster, variable) === undefined ? cluster.topology?.clusterClass : undefined
}

/** What to do about the variable that receives the VIP. */
export type VipVariableDecision =
  | { readonly decision: 'write' }
  | { readonly decision: 'omit' }
  | { readonly decision: 'wait'; readonly reason: 'ClusterRejected'; readonly message: string }

/**
 * A variable that is declared but not accepted yet is worth a wait: an endpoint without it would leave the Cluster's
 * templates without their address.
 *
 * @param clusterClass the one that `classForVariable` names; undefined also if it does not exist
 */
export function decideVipVariable(
  cluster: Cluster,
  vip: VipRole,
  clusterClass: ClusterClass | undefined,
): VipVariableDecision {
  const { variable } = vip
  const ref = classForVariable(cluster, vip)
  if (ref === undefined || clusterClass === undefined) return { decision: 'omit' }
  if (clusterClass.acceptedVariables.includes(variable)) return { decision: 'write' }
  if (!clusterClass.declaredVariables.includes(variable)) return { decision: 'omit' }
  const message = `ClusterClass ${formatKey(ref)} declares the variable ${variable}, but its status.variables has none of this name yet; Cluster API would refuse it`
  return { decision: 'wait', reason: 'ClusterRejected', message }
}

function namesIn(variables: unknown): readonly string[] {
  return arrayOf(variables)
    .map((variable) => nonEmptyStringOf(objectOf(variable)['name']))
    .filter((name) => name !== undefined)
}
