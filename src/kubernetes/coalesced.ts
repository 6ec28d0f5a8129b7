/**
 * Shares a costly reading among callers: at most one runs, and whoever asks meanwhile shares the next one, since the
 * running one may have begun before what the caller has to see was written.
 */
export function coalesced<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  let next: Promise<T> | undefined

  const start = (): Promise<T> => {
    const reading = read().finally(() => {
      if (running === reading) running = undefined
    })
    running = reading
    return reading
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
