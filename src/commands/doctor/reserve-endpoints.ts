import { formatKey } from '../../domain/model/object-meta.ts'
import { conditionalOn, metadataOperations } from '../../domain/model/json-patch.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import { reserveEndpointAnnotation } from '../../domain/names.ts'
import { inParallel } from '../../domain/in-parallel.ts'
import { messageOf } from '../../domain/quote.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import { nameOf } from './checks/pools.ts'
import type { TypedEndpoint } from './checks/typed-endpoints.ts'

/** What `reserveEndpoints` has done. */
export interface ReservedEndpoints {
  /** With the Clusters as they are now. */
  readonly snapshot: Snapshot
  /** In words. */
  readonly fixed: readonly string[]
  /** In words: what could not be written, and why. */
  readonly failed: readonly string[]
}

const writesAtOnce = 8

/** Annotates Clusters so that the allocator reserves their endpoints. Each write is conditional on the Cluster as read. */
export async function reserveEndpoints(
  api: Pick<ClusterApi, 'patchCluster'>,
  snapshot: Snapshot,
  endpoints: readonly TypedEndpoint[],
): Promise<ReservedEndpoints> {
  const written = await inParallel(
    writesAtOnce,
    endpoints.filter(({ isReservable }) => isReservable),
    async ({ cluster, pool }) => {
      const name = `Cluster ${formatKey(cluster)}`
      try {
        const now = await api.patchCluster(cluster, [
          conditionalOn(cluster),
          ...metadataOperations(cluster, 'annotations', { [reserveEndpointAnnotation]: 'true' }),
        ])
        const { host } = cluster.controlPlaneEndpoint
        const done = `${name} has the annotation ${reserveEndpointAnnotation}, so that ${host} is reserved in ${nameOf(pool)}`
        return { now, done }
      } catch (error) {
        return { failed: `${name} could not be annotated: ${messageOf(error)}` }
      }
    },
  )
  const clusters = new Map(snapshot.clusters)
  for (const { now } of written) if (now !== undefined) clusters.set(formatKey(now), now satisfies Cluster)
  return {
    snapshot: { ...snapshot, clusters },
    fixed: written.flatMap(({ done }) => done ?? []),
    failed: written.flatMap(({ failed }) => failed ?? []),
  }
}
