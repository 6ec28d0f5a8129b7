import { setTimeout as delay } from 'node:timers/promises'
import { backOffMs, type BackOff } from '../domain/back-off.ts'

/** A rate-limited, deduplicating work queue like client-go's: a key waits once, and is processed once at a time. */
export interface WorkQueue<Item> {
  /** Adds an item. One that waits under the same key is merged with it. */
  add(key: string, item: Item): void
  /** Adds an item later. One that is to be added under the same key is merged with it and keeps its time. */
  addAfter(key: string, item: Item, ms: number): void
}

export interface WorkQueueOptions<Item> {
  /** Processes an item; must not reject. @returns whether it succeeded: otherwise it is repeated after `retryInMs` */
  readonly process: (item: Item, retryInMs: number) => Promise<boolean>
  /** Wraps all attempts of an item. */
  readonly around: (item: Item, attempts: () => Promise<void>) => Promise<void>
  readonly merge: (earlier: Item, later: Item) => Item
  /** Called before each attempt. */
  readonly isNeeded: (item: Item) => boolean
  readonly onDropped: (item: Item) => void
  readonly limits: RateLimits
  readonly signal: AbortSignal
}

export interface RateLimits {
  /** Attempts at once. An item that waits for its next attempt does not count. */
  readonly concurrency: number
  /** Milliseconds from the end of a key's processing to its next start. */
  readonly coolDownMs: number
  /** Before a failed attempt is repeated. */
  readonly backOff: BackOff
}

/** Processes what is added, in order, until the signal is aborted. */
export function createWorkQueue<Item>(options: WorkQueueOptions<Item>): WorkQueue<Item> {
  const { limits, signal } = options
  const waiting = new Map<string, Item>()
  const delayed = new Map<string, Item>()
  /** Keys in processing, or cooling down. */
  const processing = new Set<string>()
  const slots = createSlots(limits.concurrency, () => processNext())

  const merged = (earlier: Item | undefined, later: Item): Item =>
    earlier === undefined ? later : options.merge(earlier, later)

  const isNeeded = (item: Item): boolean => {
    const needed = options.isNeeded(item)
    if (!needed) options.onDropped(item)
    return needed
  }

  const processNext = (): void => {
    for (const [key, item] of waiting) {
      if (signal.aborted || !slots.areFree()) return
      if (processing.has(key)) continue
      waiting.delete(key)
      if (isNeeded(item)) void process(key, item)
    }
  }

  const process = async (key: string, item: Item): Promise<void> => {
    processing.add(key)
    await options.around(item, async () => {
      for (let failures = 0; !signal.aborted && isNeeded(item); failures += 1) {
        const retryInMs = Math.round(backOffMs(limits.backOff, failures, Math.random()))
        if (await slots.during(() => options.process(item, retryInMs))) break
        await quietDelay(retryInMs, signal)
      }
    })
    await quietDelay(limits.coolDownMs, signal)
    processing.delete(key)
    processNext()
  }

  const add = (key: string, item: Item): void => {
    waiting.set(key, merged(waiting.get(key), item))
    // Not now: the cache that `isNeeded` reads gets a change only after its handler, which may be the caller.
    queueMicrotask(processNext)
  }

  const addDelayed = async (key: string, first: Item, ms: number): Promise<void> => {
    await quietDelay(ms, signal)
    add(key, delayed.get(key) ?? first)
    delayed.delete(key)
  }

  return {
    add,
    addAfter(key, item, ms) {
      if (!delayed.has(key)) void addDelayed(key, item, ms)
      delayed.set(key, merged(delayed.get(key), item))
    },
  }
}

/** Runs a bounded number of things at once. @param onFree called when a slot gets free that nothing waits for */
function createSlots(
  count: number,
  onFree: () => void,
): { during<T>(run: () => Promise<T>): Promise<T>; areFree(): boolean } {
  const queue: (() => void)[] = []
  let taken = 0
  return {
    async during(run) {
      if (taken < count) taken += 1
      else await new Promise<void>((resolve) => queue.push(resolve))
      try {
        return await run()
      } finally {
        const next = queue.shift()
        if (next === undefined) {
          taken -= 1
          onFree()
        } else next()
      }
    },
    areFree: () => taken < count,
  }
}

/** Ends early, and quietly, if the signal is aborted. */
export async function quietDelay(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined)
}
