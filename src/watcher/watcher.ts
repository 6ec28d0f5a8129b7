import { isReservation, type IPAddress } from '../domain/model/ip-address.ts'
import { claimNameFor, type IPAddressClaim } from '../domain/model/claim.ts'
import type { ClusterClass } from '../domain/model/cluster-class.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { duplicateAddressesOf, freeDuplicatesOf } from '../domain/allocation/duplicate-addresses.ts'
import { isWritable, needsAllocation } from '../domain/allocation/eligibility.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { formatPool, ipPoolKinds, type IPPool, type IPPoolKind } from '../domain/model/pool.ts'
import { roles, vipRole, type VariableNames } from '../domain/role.ts'
import { addressIn, recordedVip } from '../domain/allocation/vip-ownership.ts'
import {
  addressUseIn,
  createSnapshotQueries,
  type ClaimBinding,
  type Snapshot,
} from '../domain/allocation/snapshot.ts'
import { lacksCondition } from '../domain/allocation/vip-condition.ts'
import type { Informer, ResourceEventHandler, InformerHealth } from '../kubernetes/informer/informer-types.ts'
import type { WorkQueue, Need } from './work-queue.ts'
import {
  reactToCluster,
  reactToHolding,
  reactToPool,
  restorableFrom,
  type Reaction,
} from './allocation-triggers.ts'
import { createReleases } from './releases.ts'

/** How the watcher gets to hear of the management cluster. */
export interface WatchSources {
  clusters(handler: ResourceEventHandler<Cluster>): Informer<Cluster>
  clusterClasses(handler: ResourceEventHandler<ClusterClass>): Informer<ClusterClass>
  ipAddressClaims(handler: ResourceEventHandler<IPAddressClaim>): Informer<IPAddressClaim>
  ipAddresses(handler: ResourceEventHandler<IPAddress>): Informer<IPAddress>
  ipPools(kind: IPPoolKind, handler: ResourceEventHandler<IPPool>): Informer<IPPool>
}

export interface WatcherOptions {
  readonly sources: WatchSources
  readonly dispatcher: Pick<WorkQueue, 'dispatch' | 'follow'>
  readonly variables: VariableNames
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** A running watcher. */
export interface Watcher {
  health(): readonly InformerHealth[]
  /** The management cluster as it was last heard of. */
  known(): Snapshot
  /** Starts a run for everything that is outstanding as far as is known: for when runs may have been lost. */
  startOutstanding(): void
  /** Has the runs of these Clusters looked at, where they are needed: they are on other task queues. */
  followElsewhere(clusters: readonly NamespacedName[]): void
  /** Resolves when all its loops have ended. */
  readonly done: Promise<void>
}

/**
 * Starts a run for every Cluster that lacks something and wakes the runs that a change may concern. Level-triggered:
 * every list starts what still needs a run, so that a lost event or a lost run costs one list interval at most.
 * It only triggers; the activities read and decide for themselves.
 */
export function startWatcher({ sources, dispatcher, variables, now }: WatcherOptions): Watcher {
  const vips = roles.map((role) => vipRole(role, variables))
  /** Clusters deleted since the last list: one re-created meets the run of its predecessor. */
  const former = new Set<string>()
  /** Clusters, by uid, that were to say how they stand: once for each life of this watcher, in case it is refused. */
  const askedToSay = new Set<string>()
  /** The kinds that have been listed at least once. */
  const listed = new Set<string>()
  const isComplete = (): boolean => listed.size === 4 + ipPoolKinds.length

  const known = (): Snapshot => ({
    clusters: clusters.objects,
    clusterClasses: clusterClasses.objects,
    claims: claims.objects,
    ipAddresses: ipAddresses.objects,
    pools: pools.map(({ objects }) => objects),
    isComplete: isComplete(),
  })
  const view = createSnapshotQueries(known)
  const releases = createReleases({ known, view, vips, dispatcher, now })

  /** It keeps an address reserved that nobody else has any more. */
  const keepsTooMuch = (cluster: Cluster): boolean =>
    isComplete() &&
    duplicateAddressesOf(cluster).length > 0 &&
    isWritable(cluster) &&
    freeDuplicatesOf(cluster, addressUseIn(known()), variables).length > 0

  const isOutstanding = (cluster: Cluster): boolean =>
    vips.some((vip) => view.isOutstanding(cluster, vip)) || keepsTooMuch(cluster)

  /** Nothing is missing but the condition that says so. */
  const isSilent = (cluster: Cluster): boolean =>
    vips.some((vip) => lacksCondition(cluster, vip, view.contextOf(cluster).clusterClass))

  const lacksAnything = (cluster: Cluster): boolean => isOutstanding(cluster) || isSilent(cluster)

  /** Asked of the Cluster as it is then. */
  const needWhere =
    (isWanted: (cluster: Cluster) => boolean): Need =>
    (cluster) => {
      const known = clusters.objects.get(formatKey(cluster))
      return known !== undefined && isWanted(known)
    }
  const needsRun = needWhere(isOutstanding)
  const needsSay = needWhere(lacksAnything)

  const dispatch = (cluster: Cluster, reaction: Reaction | undefined, need = needsRun): void => {
    if (reaction === undefined) return
    const { namespace, name } = cluster
    dispatcher.dispatch({ namespace, name }, reaction, need)
  }

  const wake = (cluster: Cluster, because: string): void => dispatch(cluster, { act: 'wake', because })

  const haveSay = (cluster: Cluster): void => {
    if (!isSilent(cluster) || askedToSay.has(cluster.uid)) return
    askedToSay.add(cluster.uid)
    dispatch(cluster, { act: 'start', because: 'the Cluster does not say how it stands' }, needsSay)
  }

  const haveSayAnew = (cluster: Cluster): void => {
    askedToSay.delete(cluster.uid)
    haveSay(cluster)
  }

  const startOutstanding = (actFor: (cluster: Cluster) => Reaction['act'] = () => 'start'): void => {
    for (const cluster of clusters.objects.values()) {
      if (isOutstanding(cluster)) dispatch(cluster, { act: actFor(cluster), because: 'outstanding' })
      else haveSay(cluster)
    }
  }

  const wasServed = (cluster: Cluster): boolean =>
    vips.some(({ role }) => recordedVip(cluster, role) !== undefined)

  /** Every list of Clusters finds what no event told; the end of the first round what was lost while nobody watched. */
  const onListed = (kind: string): void => {
    const wasComplete = isComplete()
    listed.add(kind)
    if (!wasComplete && isComplete()) {
      // A run that served the Cluster before we began may still be about to end, and would not look at it again.
      startOutstanding((cluster) => (wasServed(cluster) ? 'wake' : 'start'))
      releases.findOrphans()
    } else if (kind === 'clusters') startOutstanding()
    else if (kind === 'claims' && isComplete()) releases.findOrphans()
  }

  /** An address may be free now: whoever kept it reserved can let it go. */
  const onReleased = (address: string): void => {
    if (address === '') return
    for (const cluster of view.reserving(address)) wake(cluster, `${address} may be free`)
  }

  /** A claim may have been lost while nothing could be done about it; after a move, it has to be bound anew. */
  const afterPause = (cluster: Cluster, previous: Cluster | undefined): Reaction | undefined =>
    previous?.isPaused === true && !cluster.isPaused && lacksAnything(cluster)
      ? { act: 'wake', because: 'Cluster was unpaused' }
      : undefined

  const clusters = sources.clusters({
    onUpsert(cluster, previous) {
      for (const vip of vips) {
        const toChange = reactToCluster(cluster, previous, vip, view.contextOf(cluster))
        const reaction = toChange ?? afterPause(cluster, previous)
        const isRecreated = reaction !== undefined && former.delete(formatKey(cluster))
        const need = toChange === undefined ? needsSay : needsRun
        dispatch(cluster, isRecreated ? { ...reaction, act: 'wake' } : reaction, need)
        if (previous !== undefined && addressIn(previous, vip) !== addressIn(cluster, vip)) {
          onReleased(addressIn(previous, vip))
          // One that had none before is about to say so by itself.
          if (addressIn(previous, vip) !== '') haveSayAnew(cluster)
        }
      }
      // That the other one has let go may have been heard of before the record that waits for it.
      if (previous !== undefined && recordsOthers(cluster, previous) && keepsTooMuch(cluster)) {
        wake(cluster, 'a duplicate that it has recorded may be free')
      }
      // The classes of the first list, and their gates, may not be known yet; its end comes back to all of them.
      if (previous === undefined && isComplete()) haveSay(cluster)
    },
    onDelete(cluster) {
      former.add(formatKey(cluster))
      askedToSay.delete(cluster.uid)
      // A run that waits for it can end.
      if (isOutstanding({ ...cluster, isDeleting: false, isPaused: false })) {
        dispatch(cluster, { act: 'nudge', because: 'Cluster is gone' })
      }
      for (const vip of vips) onReleased(addressIn(cluster, vip))
      releases.clusterGone(cluster)
    },
    onListed() {
      former.clear()
      onListed('clusters')
    },
  })

  const onHolding = (claim: IPAddressClaim, is: Partial<ClaimBinding>, was: Partial<ClaimBinding>): void => {
    const cluster = view.clusterOf(claim)
    const vip = cluster && vips.find(({ role }) => claimNameFor(cluster, role) === claim.name)
    if (cluster === undefined || vip === undefined) return
    const known = view.bindingOf(cluster, vip)
    const context = { around: view.contextOf(cluster), now: now(), isComplete: isComplete() }
    dispatch(cluster, reactToHolding({ ...known, ...is }, { ...known, ...was }, cluster, vip, context))
  }

  const claims = sources.ipAddressClaims({
    onUpsert: (claim, previous) => onHolding(claim, { claim }, { claim: previous }),
    onDelete(claim) {
      onHolding(claim, { claim: undefined }, { claim })
      releases.claimGone(claim)
    },
    onListed: () => onListed('claims'),
  })

  const onIPAddress = (known: IPAddress, is: IPAddress | undefined, was: IPAddress | undefined): void => {
    const claim = view.claimOf(known)
    if (claim?.addressName === known.name) onHolding(claim, { ipAddress: is }, { ipAddress: was })
  }

  const ipAddresses = sources.ipAddresses({
    onUpsert: (ipAddress, previous) => onIPAddress(ipAddress, ipAddress, previous),
    onDelete(ipAddress) {
      onIPAddress(ipAddress, undefined, ipAddress)
      if (!isReservation(ipAddress)) onReleased(ipAddress.address)
    },
    onListed: () => onListed('ipAddresses'),
  })

  const clusterClasses = sources.clusterClasses({
    onUpsert(clusterClass, previous) {
      // The classes of the first list are no news: its end comes back to all Clusters.
      if (!listed.has('clusterClasses')) return
      if (String(previous?.acceptedVariables) === String(clusterClass.acceptedVariables)) return
      for (const cluster of view.clustersOf(clusterClass)) {
        const around = { ...view.contextOf(cluster), clusterClass }
        if (vips.some((vip) => needsAllocation(cluster, vip, around))) {
          wake(cluster, `ClusterClass ${formatKey(clusterClass)} changed`)
        }
      }
    },
    onDelete() {
      // Nothing can be written to its Clusters until it is back.
    },
    onListed: () => onListed('clusterClasses'),
  })

  const pools = ipPoolKinds.map((kind) =>
    sources.ipPools(kind, {
      onUpsert(pool, previous) {
        // The pools of the first list are no news: the runs that start meanwhile read them.
        if (!listed.has(kind)) return
        for (const vip of vips) {
          const served = reactToPool(pool, previous, () => view.waitingBeside(pool, vip), vip, now())
          const restorable = restorableFrom(pool, previous, () => view.lost(vip), vip)
          for (const cluster of [...served, ...restorable]) wake(cluster, `${formatPool(pool)} changed`)
        }
      },
      onDelete() {
        // No run gets further by a pool that goes, and claims keep their addresses.
      },
      onListed: () => onListed(kind),
    }),
  )

  const all = [clusters, clusterClasses, claims, ipAddresses, ...pools]
  return {
    health: () => all.map((watch) => watch.health()),
    known,
    startOutstanding() {
      startOutstanding()
      if (isComplete()) releases.findOrphans()
    },
    followElsewhere(elsewhere) {
      for (const cluster of elsewhere.filter(needsRun)) dispatcher.follow(cluster, needsRun)
    },
    done: Promise.all(all.map((watch) => watch.done)).then(() => undefined),
  }
}

/** Its record of addresses that others have has changed. */
function recordsOthers(cluster: Cluster, previous: Cluster): boolean {
  return String(duplicateAddressesOf(cluster)) !== String(duplicateAddressesOf(previous))
}
