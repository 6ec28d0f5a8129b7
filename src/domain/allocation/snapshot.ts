import type { AddressUse, AllocationSettings, Observed } from './action.ts'
import { claimKeyFor, clusterNameOf, type IPAddressClaim } from '../model/claim.ts'
import type { IPAddress } from '../model/ip-address.ts'
import type { ClusterClass } from '../model/cluster-class.ts'
import type { Cluster } from '../model/cluster.ts'
import { freeDuplicatesOf, isRecordedDuplicate, reservesAddresses } from './duplicate-addresses.ts'
import { isWritable, needsAllocation, type ClusterContext } from './eligibility.ts'
import { lacksCondition } from './vip-condition.ts'
import { formatKey } from '../model/object-meta.ts'
import { formatPool, type IPPool } from '../model/pool.ts'
import { lossOf } from './restoration.ts'
import { roles, vipRole, type VariableNames, type VipRole } from '../role.ts'

/** The claim for one of a Cluster's VIPs, and the IPAddress that it is bound to. */
export interface ClaimBinding {
  readonly claim: IPAddressClaim | undefined
  readonly ipAddress: IPAddress | undefined
}

/** The management cluster as it was last observed, by `namespace/name`. */
export interface Snapshot {
  readonly clusters: ReadonlyMap<string, Cluster>
  readonly clusterClasses: ReadonlyMap<string, ClusterClass>
  readonly claims: ReadonlyMap<string, IPAddressClaim>
  readonly ipAddresses: ReadonlyMap<string, IPAddress>
  readonly pools: readonly ReadonlyMap<string, IPPool>[]
  /** Every kind has been listed: what is not here does not exist. Until then nothing counts as lost. */
  readonly isComplete: boolean
}

export function poolsIn({ pools }: Pick<Snapshot, 'pools'>): readonly IPPool[] {
  return pools.flatMap((kind) => [...kind.values()])
}

/** The pools that Clusters of a namespace can use: its own, and the global ones. */
export function poolsUsableBy(namespace: string, pools: readonly IPPool[]): readonly IPPool[] {
  return pools.filter((pool) => pool.namespace === '' || pool.namespace === namespace)
}

/** All uses of addresses, collected only on access: that is a pass over everything, and few decisions need it. */
export function addressUseIn({ clusters, ipAddresses }: Snapshot): AddressUse {
  return {
    get clusters() {
      return [...clusters.values()]
    },
    get ipAddresses() {
      return [...ipAddresses.values()]
    },
  }
}

/** Queries of a snapshot. They keep nothing: each answer is about the snapshot as it is then. */
export interface SnapshotQueries {
  /** @param changed a pool that the snapshot does not have yet, or in an older version */
  contextOf(cluster: Cluster, changed?: IPPool): ClusterContext
  bindingOf(cluster: Cluster, vip: VipRole): ClaimBinding
  /** Everything that `nextAction` may ask for. */
  observed(cluster: Cluster, vip: VipRole, settings: AllocationSettings): Observed
  /** As `lossOf` of restoration.ts; undefined while the snapshot is incomplete. */
  lossOf(cluster: Cluster, vip: VipRole): string | undefined
  /** Whether the VIP is missing, half written, or not held by a claim as it should be. */
  vipNeedsReconcile(cluster: Cluster, vip: VipRole): boolean
  /** Whether the Cluster needs a run: for one of its VIPs, or to release a reserved duplicate that is free now. */
  needsReconcile(cluster: Cluster, variables: VariableNames): boolean
  /** Whether it reserves a duplicate that is free now; false while the snapshot is incomplete. */
  reservesFreeDuplicate(cluster: Cluster, variables: VariableNames): boolean
  /** As `lacksCondition` of vip-condition.ts, for any role. */
  lacksCondition(cluster: Cluster, variables: VariableNames): boolean
  /** The Cluster whose claim has this name, whatever its labels. */
  clusterOf(claim: IPAddressClaim): Cluster | undefined
  claimOf(ipAddress: IPAddress): IPAddressClaim | undefined
  /** Clusters that need the VIP and have no claim that the pool's provider would bind by itself. */
  waitingBeside(pool: IPPool, vip: VipRole): readonly Cluster[]
  /** Clusters whose VIP no claim holds. */
  lost(vip: VipRole): readonly Cluster[]
  isComplete(): boolean
  clustersOf(clusterClass: ClusterClass): readonly Cluster[]
  /** Clusters that keep this address reserved because somebody else had it. */
  reserving(address: string): readonly Cluster[]
}

/** @param snapshot is called again for every answer */
export function createSnapshotQueries(snapshot: () => Snapshot): SnapshotQueries {
  const lookups = createLookups(snapshot)
  return { ...lookups, ...createNeeds(snapshot, lookups) }
}

type Lookups = Pick<
  SnapshotQueries,
  'contextOf' | 'bindingOf' | 'observed' | 'clusterOf' | 'claimOf' | 'isComplete' | 'clustersOf' | 'reserving'
>

/** Which objects belong together. */
function createLookups(snapshot: () => Snapshot): Lookups {
  const contextOf = (cluster: Cluster, changed?: IPPool): ClusterContext => {
    const { clusterClasses, pools } = snapshot()
    const ref = cluster.topology?.clusterClass
    const others = poolsIn({ pools }).filter(({ uid }) => uid !== changed?.uid)
    return {
      clusterClass: ref && clusterClasses.get(formatKey(ref)),
      pools: poolsUsableBy(cluster.namespace, changed === undefined ? others : [...others, changed]),
    }
  }
  const bindingOf = (cluster: Cluster, { role }: VipRole): ClaimBinding => {
    const { claims, ipAddresses } = snapshot()
    const { namespace } = cluster
    const claim = claims.get(formatKey(claimKeyFor(cluster, role)))
    const name = claim?.addressName
    const ipAddress = name === undefined ? undefined : ipAddresses.get(formatKey({ namespace, name }))
    return { claim, ipAddress }
  }
  return {
    contextOf,
    bindingOf,
    observed: (cluster, vip, settings) => {
      const { namespace, name } = cluster
      const addressUse = addressUseIn(snapshot())
      return {
        key: { namespace, name },
        cluster,
        ...settings,
        ...contextOf(cluster),
        ...bindingOf(cluster, vip),
        namedAddress: snapshot().ipAddresses.get(formatKey(claimKeyFor(cluster, vip.role))),
        addressUse,
        sameAddressUse: addressUse,
      }
    },
    clusterOf: ({ namespace, name }) => {
      const clusterName = clusterNameOf(name)
      return clusterName === undefined
        ? undefined
        : snapshot().clusters.get(formatKey({ namespace, name: clusterName }))
    },
    claimOf: ({ namespace, claimName }) => snapshot().claims.get(formatKey({ namespace, name: claimName })),
    isComplete: () => snapshot().isComplete,
    clustersOf: (clusterClass) =>
      clustersIn(snapshot()).filter(
        ({ topology }) => topology && formatKey(topology.clusterClass) === formatKey(clusterClass),
      ),
    reserving: (address) => clustersIn(snapshot()).filter((cluster) => isRecordedDuplicate(cluster, address)),
  }
}

/** Which Clusters need a run, and why. */
function createNeeds(
  snapshot: () => Snapshot,
  { contextOf, bindingOf }: Lookups,
): Omit<SnapshotQueries, keyof Lookups> {
  const lossIn = (cluster: Cluster, vip: VipRole): string | undefined => {
    const { claim, ipAddress } = bindingOf(cluster, vip)
    return snapshot().isComplete ? lossOf(cluster, vip, claim, ipAddress) : undefined
  }
  const vipNeedsReconcile = (cluster: Cluster, vip: VipRole): boolean =>
    needsAllocation(cluster, vip, contextOf(cluster)) || lossIn(cluster, vip) !== undefined
  const reservesFreeDuplicate = (cluster: Cluster, variables: VariableNames): boolean =>
    snapshot().isComplete &&
    reservesAddresses(cluster) &&
    isWritable(cluster) &&
    freeDuplicatesOf(cluster, addressUseIn(snapshot()), variables).length > 0
  return {
    lossOf: lossIn,
    vipNeedsReconcile,
    needsReconcile: (cluster, variables) =>
      roles.some((role) => vipNeedsReconcile(cluster, vipRole(role, variables))) ||
      reservesFreeDuplicate(cluster, variables),
    reservesFreeDuplicate,
    lacksCondition: (cluster, variables) =>
      roles.some((role) =>
        lacksCondition(cluster, vipRole(role, variables), contextOf(cluster).clusterClass),
      ),
    waitingBeside: (pool, vip) =>
      clustersIn(snapshot()).filter((cluster) => {
        const { claim } = bindingOf(cluster, vip)
        const isHere = claim !== undefined && formatPool(claim.poolRef) === formatPool(pool)
        if (isHere || claim?.addressName !== undefined) return false
        return needsAllocation(cluster, vip, contextOf(cluster, pool))
      }),
    lost: (vip) => clustersIn(snapshot()).filter((cluster) => lossIn(cluster, vip) !== undefined),
  }
}

function clustersIn({ clusters }: Snapshot): readonly Cluster[] {
  return [...clusters.values()]
}
