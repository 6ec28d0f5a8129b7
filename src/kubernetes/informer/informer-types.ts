import type { ObjectMeta } from '../../domain/model/object-meta.ts'
import type { WatchPosition } from './resource-version.ts'

/**
 * What a list+watch loop tells. Changes are hints by which the reader looks at the present state:
 * they can come twice, and several changes of one object can come as one.
 */
export interface WatchHandler<T extends ObjectMeta> {
  /** An object is new or changed. `previous` is what the loop knew before; undefined for a new one. */
  onUpsert(object: T, previous: T | undefined): void
  /** An object is gone. A deletion missed while disconnected is told after the next list. */
  onDelete(object: T): void
  /** A full list was read and its differences were told. First after start, then with every relist. */
  onListed?(objects: readonly T[]): void
}

/** How well the loop hears. Times are milliseconds since the epoch; undefined before the first. */
export interface WatchHealth {
  readonly resource: string
  /** The first full list has been read. */
  readonly synced: boolean
  readonly lastListAt: number | undefined
  /** Last time the server said anything at all: a list, an opened watch, an event, a bookmark, an end in order. */
  readonly lastContactAt: number | undefined
  readonly lists: number
  readonly reconnects: number
  /** Watches that the server ended because their resourceVersion had been compacted (410). */
  readonly expired: number
  readonly failures: number
  /** Differences that a relist found and no event had told. */
  readonly drift: number
  /** `namespace/name` of the objects whose last change our own handler failed on: it is told again after the next list. */
  readonly untold: readonly string[]
  /** The last failure in words; undefined while all is well. */
  readonly lastError: string | undefined
}

/** A running list+watch loop. */
export interface Watch<T extends ObjectMeta> {
  /** The objects as last heard of, by `namespace/name`. Frozen. */
  readonly objects: ReadonlyMap<string, T>
  health(): WatchHealth
  position(): WatchPosition
  /** Resolves when the loop has ended, after its signal was aborted. Never rejects. */
  readonly done: Promise<void>
}
