import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import type { ManagementCluster } from '../management-cluster.ts'
import type { CommandSetup } from '../setup.ts'
import type { WorkflowRuns } from './workflow-runs.ts'

export interface StatusOptions {
  /** Undefined: all. */
  readonly cluster: NamespacedName | undefined
  readonly watch: boolean
  /** Only VIPs that wait or are lost. */
  readonly problemsOnly: boolean
}

/** Everything that is needed to show the status. */
export interface StatusContext {
  readonly options: StatusOptions
  readonly setup: CommandSetup
  readonly managementCluster: ManagementCluster
  readonly runs: WorkflowRuns
  /** The state when the command began. */
  readonly snapshot: Snapshot
}
