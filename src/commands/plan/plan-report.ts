import type { NamespacedName } from '../../domain/model/object-meta.ts'
import type { RolePlan } from './role-plan.ts'
import type { Reason } from '../../domain/reason.ts'

/** What a run would do for one Cluster. */
export interface ClusterPlan {
  readonly cluster: NamespacedName
  readonly clusterClass?: NamespacedName
  /** Why there is nothing to plan: the Cluster does not exist. */
  readonly reason?: Reason
  readonly message?: string
  readonly roles: readonly ShownRolePlan[]
}

/** A plan as it is shown: what would be written as a diff. */
export interface ShownRolePlan extends Omit<RolePlan, 'patch'> {
  readonly nextStep: string
  readonly diff?: string
}
