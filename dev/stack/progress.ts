const reminderIntervalMs = 15_000

/** Receives progress, one line without line break at a time. */
export type Progress = (line: string) => void

/** Formats a duration: `850 ms`, `12.3 s`, `2 min 05 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

/**
 * Runs `action`, reports every 15 seconds that it continues, and how long it took. A failure is passed on without a
 * last line, because the error describes it.
 */
export async function timed<T>(
  progress: Progress,
  words: { readonly during: string; readonly after: string },
  action: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  const elapsed = (): string => formatDuration(performance.now() - startedAt)
  const reminder = setInterval(() => progress(`${words.during}, ${elapsed()} so far`), reminderIntervalMs)
  try {
    const result = await action()
    progress(`${words.after} (${elapsed()})`)
    return result
  } finally {
    clearInterval(reminder)
  }
}
