import { variables } from './builders.ts'
import type { IPAddress } from '../../src/domain/model/ip-address.ts'
import type { IPAddressClaim } from '../../src/domain/model/claim.ts'
import type { ClusterClass } from '../../src/domain/model/cluster-class.ts'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import { formatKey, type ObjectMeta } from '../../src/domain/model/object-meta.ts'
import type { IPPool } from '../../src/domain/model/pool.ts'
import { SnapshotQueries, type Snapshot } from '../../src/domain/allocation/snapshot.ts'

/** Objects of a snapshot; kinds left out are empty. */
export interface SnapshotObjects {
  readonly clusters?: readonly Cluster[]
  readonly clusterClasses?: readonly ClusterClass[]
  readonly claims?: readonly IPAddressClaim[]
  readonly ipAddresses?: readonly IPAddress[]
  readonly pools?: readonly IPPool[]
  readonly namespaces?: readonly ObjectMeta[]
  /** Default true. */
  readonly isComplete?: boolean
}

export function aSnapshot(objects: SnapshotObjects): Snapshot {
  return {
    clusters: byKey(objects.clusters),
    clusterClasses: byKey(objects.clusterClasses),
    claims: byKey(objects.claims),
    ipAddresses: byKey(objects.ipAddresses),
    pools: [byKey(objects.pools)],
    namespaces: byKey(objects.namespaces),
    isComplete: objects.isComplete ?? true,
  }
}

export function queriesOf(objects: SnapshotObjects): SnapshotQueries {
  const snapshot = aSnapshot(objects)
  return new SnapshotQueries(() => snapshot, { variables })
}

function byKey<T extends ObjectMeta>(objects: readonly T[] = []): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [formatKey(object), object]))
}
