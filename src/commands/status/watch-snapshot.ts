import { poolsIn, type Snapshot } from '../../domain/allocation/snapshot.ts'
import { classesNamedBy, namespacesNamedBy } from '../../domain/model/cluster.ts'
import type { ObjectMeta } from '../../domain/model/object-meta.ts'
import type { PoolKind } from '../../domain/model/pool-kind.ts'
import { inClusterPoolKinds } from '../../domain/model/pool-kinds.ts'
import { startInformer, type Watched, type WatchedKind } from '../../kubernetes/informer/informer.ts'
import type { Informer } from '../../kubernetes/informer/informer-types.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import type { Log } from '../../observability/log.ts'
import { createNamespaceInformer } from '../../watcher/namespace-informer.ts'

/** Starts an informer for each kind that `readSnapshot` reads; they run until the signal is aborted. */
export function watchSnapshot(options: {
  readonly connection: KubernetesConnection
  /** Empty: all. */
  readonly namespaces: readonly string[]
  /** Default: those of the in-cluster provider. */
  readonly poolKinds?: readonly PoolKind[] | undefined
  /** An earlier snapshot, used for each kind until it is listed. */
  readonly initial: Snapshot
  /** Called after a change, before `snapshot` shows it. */
  readonly onChange: () => void
  readonly log: Log
  readonly signal: AbortSignal
}): {
  snapshot(): Snapshot
  /** Resolves when all informers have stopped, after the signal is aborted. */
  readonly done: Promise<void>
} {
  const { initial, onChange, poolKinds = inClusterPoolKinds, ...shared } = options
  const ends: Promise<void>[] = []
  const handler = { onUpsert: () => onChange(), onDelete: () => onChange(), onListed: () => onChange() }
  const watch = <R extends WatchedKind>(resource: R): Informer<Watched<R>> => {
    const informer = startInformer({ ...shared, resource, handler })
    ends.push(informer.done)
    return informer
  }

  const clusters = watch('clusters')
  const clusterClasses = watch('clusterclasses')
  const claims = watch('ipaddressclaims')
  const ipAddresses = watch('ipaddresses')
  const pools = poolKinds.map(watch)
  const namespaces = createNamespaceInformer(() => watch('namespaces'))
  clusterClasses.alsoWatch(classesNamedBy(initial.clusters.values()))
  return {
    snapshot: () => {
      const present = currentOf(clusters, initial.clusters)
      clusterClasses.alsoWatch(classesNamedBy(present.values()))
      const presentPools = pools.map((informer, index) =>
        currentOf(informer, initial.pools[index] ?? new Map()),
      )
      namespaces.alsoWatch(namespacesNamedBy(present.values()))
      poolsIn({ pools: presentPools }).forEach(namespaces.startFor)
      return {
        clusters: present,
        clusterClasses: currentOf(clusterClasses, initial.clusterClasses),
        claims: currentOf(claims, initial.claims),
        ipAddresses: currentOf(ipAddresses, initial.ipAddresses),
        pools: presentPools,
        namespaces: namespaces.health().some(({ synced }) => synced)
          ? namespaces.objects()
          : initial.namespaces,
        isComplete: true,
        ...unreadIn(poolKinds, pools, initial),
        ...(initial.unreadClasses && { unreadClasses: initial.unreadClasses }),
        unlisted: new Set([clusters, claims, ipAddresses].flatMap(({ refusals }) => [...refusals.keys()])),
      }
    },
    done: Promise.all(ends).then(() => namespaces.done()),
  }
}

function unreadIn(
  poolKinds: readonly PoolKind[],
  pools: readonly Pick<Informer<ObjectMeta>, 'refusals'>[],
  initial: Snapshot,
): Pick<Snapshot, 'unlistedPools' | 'unservedPools'> {
  const isRefused = pools.map(({ refusals }) => refusals.size > 0)
  return {
    unlistedPools: new Set(poolKinds.filter((_, index) => isRefused[index]).map(({ kind }) => kind)),
    unservedPools: isRefused.every(Boolean) ? initial.unservedPools : undefined,
  }
}

/** What the informer has, or what was there before it has listed its kind. */
function currentOf<T extends ObjectMeta>(
  informer: Informer<T>,
  before: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> {
  return informer.health().synced ? informer.objects : before
}
