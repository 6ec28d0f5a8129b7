import { formatKey, type NamespacedName, type ObjectMeta } from '../../domain/model/object-meta.ts'
import { StaleCacheError } from '../errors.ts'
import { startInformer, type WatchedObjects, type InformerOptions } from '../informer/informer.ts'
import type { Informer, InformerHealth, ResourceEventHandler } from '../informer/informer-types.ts'
import { createExpectations, type Expectations } from './expectations.ts'

/** Milliseconds without contact after which a cache is stale. A watch that is silent for 30 s is opened again. */
const maxStalenessMs = 45_000

type WatchedKind = keyof WatchedObjects

/** The informers of this process, by kind. */
export interface InformerSet {
  /** As `startInformer`. @param indexers get every change before the handler does */
  start<R extends WatchedKind>(
    options: InformerOptions<R>,
    indexers?: readonly ResourceEventHandler<WatchedObjects[R]>[],
  ): Informer<WatchedObjects[R]>
  /** Undefined if the kind has no informer. */
  find<R extends WatchedKind>(resource: R): Informer<WatchedObjects[R]> | undefined
  /** @throws StaleCacheError unless the cache of the kind is fresh: rule 4 of `cached-cluster-api.ts` */
  fresh<R extends WatchedKind>(resource: R): SharedInformer<WatchedObjects[R]>
  /** Reads one object, our own writes to it included. Rejects with `StaleCacheError`. */
  get<R extends WatchedKind>(resource: R, key: NamespacedName): Promise<WatchedObjects[R] | undefined>
  /** Expects the informer of the kind to receive this object, which we have just written. */
  expect(resource: WatchedKind, object: ObjectMeta): void
}

export interface SharedInformer<T extends ObjectMeta> {
  readonly informer: Informer<T>
  readonly expectations: Expectations
  /** Empty: all. */
  readonly namespaces: readonly string[]
  /** No label selector hides objects. */
  readonly isUnfiltered: boolean
}

/** @param now milliseconds since the epoch */
export function createInformerSet(now: () => number): InformerSet {
  const kinds: { readonly [R in WatchedKind]?: SharedInformer<WatchedObjects[R]> } = {}

  const fresh = <R extends WatchedKind>(resource: R): SharedInformer<WatchedObjects[R]> => {
    const shared = kinds[resource]
    if (shared === undefined) throw new StaleCacheError(`${resource} are not watched`)
    assertFresh(shared, now())
    return shared
  }

  return {
    start<R extends WatchedKind>(
      options: InformerOptions<R>,
      indexers: readonly ResourceEventHandler<WatchedObjects[R]>[] = [],
    ): Informer<WatchedObjects[R]> {
      const { resource, namespaces = [], labelSelector } = options
      const expectations = createExpectations(() => informer.health().lastSyncResourceVersion, now)
      const observer = observerOf(expectations, () => informer.health())
      const handler = inOrder([observer, ...indexers, options.handler])
      const informer: Informer<WatchedObjects[R]> = startInformer({ ...options, handler })
      const isUnfiltered = labelSelector === undefined
      Object.assign(kinds, { [resource]: { informer, expectations, namespaces, isUnfiltered } })
      return informer
    },
    find: (resource) => kinds[resource]?.informer,
    fresh,
    async get(resource, key) {
      const { namespaces, isUnfiltered, expectations } = fresh(resource)
      if (!covers(namespaces, key)) {
        throw new StaleCacheError(`${resource} of ${key.namespace} are not watched`)
      }
      await expectations.untilObserved(formatKey(key))
      const object = fresh(resource).informer.objects.get(formatKey(key))
      if (object === undefined && !isUnfiltered) throw new StaleCacheError(`some ${resource} are not watched`)
      return object
    },
    expect(resource, object) {
      const shared = kinds[resource]
      if (shared?.isUnfiltered === true && covers(shared.namespaces, object)) {
        shared.expectations.expect(object)
      }
    },
  }
}

function assertFresh({ informer, expectations }: SharedInformer<ObjectMeta>, now: number): void {
  const { resource, synced, lastContactAt = 0, lastError, undelivered } = informer.health()
  if (!synced || lastError !== undefined || now - lastContactAt > maxStalenessMs) {
    throw new StaleCacheError(`the watch of ${resource} does not work`)
  }
  if (undelivered.length > 0) throw new StaleCacheError(`changes of ${resource} are undelivered`)
  if (!expectations.areSatisfied()) {
    throw new StaleCacheError(`the watch of ${resource} lags, or has lost an event`)
  }
}

function covers(namespaces: readonly string[], { namespace }: NamespacedName): boolean {
  return namespaces.length === 0 || namespaces.includes(namespace)
}

/** Observes expected writes. */
function observerOf(
  expectations: Expectations,
  health: () => Pick<InformerHealth, 'drift'>,
): ResourceEventHandler<ObjectMeta> {
  let lastDrift = 0
  return {
    onUpsert: (object) => expectations.observe(object),
    onDelete: (object) => expectations.observe(object),
    onListed() {
      const { drift } = health()
      expectations.observeList(drift > lastDrift)
      lastDrift = drift
    },
  }
}

/** Calls handlers in their order. */
function inOrder<T extends ObjectMeta>(
  handlers: readonly ResourceEventHandler<T>[],
): ResourceEventHandler<T> {
  return {
    onUpsert: (object, previous) => handlers.forEach((each) => each.onUpsert(object, previous)),
    onDelete: (object) => handlers.forEach((each) => each.onDelete(object)),
    onListed: (objects) => handlers.forEach((each) => each.onListed?.(objects)),
  }
}
