import type { VariableNames } from '../domain/role.ts'

/** What a person may configure about allocations. */
export interface AllocationSettings {
  /** Port where the Cluster names none (flag `--default-port`). */
  readonly defaultPort: number
  readonly variables: VariableNames
}
