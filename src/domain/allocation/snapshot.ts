import type { Observed } from './action.ts'
import type { AddressUse } from './address-holder.ts'
import { claimNameFor, clusterNameOf, type IPAddressClaim } from '../model/claim.ts'
import type { IPAddress } from '../model/ip-address.ts'
import type { ClusterClass } from '../model/cluster-class.ts'
import type { Cluster } from '../model/cluster.ts'
import { freeDuplicatesOf, isKnownDuplicate, reservesAddresses } from './duplicate-addresses.ts'
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

/** The management cluster as it was last heard of or read, by `namespace/name`. */
export interface Snapshot {
  readonly clusters: ReadonlyMap<string, Cluster>
  readonly clusterClasses: ReadonlyMap<string, ClusterClass>
  readonly claims: ReadonlyMap<string, IPAddressClaim>
  readonly ipAddresses: ReadonlyMap<string, IPAddress>
  readonly pools: readonly ReadonlyMap<string, IPPool>[]
  /** Every kind has been listed: what is not known does not exist. Until then nothing counts as lost. */
  readonly isComplete: boolean
}

/** All pools, of either kind. */
export function poolsIn({ pools }: Pick<Snapshot, 'pools'>): readonly IPPool[] {
  return pools.flatMap((kind) => [...kind.values()])
}

/** The pools that Clusters of a namespace can use: its own, and the global ones. */
export function poolsUsableBy(namespace: string, pools: readonly IPPool[]): readonly IPPool[] {
  return pools.filter((pool) => pool.namespace === '' || pool.namespace === namespace)
}

/** All uses of addresses, gathered when they are asked for: that is a pass over everything, and few decisions need it. */
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

/** Questions about a snapshot. Nothing is kept: each answer is about the snapshot as it is then. */
export interface SnapshotQueries {
  /** @param news a pool that is not among the known ones yet, or changed */
  contextOf(cluster: Cluster, news?: IPPool): ClusterContext
  bindingOf(cluster: Cluster, vip: VipRole): ClaimBinding
  /** Everything that `nextAction` may ask for. */
  observed(cluster: Cluster, vip: VipRole, settings: Pick<Observed, 'variables' | 'defaultPort'>): Observed
  /** Why no claim holds the VIP that we assigned, as `lossOf` of restoration.ts; undefined while not everything is known. */
  lossOf(cluster: Cluster, vip: VipRole): string | undefined
  /** Whether the VIP is missing, half written, or not held by a claim as it should be. */
  vipNeedsReconcile(cluster: Cluster, vip: VipRole): boolean
  /** Whether the Cluster needs a run: for one of its VIPs, or to let go of a reserved duplicate that is free now. */
  needsReconcile(cluster: Cluster, variables: VariableNames): boolean
  /** Whether it reserves a duplicate that is free now; false while not everything is known. */
  reservesFreeDuplicate(cluster: Cluster, variables: VariableNames): boolean
  /** Whether the Cluster lacks a condition, as `lacksCondition` of vip-condition.ts. */
  lacksCondition(cluster: Cluster, variables: VariableNames): boolean
  /** The Cluster whose claim has this name, whatever its labels. */
  clusterOf(claim: IPAddressClaim): Cluster | undefined
  /** The claim an IPAddress is for. */
  claimOf(ipAddress: IPAddress): IPAddressClaim | undefined
  /** Clusters that need the VIP and have no claim that the pool's provider would bind by itself. */
  waitingBeside(pool: IPPool, vip: VipRole): readonly Cluster[]
  /** Clusters whose VIP no claim holds. */
  lost(vip: VipRole): readonly Cluster[]
  /** Whether every kind has been listed. */
  isComplete(): boolean
  clustersOf(clusterClass: ClusterClass): readonly Cluster[]
  /** Clusters that keep this address reserved because somebody else had it. */
  reserving(address: string): readonly Cluster[]
}

/** @param known is read again for every answer */
export function createSnapshotQueries(known: () => Snapshot): SnapshotQueries {
  const lookups = createLookups(known)
  return { ...lookups, ...createNeeds(known, lookups) }
}

type Lookups = Pick<
  SnapshotQueries,
  'contextOf' | 'bindingOf' | 'observed' | 'clusterOf' | 'claimOf' | 'isComplete' | 'clustersOf' | 'reserving'
>

/** What belongs to an object. */
function createLookups(known: () => Snapshot): Lookups {
  const contextOf = (cluster: Cluster, news?: IPPool): ClusterContext => {
    const { clusterClasses, pools } = known()
    const ref = cluster.topology?.clusterClass
    const others = poolsIn({ pools }).filter(({ uid }) => uid !== news?.uid)
    return {
      clusterClass: ref && clusterClasses.get(formatKey(ref)),
      pools: poolsUsableBy(cluster.namespace, news === undefined ? others : [...others, news]),
    }
  }
  const bindingOf = ({ namespace, name }: Cluster, { role }: VipRole): ClaimBinding => {
    const { claims, ipAddresses } = known()
    const claim = claims.get(formatKey({ namespace, name: claimNameFor({ name }, role) }))
    const bound = claim?.addressName
    const ipAddress = bound === undefined ? undefined : ipAddresses.get(formatKey({ namespace, name: bound }))
    return { claim, ipAddress }
  }
  return {
    contextOf,
    bindingOf,
    observed: (cluster, vip, settings) => {
      const { namespace, name } = cluster
      const named = formatKey({ namespace, name: claimNameFor(cluster, vip.role) })
      const addressUse = addressUseIn(known())
      return {
        key: { namespace, name },
        cluster,
        ...settings,
        ...contextOf(cluster),
        ...bindingOf(cluster, vip),
        namedAddress: known().ipAddresses.get(named),
        addressUse,
        sameAddressUse: addressUse,
      }
    },
    clusterOf: ({ namespace, name }) => {
      const clusterName = clusterNameOf(name)
      return clusterName === undefined
        ? undefined
        : known().clusters.get(formatKey({ namespace, name: clusterName }))
    },
    claimOf: ({ namespace, claimName }) => known().claims.get(formatKey({ namespace, name: claimName })),
    isComplete: () => known().isComplete,
    clustersOf: (clusterClass) =>
      clustersIn(known()).filter(
        ({ topology }) => topology && formatKey(topology.clusterClass) === formatKey(clusterClass),
      ),
    reserving: (address) => clustersIn(known()).filter((cluster) => isKnownDuplicate(cluster, address)),
  }
}

/** Who needs a run, and for what. */
function createNeeds(
  known: () => Snapshot,
  { contextOf, bindingOf }: Lookups,
): Omit<SnapshotQueries, keyof Lookups> {
  const lossIn = (cluster: Cluster, vip: VipRole): string | undefined => {
    const { claim, ipAddress } = bindingOf(cluster, vip)
    return known().isComplete ? lossOf(cluster, vip, claim, ipAddress) : undefined
  }
  const vipNeedsReconcile = (cluster: Cluster, vip: VipRole): boolean =>
    needsAllocation(cluster, vip, contextOf(cluster)) || lossIn(cluster, vip) !== undefined
  const reservesFreeDuplicate = (cluster: Cluster, variables: VariableNames): boolean =>
    known().isComplete &&
    reservesAddresses(cluster) &&
    isWritable(cluster) &&
    freeDuplicatesOf(cluster, addressUseIn(known()), variables).length > 0
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
      clustersIn(known()).filter((cluster) => {
        const { claim } = bindingOf(cluster, vip)
        const isHere = claim !== undefined && formatPool(claim.poolRef) === formatPool(pool)
        if (isHere || claim?.addressName !== undefined) return false
        return needsAllocation(cluster, vip, contextOf(cluster, pool))
      }),
    lost: (vip) => clustersIn(known()).filter((cluster) => lossIn(cluster, vip) !== undefined),
  }
}

function clustersIn({ clusters }: Snapshot): readonly Cluster[] {
  return [...clusters.values()]
}
