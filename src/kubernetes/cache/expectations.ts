import { formatKey, type ObjectMeta } from '../../domain/model/object-meta.ts'
import { versionNumber } from '../informer/resource-version.ts'

/** Milliseconds after which a write of ours that the watch has not told of shows that the watch lags. */
const promptMs = 2_000

/**
 * What the watch of one kind makes of our own writes. They are the only changes of which we know that they happened, so
 * they show whether the watch tells everything, and soon.
 */
export interface Expectations {
  /** We have written this object: the watch has to tell of it, if it has not done so by now. */
  wrote(object: ObjectMeta): void
  /** The watch tells of an object, or of its end. */
  heard(object: ObjectMeta): void
  /** Resolves once every write of ours to the object has been heard of, or is so late that it need not be waited for. */
  untilObserved(key: string): Promise<void>
  /** A list was read. @param foundNews it held what no event had told */
  listed(foundNews: boolean): void
  /** Whether what is known can be relied on. */
  areComplete(): boolean
}

interface Pending {
  readonly version: bigint
  readonly since: number
  readonly heard: PromiseWithResolvers<void>
}

/**
 * @param position every change up to this resourceVersion has been told; undefined where that cannot be said
 * @param now milliseconds
 */
export function createExpectations(position: () => bigint | undefined, now: () => number): Expectations {
  const pending = new Map<string, Pending>()
  let hasLost = false

  const settle = (key: string, upTo: bigint): void => {
    const awaited = pending.get(key)
    if (awaited === undefined || upTo < awaited.version) return
    pending.delete(key)
    awaited.heard.resolve()
  }

  /** The watch is past the write and has not told of it: it has lost an event, and may have lost others. */
  const notice = (): void => {
    const reached = position()
    if (reached === undefined) return
    for (const [key, { version }] of pending) {
      if (version > reached) continue
      hasLost = true
      settle(key, reached)
    }
  }

  return {
    wrote(object) {
      const version = versionNumber(object.resourceVersion)
      const reached = position()
      // What the watch has told before the server answered the write is not told again.
      if (version === undefined || reached === undefined || version <= reached) return
      const key = formatKey(object)
      const heard = pending.get(key)?.heard ?? Promise.withResolvers<void>()
      pending.set(key, { version, since: now(), heard })
    },
    heard(object) {
      settle(formatKey(object), versionNumber(object.resourceVersion) ?? 0n)
    },
    async untilObserved(key) {
      const awaited = pending.get(key)
      if (awaited === undefined) return
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, awaited.since + promptMs - now())
      await Promise.race([awaited.heard.promise, late.promise])
      clearTimeout(timer)
    },
    listed(foundNews) {
      const reached = position()
      for (const key of pending.keys()) if (reached !== undefined) settle(key, reached)
      hasLost &&= foundNews
    },
    areComplete() {
      notice()
      const oldest = now() - promptMs
      return !hasLost && [...pending.values()].every(({ since }) => since > oldest)
    },
  }
}
