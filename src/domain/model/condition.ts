import { arrayOf, isObject, nonEmptyStringOf, objectOf, stringOf, type JsonObject } from './decode.ts'
import { clusterGroup } from '../names.ts'

/** `metav1.Condition`. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  /** RFC 3339: when `status` last changed. */
  readonly lastTransitionTime: string
}

/** The API version of a Cluster whose `status.conditions` have the shape of `metav1.Condition`. */
export const conditionsApiVersion = `${clusterGroup}/v1beta2`

/** Reads `status.conditions` of a Cluster; none if it was read in another version. */
export function conditionsIn(cluster: unknown): readonly Condition[] {
  const { apiVersion, status } = objectOf(cluster)
  if (apiVersion !== conditionsApiVersion) return []
  return arrayOf(objectOf(status)['conditions']).filter(isObject).map(conditionFrom)
}

/** Reads the condition types in `spec.availabilityGates` of a Cluster or of a ClusterClass. */
export function availabilityGatesIn(spec: JsonObject): readonly string[] {
  return arrayOf(spec['availabilityGates'])
    .map((gate) => nonEmptyStringOf(objectOf(gate)['conditionType']))
    .filter((type) => type !== undefined)
}

function conditionFrom(condition: JsonObject): Condition {
  const { status } = condition
  return {
    type: stringOf(condition['type']),
    status: status === 'True' || status === 'False' ? status : 'Unknown',
    reason: stringOf(condition['reason']),
    message: stringOf(condition['message']),
    lastTransitionTime: stringOf(condition['lastTransitionTime']),
  }
}
