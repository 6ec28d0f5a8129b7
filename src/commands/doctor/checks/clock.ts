import { fault, ok, warning, type Judgment } from './check-result.ts'

/** When a request was sent and answered by our clock, and what the server's said meanwhile; milliseconds since 1970. */
export interface ClockReading {
  readonly sentAt: number
  readonly answeredAt: number
  /** From the `Date` header, which has whole seconds: the time was in the second that begins here. */
  readonly server: number
}

/** Seconds from which a difference is worth a look, and from which it makes times meaningless. */
const limits = { warning: 2, fault: 30 } as const

const fix = 'synchronize the clocks, for example by NTP (chronyc tracking, timedatectl)'

/** Compares the API server's clock with ours, by as much as they differ for certain. */
export function judgeClock(reading: ClockReading): readonly Judgment[] {
  const seconds = certainDifference(reading) / 1000
  const off = Math.abs(seconds)
  const words = `the API server's clock is ${off.toFixed(0)} s ${seconds > 0 ? 'ahead of' : 'behind'} the one here`
  if (off > limits.fault) return [fault(words, fix)]
  if (off > limits.warning) return [warning(words, fix)]
  return [ok(`the API server's clock and the one here differ by ${limits.warning} s at most`)]
}

/** Milliseconds the server's clock is ahead at least; below zero: behind. */
function certainDifference({ sentAt, answeredAt, server }: ClockReading): number {
  if (server > answeredAt) return server - answeredAt
  const latest = server + 999
  return latest < sentAt ? latest - sentAt : 0
}
