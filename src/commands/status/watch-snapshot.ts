import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import { ipPoolKinds } from '../../domain/model/pool-kind.ts'
import { startInformer, type WatchedObjects } from '../../kubernetes/informer/informer.ts'
import { poolResources } from '../../kubernetes/resources.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import type { Log } from '../../observability/log.ts'

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
  const watch = <R extends keyof WatchedObjects>(
    resource: R,
    before: ReadonlyMap<string, WatchedObjects[R]>,
  ): (() => ReadonlyMap<string, WatchedObjects[R]>) => {
    const informer = startInformer({ ...shared, resource, handler })
    ends.push(informer.done)
    return () => (informer.health().synced ? informer.objects : before)
  }

  const clusters = watch('clusters', initial.clusters)
  const clusterClasses = watch('clusterclasses', initial.clusterClasses)
  const claims = watch('ipaddressclaims', initial.claims)
  const ipAddresses = watch('ipaddresses', initial.ipAddresses)
  const pools = ipPoolKinds.map((kind, index) =>
    watch(poolResources[kind].plural, initial.pools[index] ?? new Map()),
  )
  return {
    snapshot: () => ({
      clusters: clusters(),
      clusterClasses: clusterClasses(),
      claims: claims(),
      ipAddresses: ipAddresses(),
      pools: pools.map((objects) => objects()),
      isComplete: true,
    }),
    done: Promise.all(ends).then(() => undefined),
  }
}
