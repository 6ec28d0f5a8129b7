import type { AllocatorCommand, Config } from '../../config.ts'
import type { CachedClusterApi } from '../../kubernetes/cache/cached-cluster-api.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import type { Log } from '../../observability/log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { Tracing } from '../../observability/tracing.ts'
import type { ClusterChanges } from '../../runtime-extension/cluster-changes.ts'
import type { ManagementClusterIdentity } from './management-cluster-identity.ts'
import type { Neighbors } from './neighbors.ts'
import type { Outages } from './outages.ts'
import type { ProgramState } from './readiness.ts'

/** What watcher and Worker share. */
export interface ProgramParts {
  readonly command: AllocatorCommand
  readonly config: Config
  readonly kubernetes: KubernetesConnection
  readonly api: ClusterApi
  /** Undefined unless watcher and Worker are one process. */
  readonly cachedApi: CachedClusterApi | undefined
  readonly identity: ManagementClusterIdentity
  readonly neighbors: Neighbors
  readonly metrics: Metrics
  readonly outages: Outages
  readonly tracing: Tracing | undefined
  readonly state: ProgramState
  /** Undefined unless the runtime extension is served. */
  readonly clusterChanges: ClusterChanges | undefined
  readonly log: Log
  readonly signal: AbortSignal
}
