import { fault, ok, warning, type CheckOutcome } from './check-result.ts'

/** When a request was sent and answered by our clock, and the server's time in between; milliseconds since 1970. */
export interface ClockReading {
  readonly sentAt: number
  readonly answeredAt: number
  /** From the `Date` header, which has whole seconds: the real time lies within the second that starts here. */
  readonly server: number
}

/** Seconds of difference: above `fault`, ages and timestamps become meaningless. */
const limits = { warning: 2, fault: 30 } as const

const fix = 'synchronize the clocks, for example by NTP (chronyc tracking, timedatectl)'

/** Compares the API server's clock with ours, counting only the difference that is certain. */
export function checkClock(reading: ClockReading): readonly CheckOutcome[] {
  const seconds = certainDifference(reading) / 1000
  const off = Math.abs(seconds)
  const words = `the API server's clock is ${off.toFixed(0)} s ${seconds > 0 ? 'ahead of' : 'behind'} the one here`
  if (off > limits.fault) return [fault(words, fix)]
  if (off > limits.warning) return [warning(words, fix)]
  return [ok(`the API server's clock and the one here differ by ${limits.warning} s at most`)]
}

/** Milliseconds by which the server's clock is at least ahead; negative if it is behind. */
function certainDifference({ sentAt, answeredAt, server }: ClockReading): number {
  if (server > answeredAt) return server - answeredAt
  const latest = server + 999
  return latest < sentAt ? latest - sentAt : 0
}
