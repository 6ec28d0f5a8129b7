import { decideVariable, type ClusterClass } from '../model/cluster-class.ts'
import { variableOf, type Cluster, type ClusterClassRef } from '../model/cluster.ts'
import { formatKey } from '../model/object-meta.ts'
import type { VipRole } from '../role.ts'

/** The ClusterClass that decides whether the variable is written; undefined where it is not written anyway. */
export function classForVariable(cluster: Cluster, { variable }: VipRole): ClusterClassRef | undefined {
  return variableOf(cluster, variable) === undefined ? cluster.topology?.clusterClass : undefined
}

/** What becomes of the variable that receives the VIP. */
export type VipVariableDecision =
  | { readonly decision: 'write' }
  | { readonly decision: 'omit' }
  | { readonly decision: 'wait'; readonly reason: 'ClusterRejected'; readonly message: string }

/** @param clusterClass the one that `classForVariable` names; undefined also where it does not exist */
export function decideVipVariable(
  cluster: Cluster,
  vip: VipRole,
  clusterClass: ClusterClass | undefined,
): VipVariableDecision {
  const ref = classForVariable(cluster, vip)
  if (ref === undefined) return { decision: 'omit' }
  const { variable } = vip
  const decision = decideVariable(clusterClass, variable)
  if (decision !== 'wait') return { decision }
  const message = `ClusterClass ${formatKey(ref)} declares the variable ${variable}, but its status.variables has none of this name yet; Cluster API would refuse it`
  return { decision, reason: 'ClusterRejected', message }
}
