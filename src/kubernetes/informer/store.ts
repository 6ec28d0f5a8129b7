import { objectOf, stringOf } from '../../domain/model/decode.ts'
import { formatKey, type ObjectMeta } from '../../domain/model/object-meta.ts'
import type { Log } from '../../observability/log.ts'
import { createCompactor } from './compact.ts'
import type { ResourceEventHandler } from './informer-types.ts'

/** The local copy of a reflector's objects, which calls the handler for every change. */
export interface Store<T extends ObjectMeta> {
  /** Stores an object that exists. Returns false if nothing has changed. */
  upsert(object: T): boolean
  /** Removes an object that is gone. Returns false if it was not stored. */
  remove(object: T): boolean
  /** Stores a full list; a stored object that is not in it is gone. Returns the number of changes. */
  replaceAll(listed: readonly T[]): number
  /** `namespace/name` of the objects whose last change the handler failed on. */
  undelivered(): readonly string[]
}

/**
 * Makes the store of one reflector. If the handler fails on a change, the store drops the change, and the next list
 * delivers it again.
 *
 * @param objects by `namespace/name`; several reflectors of one kind can share it
 * @param namespace whose objects the reflector lists; empty for all
 */
export function createStore<T extends ObjectMeta>(
  objects: Map<string, T>,
  namespace: string,
  handler: Pick<ResourceEventHandler<T>, 'onUpsert' | 'onDelete'>,
  log: Pick<Log, 'error'>,
): Store<T> {
  const undelivered = new Set<string>()
  const compact = createCompactor()

  /** A handler that fails must not stop the reflector. */
  function isDelivered(key: string, deliver: () => void): boolean {
    try {
      deliver()
      undelivered.delete(key)
      return true
    } catch (error) {
      undelivered.add(key)
      log.error('A watch handler failed; the next list delivers the change again', {
        object: key,
        error: String(error),
      })
      return false
    }
  }

  function upsert(object: T): boolean {
    const key = formatKey(object)
    const stored = objects.get(key)
    if (stored?.uid === object.uid && stored.resourceVersion === object.resourceVersion) return false
    if (stored !== undefined && stored.uid !== object.uid) remove(stored)
    const previous = objects.get(key)
    // The handler failed on the deletion of the object's predecessor, which has to be delivered first.
    if (previous !== undefined && previous.uid !== object.uid) return true
    const frozen = compact(object)
    if (isDelivered(key, () => handler.onUpsert(frozen, previous))) objects.set(key, frozen)
    return true
  }

  function remove(object: T): boolean {
    const key = formatKey(object)
    if (!objects.has(key)) {
      undelivered.delete(key)
      return false
    }
    const frozen = compact(object)
    if (isDelivered(key, () => handler.onDelete(frozen))) objects.delete(key)
    return true
  }

  function replaceAll(listed: readonly T[]): number {
    const present = new Set(listed.map(formatKey))
    undelivered.clear()
    const gone = [...objects.values()].filter(
      (object) => (namespace === '' || object.namespace === namespace) && !present.has(formatKey(object)),
    )
    return gone.filter(remove).length + listed.filter(upsert).length
  }

  return { upsert, remove, replaceAll, undelivered: () => [...undelivered] }
}

/** The stored object, if the one that is listed is the same in the same version. */
export function unchangedIn<T extends ObjectMeta>(
  objects: ReadonlyMap<string, T>,
  listed: unknown,
): T | undefined {
  const metadata = objectOf(objectOf(listed)['metadata'])
  const key = formatKey({ namespace: stringOf(metadata['namespace']), name: stringOf(metadata['name']) })
  const stored = objects.get(key)
  const isSame = stored?.uid === metadata['uid'] && stored?.resourceVersion === metadata['resourceVersion']
  return isSame ? stored : undefined
}
