import type { SnapshotQueries } from '../domain/allocation/snapshot.ts'
import type { VariableNames, VipRole } from '../domain/role.ts'
import type { ClusterRequests } from './cluster-requests.ts'
import type { Resync } from './resync.ts'

/** What the handlers of all kinds share. */
export interface HandlerContext {
  readonly variables: VariableNames
  readonly vips: readonly VipRole[]
  readonly queries: SnapshotQueries
  readonly requests: ClusterRequests
  readonly resync: Resync
  /** Milliseconds since the epoch. */
  readonly now: () => number
}
