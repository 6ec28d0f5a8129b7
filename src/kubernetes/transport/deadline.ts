export interface Deadline {
  /** Aborted when the time is over, or with the parent signal. */
  readonly signal: AbortSignal
  isOver(): boolean
  /** Lifts the time limit; the parent signal still aborts. */
  clear(): void
}

/** Starts a time limit; when it is over, `signal.reason` is an Error with its length. */
export function deadlineAfter(milliseconds: number, signal?: AbortSignal): Deadline {
  const controller = new AbortController()
  const timer = setTimeout(() => {
    controller.abort(new Error(`no response within ${milliseconds / 1000} s`))
  }, milliseconds)
  return {
    signal: signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]),
    isOver: () => controller.signal.aborted,
    clear: () => clearTimeout(timer),
  }
}

/** Waits for work that cannot be aborted; rejects with the signal's reason if that comes first. */
export async function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  // If the signal comes first, a later failure of the work must not end the process as an unhandled rejection.
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
