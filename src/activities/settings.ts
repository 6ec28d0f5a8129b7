import type { VariableNames } from '../domain/role.ts'
import type { SearchAttributeName } from '../domain/search-attributes.ts'

/** What a person may configure about allocations. */
export interface AllocationSettings {
  /** Port where the Cluster names none (flag `--default-port`). */
  readonly defaultPort: number
  readonly variables: VariableNames
  /** Those that are registered in the Temporal namespace. */
  readonly searchable: readonly SearchAttributeName[]
}
