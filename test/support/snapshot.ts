import type { IPAddress } from '../../src/domain/model/ip-address.ts'
import type { IPAddressClaim } from '../../src/domain/model/claim.ts'
import type { ClusterClass } from '../../src/domain/model/cluster-class.ts'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import { formatKey, type ObjectMeta } from '../../src/domain/model/object-meta.ts'
import type { IPPool } from '../../src/domain/model/pool.ts'
import { type Snapshot, SnapshotQueries } from '../../src/domain/allocation/snapshot.ts'

/** What a test says there is; of what it does not name there is nothing. */
export interface Things {
  readonly clusters?: readonly Cluster[]
  readonly clusterClasses?: readonly ClusterClass[]
  readonly claims?: readonly IPAddressClaim[]
  readonly ipAddresses?: readonly IPAddress[]
  readonly pools?: readonly IPPool[]
  /** Default true. */
  readonly isComplete?: boolean
}

export function aSnapshot(things: Things): Snapshot {
  return {
    clusters: byKey(things.clusters),
    clusterClasses: byKey(things.clusterClasses),
    claims: byKey(things.claims),
    ipAddresses: byKey(things.ipAddresses),
    pools: [byKey(things.pools)],
    isComplete: things.isComplete ?? true,
  }
}

export function viewOf(things: Things): SnapshotQueries {
  const known = aSnapshot(things)
  return new SnapshotQueries(() => known)
}

function byKey<T extends ObjectMeta>(objects: readonly T[] = []): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [formatKey(object), object]))
}
