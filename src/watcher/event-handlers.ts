import { askingOf } from '../domain/allocation/asked-address.ts'
import { duplicateAddressesOf } from '../domain/allocation/duplicate-addresses.ts'
import { needsAllocation, type ClusterContext } from '../domain/allocation/eligibility.ts'
import { familiesAnnotations } from '../domain/allocation/ip-families.ts'
import {
  namespaceLabelsIn,
  poolsIn,
  SnapshotQueries,
  type ClaimBinding,
} from '../domain/allocation/snapshot.ts'
import { isToBeAdopted } from '../domain/allocation/unowned-claim.ts'
import { hasLostRecord } from '../domain/allocation/vip-ownership.ts'
import { addressesIn, vipRolesIn, type VipRole } from '../domain/allocation/vip-role.ts'
import {
  ownershipOf,
  partOfClaim,
  roleOfClaim,
  roleOfOwnClaim,
  type IPAddressClaim,
} from '../domain/model/claim.ts'
import type { ClusterClass } from '../domain/model/cluster-class.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import type { DnsEndpoint } from '../domain/model/dns-endpoint.ts'
import { isReservation, type IPAddress } from '../domain/model/ip-address.ts'
import { formatKey, type ObjectMeta } from '../domain/model/object-meta.ts'
import type { PoolKind } from '../domain/model/pool-kind.ts'
import { formatPool, isPoolOf, selectsNamespace, type IPPool } from '../domain/model/pool.ts'
import { retainAnnotation, watchFilterLabel } from '../domain/names.ts'
import { enabledAnnotations, roleOf, roles, variableAnnotations, vipParts } from '../domain/role.ts'
import type { ResourceEventHandler } from '../kubernetes/informer/informer-types.ts'
import {
  clustersToRestore,
  clustersToServe,
  requestForBinding,
  requestForCluster,
  requestForHeldVip,
} from './allocation-triggers.ts'
import { clustersAskingFor } from './asked-triggers.ts'
import type { ClusterRequests } from './cluster-requests.ts'
import {
  releaseOfChangedClaim,
  releaseOfDeleted,
  releaseOfDeletedClaim,
  releaseOfOrphan,
} from './release-triggers.ts'
import type { Resync } from './resync.ts'
import type { WaitingTurns } from './waiting-turns.ts'

/** What the handlers of all kinds share. */
export interface HandlerContext {
  readonly queries: SnapshotQueries
  readonly requests: ClusterRequests
  readonly resync: Resync
  readonly turns: WaitingTurns
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export function onCluster(context: HandlerContext): ResourceEventHandler<Cluster> {
  const { queries, requests, resync, turns } = context
  /** Deleted since the last list. A Cluster recreated under the same name may meet the run of the deleted one. */
  const deleted = new Set<string>()

  const enqueueFor = (vip: VipRole, cluster: Cluster, previous: Cluster | undefined): void => {
    const context = queries.contextOf(cluster)
    const request =
      requestForHeldVip(cluster, previous, vip, queries.bindingOf(cluster, vip.role), context) ??
      requestForCluster(cluster, previous, vip, context)
    if (request !== undefined) {
      const isRecreated = deleted.delete(formatKey(cluster))
      requests.enqueue(cluster, isRecreated ? { ...request, action: 'signal-with-start' } : request)
    } else if (previous?.isPaused === true && !cluster.isPaused) {
      // A claim may have been lost in the pause; after a move, it has to be bound again.
      requests.enqueue(cluster, { action: 'signal-with-start', reason: 'Cluster was unpaused' }, 'condition')
    }
  }

  const onVipChange = (vip: VipRole, cluster: Cluster, previous: Cluster): void => {
    const before = addressesIn(previous, queries.vipOf(previous, vip.role))
    const now = addressesIn(cluster, vip)
    const gone = before.filter((address) => !now.includes(address))
    if (gone.length === 0) return
    gone.forEach((address) => requests.retryWaitingFor(address))
    requests.forgetConditionUpdate(cluster)
    requests.requestConditionUpdate(cluster)
  }

  return {
    onUpsert(cluster, previous) {
      for (const vip of queries.vipsOf(cluster)) {
        enqueueFor(vip, cluster, previous)
        if (previous !== undefined) onVipChange(vip, cluster, previous)
      }
      if (previous !== undefined) retryIfChanged(context, cluster, previous)
      // Before that, its class may not be in the cache yet, and the first resync comes back to it.
      else if (queries.isComplete()) requests.requestConditionUpdate(cluster)
    },
    onDelete(cluster) {
      deleted.add(formatKey(cluster))
      turns.observe(cluster, undefined)
      requests.forgetConditionUpdate(cluster)
      // A run that waits for it can end.
      if (queries.needsReconcile({ ...cluster, isDeleting: false, isPaused: false })) {
        requests.enqueue(cluster, { action: 'signal', reason: 'Cluster is gone' })
      }
      const addresses = queries.vipsOf(cluster).flatMap((vip) => addressesIn(cluster, vip))
      addresses.forEach((address) => requests.retryWaitingFor(address))
      const bindings = vipParts.map((part) => ({ role: roleOf(part), ...queries.bindingOf(cluster, part) }))
      requests.enqueueRelease(releaseOfDeleted(cluster, bindings))
    },
    onListed() {
      deleted.clear()
      resync.listed('clusters')
    },
  }
}

/** Retries if the Cluster has changed in what its claims depend on. */
function retryIfChanged(
  { queries, requests, turns }: HandlerContext,
  cluster: Cluster,
  previous: Cluster,
): void {
  turns.observe(previous, cluster)
  if (cluster.labels[watchFilterLabel] !== previous.labels[watchFilterLabel]) {
    requests.retry(cluster, 'its watch-filter label changed')
  }
  // The event that the address is free may have come before the record that waits for it.
  const isChanged = String(duplicateAddressesOf(cluster)) !== String(duplicateAddressesOf(previous))
  if (isChanged && queries.reservesFreeDuplicate(cluster)) {
    requests.retry(cluster, 'a duplicate that it has recorded may be free')
  }
  // A VIP that is in place stays, and its condition says so.
  if (roles.some((role) => askingOf(cluster, role) !== askingOf(previous, role))) {
    requests.forgetConditionUpdate(cluster)
    requests.requestConditionUpdate(cluster)
  }
  const isRecordLost = queries.vipsOf(cluster).some((vip) => hasLostRecord(cluster, previous, vip))
  if (isRecordLost && queries.needsReconcile(cluster)) {
    requests.retry(cluster, 'somebody changed the annotation that records its VIP')
  }
}

export function onClusterClass(context: HandlerContext): ResourceEventHandler<ClusterClass> {
  const { queries, requests, resync } = context
  return {
    onUpsert(clusterClass, previous) {
      // The first list is no change: its end comes back to all Clusters.
      if (!resync.isListed('clusterclasses')) return
      if (previous !== undefined && inputsOf(previous) === inputsOf(clusterClass)) return
      const reason = `ClusterClass ${formatKey(clusterClass)} changed`
      for (const cluster of queries.clustersOf(clusterClass)) {
        const before = queries.contextOf(cluster)
        const needsWith = (context: ClusterContext): boolean =>
          vipRolesIn(cluster, queries.settings.variables, context.clusterClass).some(
            (vip) =>
              needsAllocation(cluster, vip, context) ||
              isToBeAdopted(cluster, vip, queries.bindingOf(cluster, vip.role), context),
          )
        if (needsWith({ ...before, clusterClass })) requests.retry(cluster, reason)
        // A run for a VIP that the class refuses now can end.
        else if (needsWith(before)) requests.enqueue(cluster, { action: 'signal', reason })
      }
    },
    onDelete() {
      // Nothing can be written to its Clusters until it is back.
    },
    onListed: () => resync.listed('clusterclasses'),
    onUnreadable: () => resync.listed('clusterclasses'),
  }
}

/** Everything of a class that may get a run further, as comparable text. */
function inputsOf({ acceptedVariables, annotations }: ClusterClass): string {
  return JSON.stringify([
    acceptedVariables,
    ...[...enabledAnnotations, ...variableAnnotations, ...familiesAnnotations].map(
      (annotation) => annotations[annotation],
    ),
  ])
}

export function onClaim(context: HandlerContext): ResourceEventHandler<IPAddressClaim> {
  const { queries, requests, resync } = context
  const bindingOf = (claim: IPAddressClaim | undefined): ClaimBinding => ({
    claim,
    ipAddress: claim && queries.ipAddressOf(claim),
  })
  return {
    onUpsert(claim, previous) {
      enqueueForBinding(context, claim, bindingOf(claim), bindingOf(previous))
      requests.enqueueRelease(releaseOfChangedClaim(claim, previous))
    },
    onDelete(claim) {
      enqueueForBinding(context, claim, bindingOf(undefined), bindingOf(claim))
      requests.enqueueRelease(releaseOfDeletedClaim(claim, queries.clusterOf(claim)))
    },
    onListed: () => resync.listed('ipaddressclaims'),
  }
}

export function onIPAddress(context: HandlerContext): ResourceEventHandler<IPAddress> {
  const { queries, requests, resync } = context
  const onChange = (changed: IPAddress, ipAddress?: IPAddress, previous?: IPAddress): void => {
    const claim = queries.claimOf(changed)
    if (claim?.addressName !== changed.name) return
    enqueueForBinding(context, claim, { ipAddress }, { ipAddress: previous })
  }
  return {
    onUpsert: (ipAddress, previous) => onChange(ipAddress, ipAddress, previous),
    onDelete(ipAddress) {
      onChange(ipAddress, undefined, ipAddress)
      if (!isReservation(ipAddress)) requests.retryWaitingFor(ipAddress.address)
    },
    onListed: () => resync.listed('ipaddresses'),
  }
}

/** @param changes the changed part of the claim's binding, which is not in the cache yet. @param previous the same part before */
function enqueueForBinding(
  { queries, requests, now }: HandlerContext,
  claim: IPAddressClaim,
  changes: Partial<ClaimBinding>,
  previous: Partial<ClaimBinding>,
): void {
  const cluster = queries.clusterOf(claim)
  const part = partOfClaim(claim.name)
  const vip = cluster && part && queries.partOf(cluster, part)
  if (cluster === undefined || vip === undefined) return
  const cached = queries.bindingOf(cluster, vip.part)
  // Beside the Cluster's own claim, that of a previous one may still be there.
  if (cached.claim !== undefined && cached.claim.name !== claim.name) return
  const [binding, before] = [
    { ...cached, ...changes },
    { ...cached, ...previous },
  ]
  const context = {
    cluster: queries.contextOf(cluster),
    now: now(),
    isComplete: queries.isComplete(cluster.namespace),
  }
  requests.enqueue(cluster, requestForBinding(binding, before, cluster, vip, context))
}

export function onPool(poolKind: PoolKind, context: HandlerContext): ResourceEventHandler<IPPool> {
  const { resync } = context
  return {
    onUpsert(pool, previous) {
      // The first list is no change: the runs that start meanwhile read its pools.
      if (!resync.isListed(poolKind)) return
      retryFrom(context, pool, previous, `${formatPool(pool)} changed`)
      if (previous?.annotations[retainAnnotation] !== pool.annotations[retainAnnotation]) {
        enqueueClaimsOn(context, pool)
      }
    },
    onDelete() {
      // A pool that is gone serves nobody, and claims keep their addresses.
    },
    onListed: () => resync.listed(poolKind),
    onUnreadable: () => resync.listed(poolKind),
  }
}

/** A pool retains addresses for another time than before, so its claims are made for something else, or kept for longer. */
function enqueueClaimsOn({ queries, requests, now }: HandlerContext, pool: IPPool): void {
  const reason = `${formatPool(pool)} retains addresses for another time`
  const claims = [...queries.snapshot().claims.values()].filter(
    (claim) => isPoolOf(pool, claim) && roleOfOwnClaim(claim) !== undefined,
  )
  for (const claim of claims) {
    const cluster = queries.clusterOf(claim)
    const role = roleOfClaim(claim.name)
    if (cluster !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster') {
      requests.retry(cluster, reason)
    } else if (role !== undefined && queries.isComplete(claim.namespace)) {
      const binding = { role, claim, ipAddress: queries.ipAddressHeldBy(claim) }
      requests.enqueueRelease(releaseOfOrphan(binding, cluster, () => [pool], now()))
    }
  }
}

/** Retries for the Clusters that a new or changed pool can serve, or restore a VIP of. */
function retryFrom(
  { queries, requests, now }: Pick<HandlerContext, 'queries' | 'requests' | 'now'>,
  pool: IPPool,
  previous: IPPool | undefined,
  reason: string,
): void {
  const change = {
    pool,
    previous,
    usableBy: queries.usableBy.bind(queries),
    classOf: queries.classOf.bind(queries),
  }
  for (const part of vipParts) {
    const served = clustersToServe(change, () => queries.waitingBeside(pool, part), part, now())
    const vipOf = (cluster: Cluster): VipRole | undefined => queries.partOf(cluster, part)
    const restored = clustersToRestore(change, () => queries.lost(part), vipOf)
    const asking = clustersAskingFor(change, () => queries.waitingBeside(pool, part), vipOf)
    for (const cluster of [...served, ...restored, ...asking]) requests.retry(cluster, reason)
  }
}

/**
 * Nothing of a run depends on a DNSEndpoint: one that somebody changes or deletes is written again. A run that waits for another
 * VIP of the Cluster has to be woken for that; our own writes and those of external-dns to its status wake nobody.
 */
export function onDnsEndpoint({
  queries,
  requests,
  resync,
}: HandlerContext): ResourceEventHandler<DnsEndpoint> {
  const writeAgain = (key: DnsEndpoint, present: DnsEndpoint | undefined, what: string): void => {
    const cluster = queries.clusterOf(key)
    const role = roleOfClaim(key.name)
    if (cluster === undefined || role === undefined) return
    if (queries.lacksDnsEndpoint(cluster, role, present)) {
      requests.retry(cluster, `its DNSEndpoint was ${what}`)
    }
  }
  return {
    onUpsert(dnsEndpoint, previous) {
      if (previous !== undefined) writeAgain(dnsEndpoint, dnsEndpoint, 'changed')
    },
    onDelete: (dnsEndpoint) => writeAgain(dnsEndpoint, undefined, 'deleted'),
    onListed: () => resync.enqueueAll(),
  }
}

/** A Namespace of the first list is a change, too: until then, pools that select by labels were closed to it. */
export function onNamespace(context: HandlerContext): ResourceEventHandler<ObjectMeta> {
  const { queries } = context
  return {
    onUpsert(namespace) {
      const { name, labels } = namespace
      const snapshot = queries.snapshot()
      const before = namespaceLabelsIn(snapshot, name)
      const opened = poolsIn(snapshot).filter(
        (pool) => selectsNamespace(pool, labels) === true && selectsNamespace(pool, before) !== true,
      )
      if (opened.length === 0) return
      // The cache has the Namespace only after its event.
      const within = {
        ...snapshot,
        clusters: new Map([...snapshot.clusters].filter(([, cluster]) => cluster.namespace === name)),
        namespaces: new Map([[formatKey(namespace), namespace]]),
      }
      const own = { ...context, queries: new SnapshotQueries(() => within, queries.settings) }
      for (const pool of opened) retryFrom(own, pool, undefined, `labels of Namespace ${name} changed`)
    },
    onDelete() {
      // No Cluster outlives its Namespace.
    },
  }
}
