/** Measures how long the event loop was blocked within the last minute. */
export interface LoopWatch {
  /** A message if the loop was blocked for too long; else undefined. */
  eventLoopBlocked(): string | undefined
  stop(): void
}

export interface LoopWatchOptions {
  /** Milliseconds on a monotonic clock. */
  readonly now?: () => number
  /** Starts the timer, and returns a function that stops it. */
  readonly every?: (ms: number, beat: () => void) => () => void
}

const beatMs = 500
const windowMs = 60_000
/**
 * Half of the last minute. Temporal gives up on a workflow task after 30 s and on a step after 20 s without a heartbeat:
 * a process that is blocked for longer does its work twice or never. A garbage collection stays far below.
 */
const longestMs = 30_000

/** Watches the event loop with a timer. While it is late, nothing else runs: no heartbeat, and no answer to a probe. */
export function watchLoop({
  now = () => performance.now(),
  every = repeat,
}: LoopWatchOptions = {}): LoopWatch {
  let stalls: readonly Stall[] = []
  let beatAt = now()

  const withCurrent = (at: number): readonly Stall[] => [
    ...stalls,
    { endedAt: at, ms: Math.max(0, at - beatAt - beatMs) },
  ]

  const beat = (): void => {
    const at = now()
    stalls = withCurrent(at).filter((stall) => lostBy(stall, at) > 0)
    beatAt = at
  }

  return {
    eventLoopBlocked() {
      const at = now()
      const lost = withCurrent(at).reduce((sum, stall) => sum + lostBy(stall, at), 0)
      return lost < longestMs
        ? undefined
        : `the event loop was blocked for ${Math.round(lost / 1000)} s of the last ${windowMs / 1000} s`
    },
    stop: every(beatMs, beat),
  }
}

interface Stall {
  readonly endedAt: number
  readonly ms: number
}

/** Milliseconds of a stall that lie within the last minute. */
function lostBy({ endedAt, ms }: Stall, now: number): number {
  return Math.min(ms, Math.max(0, windowMs - (now - endedAt)))
}

function repeat(ms: number, beat: () => void): () => void {
  const timer = setInterval(beat, ms).unref()
  return () => clearInterval(timer)
}
