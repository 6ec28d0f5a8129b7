import { formatKey, type NamespacedName, type ObjectMeta } from '../../domain/model/object-meta.ts'
import { StaleCacheError } from '../errors.ts'
import { startInformer, type InformerOptions, type Watched, type WatchedKind } from '../informer/informer.ts'
import type { Informer, InformerHealth, ResourceEventHandler } from '../informer/informer-types.ts'
import { createExpectations, type Expectations } from './expectations.ts'

/** Milliseconds without contact after which a cache is stale. A watch that is silent for 30 s is opened again. */
const maxStalenessMs = 45_000

/** The informers of this process, by kind. */
export interface InformerSet {
  /** As `startInformer`. @param indexers get every change before the handler does */
  start<R extends WatchedKind>(
    options: InformerOptions<R>,
    indexers?: readonly ResourceEventHandler<Watched<R>>[],
  ): Informer<Watched<R>>
  /** Undefined if the kind has no informer. */
  find<R extends WatchedKind>(resource: R): Informer<Watched<R>> | undefined
  /** @throws StaleCacheError unless the cache of the kind is fresh: rule 4 of `cached-cluster-api.ts` */
  fresh<R extends WatchedKind>(resource: R): SharedInformer<Watched<R>>
  /** The same for one namespace, which the kind's informer has to cover; empty for a cluster-scoped kind. */
  freshIn<R extends WatchedKind>(resource: R, namespace: string): SharedInformer<Watched<R>>
  /** Whether the last attempt to list the kind in the namespace found that it is not permitted, or not served. */
  isUnreadable(resource: WatchedKind, namespace: string): boolean
  /** Reads one object, our own writes to it included. Rejects with `StaleCacheError`. */
  get<R extends WatchedKind>(resource: R, key: NamespacedName): Promise<Watched<R> | undefined>
  /** Expects the informer of the kind to receive this object, which we have just written. */
  expect(resource: WatchedKind, object: ObjectMeta): void
}

export interface SharedInformer<T extends ObjectMeta> {
  readonly informer: Informer<T>
  readonly expectations: Expectations
  /** No label selector hides objects. */
  readonly isUnfiltered: boolean
}

/** @param now milliseconds since the epoch */
export function createInformerSet(now: () => number): InformerSet {
  const kinds = new Map<WatchedKind, SharedInformer<ObjectMeta>>()
  function sharedOf<R extends WatchedKind>(resource: R): SharedInformer<Watched<R>> | undefined
  function sharedOf(resource: WatchedKind): SharedInformer<ObjectMeta> | undefined {
    return kinds.get(resource)
  }

  const fresh = <R extends WatchedKind>(resource: R): SharedInformer<Watched<R>> => {
    const shared = sharedOf(resource)
    if (shared === undefined) throw new StaleCacheError(`${nameOf(resource)} are not watched`)
    assertFresh(shared, shared.informer.health(), now())
    return shared
  }

  const freshIn = <R extends WatchedKind>(resource: R, namespace: string): SharedInformer<Watched<R>> => {
    const shared = sharedOf(resource)
    const health = shared?.informer.healthIn(namespace)
    if (shared === undefined || health === undefined) {
      throw new StaleCacheError(`${nameOf(resource)} of ${namespace} are not watched`)
    }
    assertFresh(shared, health, now())
    return shared
  }

  return {
    start<R extends WatchedKind>(
      options: InformerOptions<R>,
      indexers: readonly ResourceEventHandler<Watched<R>>[] = [],
    ): Informer<Watched<R>> {
      const { resource, labelSelector } = options
      const expectations = createExpectations(() => informer.health().lastSyncResourceVersion, now)
      const observer = observerOf(expectations, () => informer.health())
      const handler = inOrder([observer, ...indexers, options.handler])
      const informer: Informer<Watched<R>> = startInformer({ ...options, handler })
      const isUnfiltered = labelSelector === undefined
      kinds.set(resource, { informer, expectations, isUnfiltered })
      return informer
    },
    find: (resource) => sharedOf(resource)?.informer,
    fresh,
    freshIn,
    isUnreadable: (resource, namespace) => isRefused(sharedOf(resource)?.informer, namespace),
    async get(resource, key) {
      const { isUnfiltered, expectations } = freshIn(resource, key.namespace)
      await expectations.untilObserved(formatKey(key))
      const object = freshIn(resource, key.namespace).informer.objects.get(formatKey(key))
      if (object === undefined && !isUnfiltered)
        throw new StaleCacheError(`some ${nameOf(resource)} are not watched`)
      return object
    },
    expect(resource, object) {
      const shared = sharedOf(resource)
      if (shared !== undefined && reports(shared, object.namespace)) shared.expectations.expect(object)
    },
  }
}

function nameOf(kind: WatchedKind): string {
  return typeof kind === 'string' ? kind : `${kind.kind}s`
}

/** Whether the watches report every change in the namespace. */
function reports({ informer, isUnfiltered }: SharedInformer<ObjectMeta>, namespace: string): boolean {
  return isUnfiltered && informer.healthIn(namespace) !== undefined && !isRefused(informer, namespace)
}

function isRefused(informer: Informer<ObjectMeta> | undefined, namespace: string): boolean {
  return informer !== undefined && (informer.refusals.has('') || informer.refusals.has(namespace))
}

function assertFresh(
  { expectations }: Pick<SharedInformer<ObjectMeta>, 'expectations'>,
  { resource, synced, lastContactAt = 0, lastError, undelivered }: InformerHealth,
  now: number,
): void {
  if (!synced || lastError !== undefined || now - lastContactAt > maxStalenessMs) {
    throw new StaleCacheError(`the watch of ${resource} does not work`)
  }
  if (undelivered.length > 0) throw new StaleCacheError(`changes of ${resource} are undelivered`)
  if (!expectations.areSatisfied()) {
    throw new StaleCacheError(`the watch of ${resource} lags, or has lost an event`)
  }
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

/** Calls handlers in their order. `Required`: what none of them hears is lost without a word. */
function inOrder<T extends ObjectMeta>(
  handlers: readonly ResourceEventHandler<T>[],
): Required<ResourceEventHandler<T>> {
  return {
    onUpsert: (object, previous) => handlers.forEach((each) => each.onUpsert(object, previous)),
    onDelete: (object) => handlers.forEach((each) => each.onDelete(object)),
    onListed: (objects) => handlers.forEach((each) => each.onListed?.(objects)),
    onUnreadable: () => handlers.forEach((each) => each.onUnreadable?.()),
  }
}
