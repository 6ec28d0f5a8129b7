import { formatKey, type ObjectMeta } from '../../domain/model/object-meta.ts'
import { versionNumber } from '../informer/informer-types.ts'

/** Milliseconds within which an event has to report a write of ours; otherwise the watch lags. */
const promptMs = 2_000

/**
 * Expects every write of ours to appear in the watch of its kind, as kube-controller-manager's expectations do. Our writes
 * are the only changes that we learn of without the watch, so they show whether it lags or loses events.
 */
export interface Expectations {
  /** @param object as we have just written it */
  expect(object: ObjectMeta): void
  /** The watch has reported this object, or its deletion. */
  observe(object: ObjectMeta): void
  /** Resolves when every expected write to the object was observed, or is overdue. */
  untilObserved(key: string): Promise<void>
  /** A list was read. @param foundNews it held changes that no event had reported */
  observeList(foundNews: boolean): void
  /** No write is overdue, and no event was found lost. */
  areSatisfied(): boolean
}

interface ExpectedWrite {
  readonly version: bigint
  readonly since: number
  readonly observed: PromiseWithResolvers<void>
}

/** @param synced the resourceVersion up to which the watch has reported every change; undefined if that is not certain */
export function createExpectations(synced: () => bigint | undefined, now: () => number): Expectations {
  const expected = new Map<string, ExpectedWrite>()
  let hasLostEvents = false

  const settle = (key: string, upTo: bigint): void => {
    const write = expected.get(key)
    if (write === undefined || upTo < write.version) return
    expected.delete(key)
    write.observed.resolve()
  }

  /** A watch that is past a write without having reported it has lost that event, and maybe others. */
  const detectLoss = (): void => {
    const version = synced()
    if (version === undefined) return
    for (const [key, write] of expected) {
      if (write.version > version) continue
      hasLostEvents = true
      settle(key, version)
    }
  }

  return {
    expect(object) {
      const version = versionNumber(object.resourceVersion)
      const reached = synced()
      // The event may arrive before the response to the write.
      if (version === undefined || reached === undefined || version <= reached) return
      const key = formatKey(object)
      const observed = expected.get(key)?.observed ?? Promise.withResolvers<void>()
      expected.set(key, { version, since: now(), observed })
    },
    observe(object) {
      settle(formatKey(object), versionNumber(object.resourceVersion) ?? 0n)
    },
    async untilObserved(key) {
      const write = expected.get(key)
      if (write === undefined) return
      const overdue = Promise.withResolvers<void>()
      const timer = setTimeout(overdue.resolve, write.since + promptMs - now())
      await Promise.race([write.observed.promise, overdue.promise])
      clearTimeout(timer)
    },
    observeList(foundNews) {
      const version = synced()
      for (const key of expected.keys()) if (version !== undefined) settle(key, version)
      hasLostEvents &&= foundNews
    },
    areSatisfied() {
      detectLoss()
      const oldest = now() - promptMs
      return !hasLostEvents && [...expected.values()].every(({ since }) => since > oldest)
    },
  }
}
