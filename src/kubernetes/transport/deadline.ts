/** An end in time for something that can be aborted. */
export interface Deadline {
  /** Aborted when the time is over, or with the signal it was made from. */
  readonly signal: AbortSignal
  /** The time is over. */
  isOver(): boolean
  /** The time does not matter any more; the signal it was made from still does. */
  clear(): void
}

/** Makes a deadline; `signal.reason` says in words that the time was over. */
export function deadlineAfter(milliseconds: number, signal?: AbortSignal): Deadline {
  const controller = new AbortController()
  const timer = setTimeout(() => {
    controller.abort(new Error(`no answer within ${milliseconds / 1000} s`))
  }, milliseconds)
  return {
    signal: signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]),
    isOver: () => controller.signal.aborted,
    clear: () => clearTimeout(timer),
  }
}

/** The promise, or the signal's reason where that comes first. For work that cannot be aborted itself. */
export async function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  // Where the signal is first, nobody else waits for the work: its failure must not end the process.
  work.catch(() => undefined)
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
