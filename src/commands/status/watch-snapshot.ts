import { poolsIn, type Snapshot } from '../../domain/allocation/snapshot.ts'
import { classesNamedBy, namespacesNamedBy } from '../../domain/model/cluster.ts'
import type { ObjectMeta } from '../../domain/model/object-meta.ts'
import { ipPoolKinds } from '../../domain/model/pool-kind.ts'
import { startInformer, type WatchedObjects } from '../../kubernetes/informer/informer.ts'
import type { Informer } from '../../kubernetes/informer/informer-types.ts'
import { poolResources } from '../../kubernetes/resources.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import type { Log } from '../../observability/log.ts'
import { createNamespaceInformer } from '../../watcher/namespace-informer.ts'

/** Starts an informer for each kind that `readSnapshot` reads; they run until the signal is aborted. */
export function watchSnapshot(options: {
  readonly connection: KubernetesConnection
  /** Empty: all. */
  readonly namespaces: readonly string[]
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
  const { initial, onChange, ...shared } = options
  const ends: Promise<void>[] = []
  const handler = { onUpsert: () => onChange(), onDelete: () => onChange(), onListed: () => onChange() }
  const watch = <R extends keyof WatchedObjects>(resource: R): Informer<WatchedObjects[R]> => {
    const informer = startInformer({ ...shared, resource, handler })
    ends.push(informer.done)
    return informer
  }

  const clusters = watch('clusters')
  const clusterClasses = watch('clusterclasses')
  const claims = watch('ipaddressclaims')
  const ipAddresses = watch('ipaddresses')
  const pools = ipPoolKinds.map((kind) => watch(poolResources[kind].plural))
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
        unlistedPools: new Set(ipPoolKinds.filter((_, index) => (pools[index]?.refusals.size ?? 0) > 0)),
        unservedPools: pools.every(({ refusals }) => refusals.size > 0) ? initial.unservedPools : undefined,
        ...(initial.unreadClasses && { unreadClasses: initial.unreadClasses }),
        unlisted: new Set([clusters, claims, ipAddresses].flatMap(({ refusals }) => [...refusals.keys()])),
      }
    },
    done: Promise.all(ends).then(() => namespaces.done()),
  }
}

/** What the informer has, or what was there before it has listed its kind. */
function currentOf<T extends ObjectMeta>(
  informer: Informer<T>,
  before: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> {
  return informer.health().synced ? informer.objects : before
}
