import type { NamespacedName, ObjectMeta } from '../domain/model/object-meta.ts'
import { selectsByLabels, type IPPool } from '../domain/model/pool.ts'
import type { Informer, InformerHealth, ResourceEventHandler } from '../kubernetes/informer/informer-types.ts'

/** The informer of Namespaces. It starts with the first pool that selects by their labels: most installations have none. */
export interface NamespaceInformer {
  /** Empty until it has started. */
  readonly objects: () => ReadonlyMap<string, ObjectMeta>
  /** Starts it if the pool needs it. */
  readonly startFor: (pool: IPPool) => void
  /** As `Informer.alsoWatch`, also before the start. */
  readonly alsoWatch: (named: readonly NamespacedName[]) => void
  /** Empty until it has started. */
  readonly health: () => readonly InformerHealth[]
  /** Resolves when it has stopped. */
  readonly done: () => Promise<void> | undefined
}

const none: ReadonlyMap<string, ObjectMeta> = new Map()

export function createNamespaceInformer(start: () => Informer<ObjectMeta>): NamespaceInformer {
  let informer: Informer<ObjectMeta> | undefined
  let named: readonly NamespacedName[] = []
  return {
    objects: () => informer?.objects ?? none,
    startFor(pool) {
      if (informer !== undefined || !selectsByLabels(pool)) return
      informer = start()
      informer.alsoWatch(named)
    },
    alsoWatch(objects) {
      named = objects
      informer?.alsoWatch(objects)
    },
    health: () => (informer === undefined ? [] : [informer.health()]),
    done: () => informer?.done,
  }
}

/** Starts the informer of Namespaces before a pool that needs it is handled. */
export function startingFor(
  namespaces: Pick<NamespaceInformer, 'startFor'>,
  handler: ResourceEventHandler<IPPool>,
): ResourceEventHandler<IPPool> {
  return {
    ...handler,
    onUpsert(pool, previous) {
      namespaces.startFor(pool)
      handler.onUpsert(pool, previous)
    },
  }
}
