import type { AddressUse } from '../../domain/allocation/address-holder.ts'
import type { IPAddress } from '../../domain/model/ip-address.ts'
import type { ClusterClass } from '../../domain/model/cluster-class.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import type { JsonPatch } from '../../domain/model/json-patch.ts'
import type { IPPool, IPPoolReference } from '../../domain/model/pool.ts'
import type { PoolVerdict } from '../../domain/allocation/pool-selection.ts'
import type { Reason } from '../../domain/reason.ts'
import type { Role, VariableNames } from '../../domain/role.ts'
import type { ClaimBinding } from '../../domain/allocation/snapshot.ts'

/** All that a plan for one Cluster follows from, as of one moment. */
export interface PlanFacts {
  readonly cluster: Cluster
  readonly clusterClass: ClusterClass | undefined
  /** Those the Cluster could use. */
  readonly pools: readonly IPPool[]
  readonly holdings: Readonly<Record<Role, PlanBinding>>
  readonly use: AddressUse
  readonly variables: VariableNames
  readonly defaultPort: number
}

export interface PlanBinding extends ClaimBinding {
  /** The IPAddress that has the name of the claim, whether the claim leads to it or not. */
  readonly namesake: IPAddress | undefined
}

/** What a run would do for one role of the Cluster as everything is now. */
export interface RolePlan {
  readonly role: Role
  readonly outcome: PlanOutcome
  /** The one a run would end or wait with. */
  readonly reason: Reason
  readonly message: string
  /** A person has to act before the Cluster has its VIP. */
  readonly actionRequired: boolean
  /** What would be written, in order, in words. */
  readonly steps: readonly string[]
  /** Every pool, with why it would or would not be chosen. */
  readonly considered: readonly PoolVerdict[]
  readonly pool?: IPPoolReference
  readonly claim?: PlannedClaim
  /** Absent where the IPAM provider decides. */
  readonly address?: string
  readonly port?: number
  readonly variable?: PlannedVariable
  /** Of the Cluster; in place of an address that is not known stands a text in angle brackets. */
  readonly patch?: JsonPatch
}

/**
 * `assign`: the VIP would be written; `complete-port`: only the port of a host that is not ours; `in-place`: all is as it
 * should be; `skip`: no VIP is wanted, or somebody else gave one; `wait`: the run would wait.
 */
export type PlanOutcome = 'assign' | 'complete-port' | 'in-place' | 'skip' | 'wait'

export interface PlannedClaim {
  readonly name: string
  readonly action: 'create' | 'adopt' | 'use'
}

export interface PlannedVariable {
  readonly name: string
  readonly isWritten: boolean
  readonly because: string
}
