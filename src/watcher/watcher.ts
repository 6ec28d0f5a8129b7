import { claimNameFor, type IPAddressClaim } from '../domain/claim.ts'
import type { Cluster } from '../domain/cluster.ts'
import { needsAllocation } from '../domain/eligibility.ts'
import { clusterNameLabel } from '../domain/identifiers.ts'
import { formatKey } from '../domain/object-meta.ts'
import { formatPool, ipPoolKinds, type IPPool, type IPPoolKind } from '../domain/pool.ts'
import type { Role } from '../domain/role.ts'
import type { Watch, WatchHandler, WatchHealth } from '../kubernetes/watch-types.ts'
import type { Dispatcher } from './dispatcher.ts'
import { reactToClaim, reactToCluster, reactToClusterGone, reactToPool, type Reaction } from './reaction.ts'

/** How the watcher gets to hear of the management cluster. */
export interface WatchSources {
  clusters(handler: WatchHandler<Cluster>): Watch<Cluster>
  ipAddressClaims(handler: WatchHandler<IPAddressClaim>): Watch<IPAddressClaim>
  ipPools(kind: IPPoolKind, handler: WatchHandler<IPPool>): Watch<IPPool>
}

export interface WatcherOptions {
  readonly sources: WatchSources
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** A running watcher. */
export interface Watcher {
  health(): readonly WatchHealth[]
  /** Resolves when all its loops have ended. */
  readonly done: Promise<void>
}

/**
 * Starts a run for every Cluster that needs a VIP and wakes the runs that a change may concern. Level-triggered:
 * every list starts what still needs a run, so that a lost event or a lost run costs one list interval at most.
 * It only triggers; the activities read and decide for themselves.
 */
export function startWatcher({ sources, dispatcher, now }: WatcherOptions): Watcher {
  const role: Role = 'control-plane'
  /** Clusters deleted since the last list: one re-created meets the run of its predecessor. */
  const former = new Set<string>()

  const dispatch = (cluster: Cluster, reaction: Reaction | undefined): void => {
    if (reaction === undefined) return
    const { namespace, name } = cluster
    const isNeeded = (): boolean => {
      const known = clusters.objects.get(formatKey(cluster))
      return reaction.act === 'nudge' || (known !== undefined && needsAllocation(known, role))
    }
    dispatcher.dispatch({ namespace, name }, reaction, isNeeded)
  }

  const clusters = sources.clusters({
    onUpsert(cluster, previous) {
      const reaction = reactToCluster(cluster, previous, role)
      const meetsPredecessor = reaction !== undefined && former.delete(formatKey(cluster))
      dispatch(cluster, meetsPredecessor ? { ...reaction, act: 'wake' } : reaction)
    },
    onDelete(cluster) {
      former.add(formatKey(cluster))
      dispatch(cluster, reactToClusterGone(cluster))
    },
    onListed(all) {
      former.clear()
      for (const cluster of all) dispatch(cluster, reactToCluster(cluster, undefined, role))
    },
  })

  const clusterOf = (claim: IPAddressClaim): Cluster | undefined =>
    clusters.objects.get(
      formatKey({ namespace: claim.namespace, name: claim.labels[clusterNameLabel] ?? '' }),
    )

  const claims = sources.ipAddressClaims({
    onUpsert(claim, previous) {
      const cluster = clusterOf(claim)
      if (cluster !== undefined) dispatch(cluster, reactToClaim(claim, previous, cluster, role, now()))
    },
    onDelete(claim) {
      const cluster = clusterOf(claim)
      if (cluster !== undefined && needsAllocation(cluster, role)) {
        dispatch(cluster, { act: 'wake', because: 'claim deleted' })
      }
    },
  })

  /** A claim on the pool itself is woken by the provider; an unbound one on another pool may move. */
  const waitsFor = (pool: IPPool, { namespace, name }: Cluster): boolean => {
    const claim = claims.objects.get(formatKey({ namespace, name: claimNameFor({ name }, role) }))
    return (
      claim === undefined ||
      (claim.addressName === undefined && formatPool(claim.poolRef) !== formatPool(pool))
    )
  }

  const pools = ipPoolKinds.map((kind) => {
    /** The pools of the first list are no news: the runs that start meanwhile read them. */
    let listed = false
    return sources.ipPools(kind, {
      onUpsert(pool, previous) {
        if (!listed) return
        const waiting = [...clusters.objects.values()].filter((cluster) => waitsFor(pool, cluster))
        for (const cluster of reactToPool(pool, previous, waiting, role)) {
          dispatch(cluster, { act: 'wake', because: `${formatPool(pool)} changed` })
        }
      },
      onDelete() {
        // No run gets further by a pool that goes, and claims keep their addresses.
      },
      onListed() {
        listed = true
      },
    })
  })

  const all = [clusters, claims, ...pools]
  return {
    health: () => all.map((watch) => watch.health()),
    done: Promise.all(all.map((watch) => watch.done)).then(() => undefined),
  }
}
