import type {
  AddressUse,
  EligibilitySettings,
  Observed,
  SecondFacts,
  Unreadable,
  Waiter,
  WaitingQueue,
} from './action.ts'
import {
  addressKeyFor,
  claimAmong,
  claimNamesFor,
  claimsByLabelFor,
  clusterNameOf,
  ownerClustersOf,
  roleOfOwnClaim,
  type IPAddressClaim,
} from '../model/claim.ts'
import { readableAddressOf } from './asked-address.ts'
import { asksToReserve } from './reserved-endpoint.ts'
import { canonicalAddress } from '../model/address-text.ts'
import type { IPAddress } from '../model/ip-address.ts'
import type { ClusterClass } from '../model/cluster-class.ts'
import type { Cluster } from '../model/cluster.ts'
import { dnsEndpointKeyFor, lacksDnsEndpoint } from './dns-endpoint.ts'
import { freeDuplicatesOf, isRecordedDuplicate } from './duplicate-addresses.ts'
import { isWritable, needsAllocation, type ClusterContext } from './eligibility.ts'
import { lacksCondition, vipConditionOf } from './vip-condition.ts'
import type { DnsEndpoint } from '../model/dns-endpoint.ts'
import type { Labels } from '../model/label-selector.ts'
import { formatKey, type ObjectMeta } from '../model/object-meta.ts'
import {
  isGlobalPool,
  isPoolOf,
  placeOf,
  poolPlacesOf,
  selectsNamespace,
  type IPPool,
} from '../model/pool.ts'
import { pendingAction } from './after-action.ts'
import { nextAction } from './next-action.ts'
import { lossOf } from './restoration.ts'
import { retainsAddresses } from '../model/retain.ts'
import { isOverdue, retainedClaimOf } from '../model/retained-claim.ts'
import { noDnsNames } from '../dns-name.ts'
import { defaultApiServerPort } from '../names.ts'
import { defaultRole, roleOf, roles, secondPartOf, type Role, type VipPart } from '../role.ts'
import { partsOf, vipRoleIn, vipRolesIn, type VipRole } from './vip-role.ts'
import { compareTurns, waitersOf } from './waiter.ts'

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
  /** The Namespaces, which are read only if some pool selects by their labels. One that cannot be read is not here. */
  readonly namespaces: ReadonlyMap<string, ObjectMeta>
  /** The DNSEndpoints of external-dns; absent: VIPs have no names, or these objects cannot be listed. */
  readonly dnsEndpoints?: ReadonlyMap<string, DnsEndpoint> | undefined
  /** Every kind has been listed: what is not here does not exist. Until then nothing counts as lost. */
  readonly isComplete: boolean
  /** Namespaces in which Clusters, claims or IPAddresses cannot be listed: there, what is not here may exist. Absent: none. */
  readonly unlisted?: ReadonlySet<string>
  /** Kinds of pools that cannot be listed, at least in one namespace: a pool that is not here may exist. Absent: none. */
  readonly unlistedPools?: ReadonlySet<string>
  /** Why there are no pools: no kind of them is served. Absent: some kind is. */
  readonly unservedPools?: string | undefined
  /** Why ClusterClasses that Clusters name may not be read. Absent: all may. */
  readonly unreadClasses?: ReadonlyMap<string, string>
}

export function poolsIn({ pools }: Pick<Snapshot, 'pools'>): readonly IPPool[] {
  return pools.flatMap((kind) => [...kind.values()])
}

/**
 * The pools that Clusters of a namespace can use: its own, and the global ones, with what their selectors say about it.
 *
 * @param labels of the Namespace; undefined: they cannot be read, or were not since no pool depends on them
 */
export function poolsUsableBy(
  namespace: string,
  pools: readonly IPPool[],
  labels: Labels | undefined,
): readonly IPPool[] {
  return pools
    .filter((pool) => isGlobalPool(pool) || pool.namespace === namespace)
    .map((pool) => {
      const isSelected = selectsNamespace(pool, labels)
      return isSelected === undefined ? pool : { ...pool, selectsNamespace: isSelected }
    })
}

/** The labels of a Namespace; undefined if they have not been read. */
export function namespaceLabelsIn(
  { namespaces }: Pick<Snapshot, 'namespaces'>,
  namespace: string,
): Labels | undefined {
  return namespaces.get(formatKey({ namespace: '', name: namespace }))?.labels
}

/** All pools of a snapshot that Clusters of a namespace can use. */
export function usablePoolsIn(
  snapshot: Pick<Snapshot, 'pools' | 'namespaces'>,
  namespace: string,
): readonly IPPool[] {
  return poolsUsableBy(namespace, poolsIn(snapshot), namespaceLabelsIn(snapshot, namespace))
}

/** All uses of addresses, collected only on access: that is a pass over everything, and few decisions need it. */
export function addressUseIn({ clusters, clusterClasses, ipAddresses, pools }: Snapshot): AddressUse {
  return {
    classOf: ({ topology }) => topology && clusterClasses.get(formatKey(topology.clusterClass)),
    poolOf: (ipAddress) => {
      const { name } = ipAddress.poolRef
      return pools
        .flatMap((ofKind) =>
          [ipAddress.namespace, ''].map((namespace) => ofKind.get(formatKey({ namespace, name }))),
        )
        .find((pool) => pool !== undefined && isPoolOf(pool, ipAddress))
    },
    get clusters() {
      return [...clusters.values()]
    },
    get ipAddresses() {
      return [...ipAddresses.values()]
    },
  }
}

/** Who waits for addresses. They are sorted only on access. */
export function waitingQueueIn(
  snapshot: Pick<Snapshot, 'clusters' | 'clusterClasses' | 'claims' | 'pools' | 'namespaces'>,
): WaitingQueue {
  const { clusters, clusterClasses } = snapshot
  let waiters: readonly Waiter[] | undefined
  return {
    get waiters() {
      waiters ??= [...clusters.values()].flatMap(waitersOf).toSorted(compareTurns)
      return waiters
    },
    poolsOf: (namespace) => usablePoolsIn(snapshot, namespace),
    claimOf: (cluster, part) => claimIn(snapshot, cluster, part),
    classOf: ({ topology }) => topology && clusterClasses.get(formatKey(topology.clusterClass)),
  }
}

/** The claim for a VIP of a Cluster, as `claimAmong` picks it. */
function claimIn(
  snapshot: Pick<Snapshot, 'claims' | 'pools'>,
  cluster: Cluster,
  part: VipPart,
): IPAddressClaim | undefined {
  const { claims } = snapshot
  const { namespace } = cluster
  const candidates = claimNamesFor(cluster, part).map((name) => claims.get(formatKey({ namespace, name })))
  const named = claimAmong(cluster, candidates)
  if (named !== undefined || !poolsIn(snapshot).some(retainsAddresses)) return named
  return claimAmong(cluster, [undefined, ...claimsByLabelFor(cluster, part, claims.values())])
}

/** Finds the pool of an IPAddress among these. */
export function poolFinder(pools: readonly IPPool[]): NonNullable<AddressUse['poolOf']> {
  const byPlace = new Map(pools.map((pool) => [placeOf(pool), pool]))
  return (ipAddress) =>
    poolPlacesOf(ipAddress)
      .map((place) => byPlace.get(place))
      .find((pool) => pool !== undefined)
}

/**
 * The claims of ours whose Cluster is gone or was recreated. A Cluster of that name adopts a claim without owner. One that is
 * kept for it is none, as long as its time is not over.
 *
 * @param now milliseconds since the epoch
 */
export function orphanedClaims(
  { claims, clusters, unlisted }: Snapshot,
  now: number,
): readonly IPAddressClaim[] {
  const uids = new Set([...clusters.values()].map(({ uid }) => uid))
  return [...claims.values()].filter((claim) => {
    if (roleOfOwnClaim(claim) === undefined || unlisted?.has(claim.namespace) === true) return false
    if (retainedClaimOf(claim) !== undefined && !isOverdue(claim, now)) return false
    const owners = ownerClustersOf(claim)
    if (owners.length > 0) return !owners.some((uid) => uids.has(uid))
    const { namespace, name } = claim
    return !clusters.has(formatKey({ namespace, name: clusterNameOf(name, claim.labels) ?? '' }))
  })
}

/** Queries of a snapshot. They keep nothing: each answer is about the snapshot as it is then. */
export class SnapshotQueries {
  readonly snapshot: () => Snapshot
  readonly settings: EligibilitySettings
  #queue: { readonly snapshot: Snapshot; readonly queue: WaitingQueue } | undefined

  /** @param snapshot is called again for every answer */
  constructor(snapshot: () => Snapshot, settings: EligibilitySettings) {
    this.snapshot = snapshot
    this.settings = settings
  }

  /** @param changed a pool that the snapshot does not have yet, or in an older version */
  contextOf(cluster: Cluster, changed?: IPPool): ClusterContext {
    const others = poolsIn(this.snapshot()).filter(({ uid }) => uid !== changed?.uid)
    return {
      clusterClass: this.classOf(cluster),
      requiresOptIn: this.settings.requiresOptIn,
      pools: this.usableBy(cluster.namespace, changed === undefined ? others : [...others, changed]),
    }
  }

  /** As `poolsUsableBy`. */
  usableBy(namespace: string, pools: readonly IPPool[]): readonly IPPool[] {
    return poolsUsableBy(namespace, pools, namespaceLabelsIn(this.snapshot(), namespace))
  }

  /** @param role whose VIP */
  vipOf(cluster: Cluster, role: Role): VipRole {
    return vipRoleIn(cluster, role, this.settings.variables, this.classOf(cluster))
  }

  /** One address of a VIP; undefined: the VIP is no pair, and has no second one. */
  partOf(cluster: Cluster, part: VipPart): VipRole | undefined {
    const vip = this.vipOf(cluster, roleOf(part))
    return partsOf(vip).find((each) => each.part === part)
  }

  vipsOf(cluster: Cluster): readonly VipRole[] {
    return vipRolesIn(cluster, this.settings.variables, this.classOf(cluster))
  }

  bindingOf(cluster: Cluster, part: VipPart): ClaimBinding {
    const claim = claimIn(this.snapshot(), cluster, part)
    return { claim, ipAddress: claim && this.ipAddressOf(claim) }
  }

  /** The IPAddress that a claim is bound to. */
  ipAddressOf({ namespace, addressName: name }: IPAddressClaim): IPAddress | undefined {
    return name === undefined ? undefined : this.snapshot().ipAddresses.get(formatKey({ namespace, name }))
  }

  /** The IPAddress of a claim, also before the provider has bound the two: after `clusterctl move`, it waits for the Cluster. */
  ipAddressHeldBy(claim: IPAddressClaim): IPAddress | undefined {
    return this.ipAddressOf(claim) ?? this.snapshot().ipAddresses.get(formatKey(claim))
  }

  /** Everything that `nextAction` may ask for. */
  observed(cluster: Cluster, role: Role, context = this.contextOf(cluster)): Observed {
    const { namespace, name } = cluster
    const addressUse = addressUseIn(this.snapshot())
    return {
      key: { namespace, name },
      cluster,
      ...this.settings,
      defaultPort: defaultApiServerPort,
      ...context,
      unreadable: this.#unreadableFor(cluster),
      addressUse,
      ...this.#addressFacts(cluster, role, addressUse),
      second: this.#addressFacts(cluster, secondPartOf(role), addressUse),
      waiting: this.waitingQueue(),
    }
  }

  /** Who waits for addresses; made once for a snapshot. */
  waitingQueue(): WaitingQueue {
    const snapshot = this.snapshot()
    if (this.#queue?.snapshot !== snapshot) this.#queue = { snapshot, queue: waitingQueueIn(snapshot) }
    return this.#queue.queue
  }

  /** The same queries, all of the snapshot as it is now: what one of them sorts, the next one need not. */
  ofThisMoment(): SnapshotQueries {
    const snapshot = this.snapshot()
    return new SnapshotQueries(() => snapshot, this.settings)
  }

  /** Whether a run would go on with a VIP that waits, or would give another reason for that than the Cluster's condition has. */
  isWaitOver(cluster: Cluster, role: Role): boolean {
    if (!this.isComplete(cluster.namespace)) return false
    const action = nextAction(this.observed(cluster, role), role)
    return action.action !== 'wait' || action.reason !== vipConditionOf(cluster, role)?.reason
  }

  #addressFacts(
    cluster: Cluster,
    part: VipPart,
    sameAddressUse: AddressUse,
  ): SecondFacts & Pick<Observed, 'claim'> {
    const binding = this.bindingOf(cluster, part)
    const namedKey = addressKeyFor(cluster, part, binding.claim)
    const namedAddress = this.snapshot().ipAddresses.get(formatKey(namedKey))
    return { ...binding, namedAddress, sameAddressUse }
  }

  /** Whether every kind has been listed. @param namespace and in this namespace too */
  isComplete(namespace?: string): boolean {
    const { isComplete, unlisted } = this.snapshot()
    return isComplete && (namespace === undefined || unlisted?.has(namespace) !== true)
  }

  /** As `lossOf` of restoration.ts; undefined while the snapshot is incomplete. */
  lossOf(cluster: Cluster, vip: VipRole): string | undefined {
    if (!this.isComplete(cluster.namespace)) return undefined
    for (const part of partsOf(vip)) {
      const { claim, ipAddress } = this.bindingOf(cluster, part.part)
      const loss = lossOf(cluster, part, claim, ipAddress)
      if (loss !== undefined) return loss
    }
    return undefined
  }

  /** Whether a run would write something for the VIP, or wait. Before every kind is listed, the Cluster alone decides. */
  vipNeedsReconcile(cluster: Cluster, role: Role): boolean {
    const context = this.contextOf(cluster)
    const vip = this.vipOf(cluster, role)
    if (needsAllocation(cluster, vip, context)) return true
    if (!isWritable(cluster) || !this.isComplete(cluster.namespace)) return false
    return pendingAction(this.observed(cluster, role, context), role).action !== 'done'
  }

  /**
   * Whether the Cluster needs a run: for one of its VIPs, to label a claim, to release a duplicate that is free now, or to
   * publish a DNS name.
   */
  needsReconcile(cluster: Cluster): boolean {
    if (!isWritable(cluster)) return false
    const context = this.contextOf(cluster)
    const isComplete = this.isComplete(cluster.namespace)
    return this.vipsOf(cluster).some(
      (vip) =>
        needsAllocation(cluster, vip, context) ||
        this.#lacksListedDnsEndpoint(cluster, vip) ||
        (isComplete && nextAction(this.observed(cluster, vip.role, context), vip.role).action !== 'done'),
    )
  }

  /** Whether it reserves a duplicate that is free now; false while the snapshot is incomplete. */
  reservesFreeDuplicate(cluster: Cluster): boolean {
    if (!this.isComplete(cluster.namespace) || !isWritable(cluster)) return false
    return freeDuplicatesOf(cluster, addressUseIn(this.snapshot()), this.settings.variables).length > 0
  }

  /** As `lacksCondition` of vip-condition.ts, for any role. */
  lacksCondition(cluster: Cluster): boolean {
    const { clusterClass } = this.contextOf(cluster)
    return this.vipsOf(cluster).some((vip) => lacksCondition(cluster, vip, clusterClass))
  }

  /** Whether the role's VIP should have another DNSEndpoint than this one. @param present undefined: there is none */
  lacksDnsEndpoint(cluster: Cluster, role: Role, present: DnsEndpoint | undefined): boolean {
    const { dnsNames = noDnsNames } = this.settings
    return isWritable(cluster) && lacksDnsEndpoint(cluster, this.vipOf(cluster, role), dnsNames, present)
  }

  /** The Cluster whose claim, or DNSEndpoint, has this name. */
  clusterOf({ namespace, name, labels }: ObjectMeta): Cluster | undefined {
    const clusterName = clusterNameOf(name, labels)
    const { clusters } = this.snapshot()
    return clusterName === undefined ? undefined : clusters.get(formatKey({ namespace, name: clusterName }))
  }

  claimOf({ namespace, claimName }: IPAddress): IPAddressClaim | undefined {
    return this.snapshot().claims.get(formatKey({ namespace, name: claimName }))
  }

  /** Clusters that need the VIP and have no claim that the pool's provider would bind by itself. */
  waitingBeside(pool: IPPool, part: VipPart): readonly Cluster[] {
    return this.#clustersWhere((cluster) => {
      const { claim } = this.bindingOf(cluster, part)
      const isHere = claim !== undefined && isPoolOf(pool, claim) && claim.refusal === undefined
      if (isHere || claim?.addressName !== undefined) return false
      if (this.partOf(cluster, part) === undefined) return false
      return needsAllocation(cluster, this.vipOf(cluster, roleOf(part)), this.contextOf(cluster, pool))
    })
  }

  /** Clusters whose VIP no claim holds. */
  lost(part: VipPart): readonly Cluster[] {
    return this.#clustersWhere((cluster) => {
      const vip = this.partOf(cluster, part)
      return vip !== undefined && this.lossOf(cluster, vip) !== undefined
    })
  }

  clustersOf(clusterClass: ClusterClass): readonly Cluster[] {
    const key = formatKey(clusterClass)
    return this.#clustersWhere(({ topology }) => topology && formatKey(topology.clusterClass) === key)
  }

  /** Clusters for which it matters that an address may be free: they keep it reserved, ask for it, or want it reserved. */
  waitingFor(address: string): readonly Cluster[] {
    const wanted = canonicalAddress(address)
    return this.#clustersWhere(
      (cluster) =>
        isRecordedDuplicate(cluster, address) ||
        roles.some((role) => readableAddressOf(cluster, role) === wanted) ||
        (asksToReserve(cluster, defaultRole) &&
          canonicalAddress(cluster.controlPlaneEndpoint.host) === wanted),
    )
  }

  #lacksListedDnsEndpoint(cluster: Cluster, { role }: VipRole): boolean {
    const { dnsEndpoints } = this.snapshot()
    if (dnsEndpoints === undefined) return false
    const present = dnsEndpoints.get(formatKey(dnsEndpointKeyFor(cluster, role)))
    return this.lacksDnsEndpoint(cluster, role, present)
  }

  #unreadableFor(cluster: Cluster): Unreadable {
    const { unservedPools: pools, unreadClasses } = this.snapshot()
    const isRead = cluster.topology === undefined || this.classOf(cluster) !== undefined
    const key = cluster.topology && formatKey(cluster.topology.clusterClass)
    return { pools, clusterClass: isRead ? undefined : unreadClasses?.get(key ?? '') }
  }

  /** Undefined also if the class has not been listed. */
  classOf({ topology }: Cluster): ClusterClass | undefined {
    return topology && this.snapshot().clusterClasses.get(formatKey(topology.clusterClass))
  }

  #clustersWhere(matches: (cluster: Cluster) => boolean | undefined): readonly Cluster[] {
    return [...this.snapshot().clusters.values()].filter(matches)
  }
}
