import type { BackOff } from '../../domain/back-off.ts'
import type { NamespacedName, ObjectMeta } from '../../domain/model/object-meta.ts'
import { defaultPageSize } from '../objects.ts'

/** Keeps a local copy of all objects of a kind, and calls a handler for every change. */
export interface Informer<T extends ObjectMeta> {
  /** The last received state of every object, by `namespace/name`. Frozen. */
  readonly objects: ReadonlyMap<string, T>
  /** Why the kind cannot be read, by namespace (empty: in all of them). */
  readonly refusals: ReadonlyMap<string, string>
  health(): InformerHealth
  /** The health of what covers one namespace; undefined if nothing does. */
  healthIn(namespace: string): InformerHealth | undefined
  /**
   * Covers the namespaces of these objects too, and no longer those of an earlier call. Objects whose namespace may not be
   * listed are read one by one, again and again.
   */
  alsoWatch(objects: readonly NamespacedName[]): void
  /** Resolves when the informer has stopped, after its signal was aborted. Never rejects. */
  readonly done: Promise<void>
}

/**
 * Receives the changes of a kind. A change is a hint to read the present state: it can arrive twice, and several
 * changes of one object can arrive as one.
 */
export interface ResourceEventHandler<T extends ObjectMeta> {
  /** An object is new or has changed. `previous` is the state before; undefined if the object is new. */
  onUpsert(object: T, previous: T | undefined): void
  /** An object is gone. The next list reveals a deletion that was missed while disconnected. */
  onDelete(object: T): void
  /** A full list was read, and its differences were delivered. Called after the first list and after every relist. */
  onListed?(objects: readonly T[]): void
  /** The kind cannot be read anywhere, as things are. Never called for a kind that nothing works without. */
  onUnreadable?(): void
}

/** The state of an informer. Times are milliseconds since the epoch; undefined before the first. */
export interface InformerHealth {
  readonly resource: string
  /** The first full list has been read. */
  readonly synced: boolean
  readonly lastListAt: number | undefined
  /** Last sign of life from the server: a list, an opened watch, an event, a bookmark, a regular end. */
  readonly lastContactAt: number | undefined
  readonly lists: number
  readonly reconnects: number
  /** Watches that the server ended because it had compacted their resourceVersion (410). */
  readonly expired: number
  readonly failures: number
  /** Differences that a relist found and no event had reported. */
  readonly drift: number
  /** `namespace/name` of objects whose last change our own handler failed on; the next list delivers it again. */
  readonly undelivered: readonly string[]
  /** Message of the last failure; undefined while the watch works. */
  readonly lastError: string | undefined
  /** Why namespaces cannot be read, if some cannot: not permitted, or not served. */
  readonly refusals: readonly string[]
  /** What is lost if the kind cannot be read; undefined if nothing works without it. */
  readonly loss: string | undefined
  /** The informer has every change up to here; undefined if not certain. All custom resources share one sequence. */
  readonly lastSyncResourceVersion: bigint | undefined
  /** Of the last list. Objects may have come and gone unseen between it and the watch before it. */
  readonly listResourceVersion: bigint | undefined
}

/** A resourceVersion as a comparable number, which Kubernetes guarantees since 1.35 and did before; undefined if it is none. */
export function versionNumber(resourceVersion = ''): bigint | undefined {
  return /^\d+$/.test(resourceVersion) ? BigInt(resourceVersion) : undefined
}

/** Times are milliseconds. */
export interface InformerTuning {
  readonly pageSize: number
  /** A full list is read again after this time, up to twice as late. */
  readonly relistMs: number
  /** The server ends a watch regularly after this time, up to a fifth later, with a last bookmark. */
  readonly watchMs: number
  /** A watch without a byte for this long is opened again. */
  readonly silenceMs: number
  /** Objects that may only be read one by one are read again after this time, up to a half later. */
  readonly pollMs: number
  readonly backOff: BackOff
  /** In [0, 1). */
  readonly random: () => number
  readonly now: () => number
}

export const defaultTuning: InformerTuning = {
  pageSize: defaultPageSize,
  relistMs: 300_000,
  watchMs: 240_000,
  silenceMs: 30_000,
  pollMs: 20_000,
  backOff: { firstMs: 500, longestMs: 30_000 },
  random: Math.random,
  now: Date.now,
}
