/** The delay after failures, in milliseconds: it doubles from `firstMs` up to `longestMs`. */
export interface BackOff {
  readonly firstMs: number
  readonly longestMs: number
}

/** @param failures in a row, before this one */
export function doubledMs({ firstMs, longestMs }: BackOff, failures: number): number {
  return Math.min(longestMs, firstMs * 2 ** failures)
}

/**
 * Milliseconds to wait after a failure: half to all of the doubled delay, so that clients that failed together do not retry
 * together, and never less than the server requires.
 *
 * @param failures in a row, before this one
 * @param random in [0, 1)
 */
export function backOffMs(backOff: BackOff, failures: number, random: number, retryAfterSeconds = 0): number {
  return Math.max(doubledMs(backOff, failures) * (0.5 + random / 2), retryAfterSeconds * 1000)
}
