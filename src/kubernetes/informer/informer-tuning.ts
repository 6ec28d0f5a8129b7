import { defaultPageSize } from '../objects.ts'
import type { BackOff } from './back-off.ts'

/** Times are milliseconds. */
export interface WatchTuning {
  readonly pageSize: number
  /** A full list is read again after this time, up to twice as late. */
  readonly relistMs: number
  /** The server ends a watch in order after this time, up to a fifth later, with a last bookmark. */
  readonly watchMs: number
  /** A watch without a byte for this long is opened again. */
  readonly silenceMs: number
  readonly backOff: BackOff
  /** In [0, 1). */
  readonly random: () => number
  readonly now: () => number
}

export const defaultTuning: WatchTuning = {
  pageSize: defaultPageSize,
  relistMs: 300_000,
  watchMs: 240_000,
  silenceMs: 30_000,
  backOff: { firstMs: 500, longestMs: 30_000 },
  random: Math.random,
  now: Date.now,
}
