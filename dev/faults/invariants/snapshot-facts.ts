import {
  addressFacts,
  claimFacts,
  clusterFacts,
  namespaceFacts,
  poolFacts,
  type AddressFacts,
  type ClaimFacts,
  type ClusterFacts,
  type PoolFacts,
} from './facts.ts'
import type { Run, Snapshot } from './observations.ts'

/** The objects of a snapshot, decoded. */
export interface SnapshotFacts {
  readonly clusters: readonly ClusterFacts[]
  readonly claims: readonly ClaimFacts[]
  readonly addresses: readonly AddressFacts[]
  readonly pools: readonly PoolFacts[]
  /** The labels of the Namespaces, by name. */
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly runs: ReadonlyMap<string, Run>
}

export function snapshotFacts(snapshot: Snapshot): SnapshotFacts {
  return {
    clusters: snapshot.clusters.map(clusterFacts),
    claims: snapshot.claims.map(claimFacts),
    addresses: snapshot.addresses.map(addressFacts),
    pools: [
      ...snapshot.inClusterPools.map((pool) => poolFacts('InClusterIPPool', pool)),
      ...snapshot.globalPools.map((pool) => poolFacts('GlobalInClusterIPPool', pool)),
    ],
    namespaceLabels: new Map(
      snapshot.namespaces.map(namespaceFacts).map(({ name, labels }) => [name, labels] as const),
    ),
    runs: snapshot.runs,
  }
}
