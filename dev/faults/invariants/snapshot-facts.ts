import {
  addressFacts,
  claimFacts,
  clusterFacts,
  dnsEndpointFacts,
  namespaceFacts,
  otherPoolFacts,
  poolFacts,
  type AddressFacts,
  type ClaimFacts,
  type ClusterFacts,
  type DnsEndpointFacts,
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
  readonly dnsEndpoints: readonly DnsEndpointFacts[]
  readonly runs: ReadonlyMap<string, Run>
}

export function snapshotFacts(snapshot: Snapshot): SnapshotFacts {
  const addresses = snapshot.addresses.map(addressFacts)
  return {
    clusters: snapshot.clusters.map(clusterFacts),
    claims: snapshot.claims.map(claimFacts),
    addresses,
    pools: [
      ...snapshot.inClusterPools.map((pool) => poolFacts('InClusterIPPool', pool)),
      ...snapshot.globalPools.map((pool) => poolFacts('GlobalInClusterIPPool', pool)),
      ...(snapshot.otherPools ?? []).map((pool) => otherPoolFacts(pool, addresses)),
    ],
    namespaceLabels: new Map(
      snapshot.namespaces.map(namespaceFacts).map(({ name, labels }) => [name, labels] as const),
    ),
    dnsEndpoints: (snapshot.dnsEndpoints ?? []).map(dnsEndpointFacts),
    runs: snapshot.runs,
  }
}
