import { availabilityGatesIn } from './condition.ts'
import { arrayOf, nonEmptyStringOf, objectOf } from './decode.ts'
import { objectMetaFrom, type ObjectMeta } from './object-meta.ts'

/** The facts about a ClusterClass that decisions use: which variables a Cluster of it may set. */
export interface ClusterClass extends ObjectMeta {
  /** `spec.variables`: what its author wrote. */
  readonly declaredVariables: readonly string[]
  /** `status.variables`: what core has taken in, variables of external patches among them. Writes are checked against it. */
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

/**
 * Decides about a variable that may receive a VIP. One that is declared and not accepted yet is worth a wait: the
 * endpoint without it would leave the Cluster's templates without their address.
 */
export function decideVariable(
  clusterClass: ClusterClass | undefined,
  name: string,
): 'write' | 'omit' | 'wait' {
  if (clusterClass?.acceptedVariables.includes(name)) return 'write'
  return clusterClass?.declaredVariables.includes(name) ? 'wait' : 'omit'
}

function namesIn(variables: unknown): readonly string[] {
  return arrayOf(variables)
    .map((variable) => nonEmptyStringOf(objectOf(variable)['name']))
    .filter((name) => name !== undefined)
}
