import type { NamespacedName } from '../../domain/model/object-meta.ts'
import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import type { ManagementCluster } from '../management-cluster.ts'
import type { CommandSetup } from '../setup.ts'
import type { WorkflowRuns } from './workflow-runs.ts'

export interface StatusOptions {
  /** Undefined: all. */
  readonly cluster: NamespacedName | undefined
  readonly watch: boolean
  /** Nothing but what waits or is wrong. */
  readonly problemsOnly: boolean
}

/** What a look at the status needs. */
export interface StatusContext {
  readonly options: StatusOptions
  readonly setup: CommandSetup
  readonly managementCluster: ManagementCluster
  readonly runs: WorkflowRuns
  /** As it was when the command began. */
  readonly known: Snapshot
}
