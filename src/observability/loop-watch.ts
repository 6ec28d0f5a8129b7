/** How much of the last minute the event loop could not be used. */
export interface LoopWatch {
  /** In words; undefined while the loop keeps up. */
  starved(): string | undefined
  stop(): void
}

export interface LoopWatchOptions {
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number
  /** Starts the beat, and returns how to end it. */
  readonly every?: (ms: number, beat: () => void) => () => void
}

const beatMs = 500
const windowMs = 60_000
/**
 * Half of the last minute, the beats' lateness added up. Temporal gives up on a workflow task after 30 s and on a step
 * after 20 s without a heartbeat, so whoever loses more than every second moment does its work twice or never, though
 * it answers a probe now and then. A garbage collection or a node that is busy for seconds stays far below.
 */
const longestMs = 30_000

/**
 * Watches the event loop by a timer that should fire twice a second. What it is late is time in which nothing else ran
 * either: no heartbeat, no answer to a probe.
 */
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
    starved() {
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

/** Milliseconds of a stall that are in the last minute. */
function lostBy({ endedAt, ms }: Stall, now: number): number {
  return Math.min(ms, Math.max(0, windowMs - (now - endedAt)))
}

function repeat(ms: number, beat: () => void): () => void {
  const timer = setInterval(beat, ms).unref()
  return () => clearInterval(timer)
}
