import { formatKey, type ObjectMeta } from '../../domain/model/object-meta.ts'
import type { Log } from '../../observability/log.ts'
import type { WatchHandler } from './informer-types.ts'

/** What a list+watch loop knows, and the telling of what is new about it. */
export interface Store<T extends ObjectMeta> {
  /** Takes in an object that the server says is there. Returns false where that is no news. */
  upsert(object: T): boolean
  /** Takes in that an object is gone. Returns false where that is no news. */
  remove(object: T): boolean
  /** Takes in a whole list: what is known and not in it is gone. Returns how much of it was news. */
  replaceAll(listed: readonly T[]): number
  /** `namespace/name` of the objects whose last change the handler failed on, so that nobody has heard of it. */
  untold(): readonly string[]
}

/**
 * Makes the cache of one loop. What a handler fails on is forgotten again, so that the next list tells it anew.
 *
 * @param objects by `namespace/name`; several loops over one kind can share it
 * @param namespace whose objects this loop lists; empty for all
 */
export function createStore<T extends ObjectMeta>(
  objects: Map<string, T>,
  namespace: string,
  handler: Pick<WatchHandler<T>, 'onUpsert' | 'onDelete'>,
  log: Pick<Log, 'error'>,
): Store<T> {
  const untold = new Set<string>()

  /** Runs a handler; its failure is its own and must not stop the loop. */
  function isTold(key: string, tell: () => void): boolean {
    try {
      tell()
      untold.delete(key)
      return true
    } catch (error) {
      untold.add(key)
      log.error('A watch handler failed; the change is told again after the next list', {
        object: key,
        error: String(error),
      })
      return false
    }
  }

  function upsert(object: T): boolean {
    const key = formatKey(object)
    const known = objects.get(key)
    if (known?.uid === object.uid && known.resourceVersion === object.resourceVersion) return false
    if (known !== undefined && known.uid !== object.uid) remove(known)
    const previous = objects.get(key)
    // A handler that failed to let go of the former object is not told of its successor before it has.
    if (previous !== undefined && previous.uid !== object.uid) return true
    const frozen = deepFreeze(object)
    if (isTold(key, () => handler.onUpsert(frozen, previous))) objects.set(key, frozen)
    return true
  }

  function remove(object: T): boolean {
    const key = formatKey(object)
    if (!objects.has(key)) {
      untold.delete(key)
      return false
    }
    const frozen = deepFreeze(object)
    if (isTold(key, () => handler.onDelete(frozen))) objects.delete(key)
    return true
  }

  function replaceAll(listed: readonly T[]): number {
    const present = new Set(listed.map(formatKey))
    untold.clear()
    const gone = [...objects.values()].filter(
      (object) => (namespace === '' || object.namespace === namespace) && !present.has(formatKey(object)),
    )
    return gone.filter(remove).length + listed.filter(upsert).length
  }

  return { upsert, remove, replaceAll, untold: () => [...untold] }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const field of Object.values(value)) deepFreeze(field)
  }
  return value
}
