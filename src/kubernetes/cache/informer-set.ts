import { formatKey, type NamespacedName, type ObjectMeta } from '../../domain/model/object-meta.ts'
import { StaleCacheError } from '../errors.ts'
import { startInformer, type WatchedObjects, type WatchOptions } from '../informer/informer.ts'
import type { Watch, WatchHandler } from '../informer/informer-types.ts'
import { createExpectations, type Expectations } from './expectations.ts'

/** Milliseconds without a word after which a watch is not believed. One that is silent for 30 s is opened again. */
const maxStalenessMs = 45_000

type WatchedKind = keyof WatchedObjects

/** The watches of this process, by kind, and how far they can be believed. */
export interface InformerSet {
  /** As `startInformer`. @param learn told of every change before the handler is */
  watch<R extends WatchedKind>(
    options: WatchOptions<R>,
    learn: WatchHandler<WatchedObjects[R]> | undefined,
  ): Watch<WatchedObjects[R]>
  /** Undefined where nobody watches the kind. */
  find<R extends WatchedKind>(resource: R): Watch<WatchedObjects[R]> | undefined
  /** @throws StaleCacheError where the kind is not watched, or the watch is broken, lags or loses events, or its handler failed */
  believed<R extends WatchedKind>(resource: R): KnownKind<WatchedObjects[R]>
  /** The object as it is known, once it is known as we have written it ourselves. Rejects with `StaleCacheError`. */
  read<R extends WatchedKind>(resource: R, key: NamespacedName): Promise<WatchedObjects[R] | undefined>
  /** Takes in what we have written, which the watch has to tell. */
  wrote(resource: WatchedKind, object: ObjectMeta): void
}

/** A kind that is watched. */
export interface KnownKind<T extends ObjectMeta> {
  readonly watch: Watch<T>
  readonly echoes: Expectations
  /** Empty: everywhere. */
  readonly namespaces: readonly string[]
  /** No object of the kind is left out by its labels. */
  readonly isWhole: boolean
}

type Kinds = { readonly [R in WatchedKind]?: KnownKind<WatchedObjects[R]> }

/** @param now milliseconds since the epoch */
export function createKnownWatches(now: () => number): InformerSet {
  const kinds: Kinds = {}

  const believed = <R extends WatchedKind>(resource: R): KnownKind<WatchedObjects[R]> => {
    const known = kinds[resource]
    if (known === undefined) throw new StaleCacheError(`${resource} are not watched`)
    const { synced, lastContactAt = 0, lastError, untold } = known.watch.health()
    if (!synced || lastError !== undefined || now() - lastContactAt > maxStalenessMs) {
      throw new StaleCacheError(`the watch of ${resource} does not hear well`)
    }
    if (untold.length > 0) throw new StaleCacheError(`changes of ${resource} are still to be told`)
    if (!known.echoes.areComplete())
      throw new StaleCacheError(`the watch of ${resource} lags, or has lost an event`)
    return known
  }

  return {
    watch<R extends WatchedKind>(
      options: WatchOptions<R>,
      learn: WatchHandler<WatchedObjects[R]> | undefined,
    ): Watch<WatchedObjects[R]> {
      const { resource, namespaces = [], labelSelector } = options
      const echoes = createExpectations(() => watch.position().heard, now)
      const handler = heardBy(options.handler, learn, echoes, () => watch)
      const watch: Watch<WatchedObjects[R]> = startInformer({ ...options, handler })
      const isWhole = labelSelector === undefined
      Object.assign(kinds, { [resource]: { watch, echoes, namespaces, isWhole } })
      return watch
    },
    find: (resource) => kinds[resource]?.watch,
    believed,
    async read(resource, key) {
      const { namespaces, isWhole, echoes } = believed(resource)
      if (!covers(namespaces, key))
        throw new StaleCacheError(`${resource} of ${key.namespace} are not watched`)
      await echoes.untilObserved(formatKey(key))
      const object = believed(resource).watch.objects.get(formatKey(key))
      if (object === undefined && !isWhole) throw new StaleCacheError(`some ${resource} are not watched`)
      return object
    },
    wrote(resource, object) {
      const known = kinds[resource]
      if (known?.isWhole === true && covers(known.namespaces, object)) known.echoes.wrote(object)
    },
  }
}

function covers(namespaces: readonly string[], { namespace }: NamespacedName): boolean {
  return namespaces.length === 0 || namespaces.includes(namespace)
}

/** The handler, and those who learn beside it. */
function heardBy<T extends ObjectMeta>(
  handler: WatchHandler<T>,
  learn: WatchHandler<T> | undefined,
  echoes: Expectations,
  watch: () => Watch<T>,
): WatchHandler<T> {
  let drift = 0
  return {
    onUpsert(object, previous) {
      echoes.heard(object)
      learn?.onUpsert(object, previous)
      handler.onUpsert(object, previous)
    },
    onDelete(object) {
      echoes.heard(object)
      learn?.onDelete(object)
      handler.onDelete(object)
    },
    onListed(objects) {
      const found = watch().health().drift
      echoes.listed(found > drift)
      drift = found
      handler.onListed?.(objects)
    },
  }
}
