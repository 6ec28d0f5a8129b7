import type { Log } from './log.ts'

/** Tracks whether a server is unreachable. All its clients report to it. */
export interface Outage {
  /** A request failed because the server is unreachable. */
  failed(error: string): void
  /** A request was answered. */
  answered(): void
  /** The message of the last failure during an outage; else undefined. */
  readonly current: string | undefined
}

export interface OutageOptions {
  /** The server as the log names it: `the API server`. */
  readonly who: string
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Milliseconds without another failure after which an answer ends the outage. */
  readonly calmMs?: number
}

/**
 * Logs one line when an outage begins and one when it ends, however many requests fail in between. An answer between two
 * failures does not end it, so a server that answers now and then causes no further lines.
 */
export function createOutage({ who, log, calmMs = 10_000 }: OutageOptions): Outage {
  let begun: { readonly at: number; failures: number; last: string } | undefined
  let calm: NodeJS.Timeout | undefined

  const over = (): void => {
    if (begun === undefined) return
    const seconds = Math.round((performance.now() - begun.at) / 1000)
    log.info(`${who.charAt(0).toUpperCase()}${who.slice(1)} is reached again`, {
      failures: begun.failures,
      seconds,
    })
    begun = undefined
    calm = undefined
  }

  return {
    failed(error) {
      clearTimeout(calm)
      calm = undefined
      if (begun === undefined) {
        begun = { at: performance.now(), failures: 0, last: error }
        log.warn(`Cannot reach ${who}; trying again`, { error })
      }
      begun.failures += 1
      begun.last = error
    },
    answered() {
      if (begun !== undefined && calm === undefined) calm = setTimeout(over, calmMs).unref()
    },
    get current() {
      return begun?.last
    },
  }
}

/** A log whose warnings become debug lines during an outage, which they are part of. */
export function quietDuring(outage: Pick<Outage, 'current'>, log: Log): Log {
  return {
    ...log,
    warn: (message, fields) => log[outage.current === undefined ? 'warn' : 'debug'](message, fields),
  }
}
