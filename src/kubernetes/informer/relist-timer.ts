/** Says when the next full list is due. */
export interface RelistTimer {
  /** Aborted when the list is due. */
  due(): AbortSignal
  /** A list was read: the next is due `relistMs` to twice `relistMs` later. */
  restart(): void
  clear(): void
}

/** Makes a timer that is not running yet. */
export function createRelistTimer(tuning: {
  readonly relistMs: number
  readonly random: () => number
}): RelistTimer {
  let controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  return {
    due: () => controller.signal,
    restart() {
      clearTimeout(timer)
      const running = new AbortController()
      timer = setTimeout(() => running.abort(), tuning.relistMs * (1 + tuning.random()))
      controller = running
    },
    clear: () => clearTimeout(timer),
  }
}
