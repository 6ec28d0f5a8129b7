/**
 * Shares an expensive read among callers, as a trailing singleflight: at most one read runs, and all calls made meanwhile
 * share the next one, because the running one may have begun before the write that they have to see.
 */
export function coalesced<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  let next: Promise<T> | undefined

  const start = (): Promise<T> => {
    const current = read().finally(() => {
      if (running === current) running = undefined
    })
    running = current
    return current
  }

  const startNext = (): Promise<T> => {
    next = undefined
    return start()
  }

  return () => {
    if (running === undefined) return start()
    next ??= running.then(startNext, startNext)
    return next
  }
}
