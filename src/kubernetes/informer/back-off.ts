/** How long to wait after failures, in milliseconds: doubling from `firstMs` to `longestMs`. */
export interface BackOff {
  readonly firstMs: number
  readonly longestMs: number
}

/**
 * Milliseconds to wait after a failure: between half and all of the doubled delay, so that watchers that
 * failed together do not come back together, and never less than the server asked for.
 *
 * @param failures before this one, in a row
 * @param random in [0, 1)
 */
export function backOffMs(
  backOff: BackOff,
  failures: number,
  random: number,
  retryAfterSeconds: number | undefined,
): number {
  const doubled = Math.min(backOff.longestMs, backOff.firstMs * 2 ** failures)
  return Math.max(doubled * (0.5 + random / 2), (retryAfterSeconds ?? 0) * 1000)
}
