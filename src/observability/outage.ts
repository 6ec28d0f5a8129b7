import type { Log } from './log.ts'

/** Whether somebody we talk to is away, told by everybody who talks to them. */
export interface Outage {
  /** A request failed because they are away. */
  failed(error: string): void
  /** A request was answered. */
  answered(): void
  /** The last failure in words while they are away; undefined otherwise. */
  readonly current: string | undefined
}

export interface OutageOptions {
  /** Who is away, as the lines name them: `the API server`. */
  readonly who: string
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Milliseconds without another failure after which an answer means that they are back. */
  readonly calmMs?: number
}

/**
 * Writes one line when an outage begins and one when it is over, however many requests fail in it: a thousand Clusters
 * make as few lines as one. An answer between two failures ends nothing, so that somebody who answers now and then
 * makes no line for each turn.
 */
export function createOutage({ who, log, calmMs = 10_000 }: OutageOptions): Outage {
  let begun: { readonly at: number; failures: number; last: string } | undefined
  let calm: NodeJS.Timeout | undefined

  const over = (): void => {
    if (begun === undefined) return
    const seconds = Math.round((performance.now() - begun.at) / 1000)
    log.info(`${capitalized(who)} is reached again`, { failures: begun.failures, seconds })
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

/** The log of those who talk to somebody: while that one is away, what they find amiss is part of the outage. */
export function quietDuring(outage: Pick<Outage, 'current'>, log: Log): Log {
  return {
    ...log,
    warn: (message, fields) => log[outage.current === undefined ? 'warn' : 'debug'](message, fields),
  }
}

function capitalized(who: string): string {
  return `${who.charAt(0).toUpperCase()}${who.slice(1)}`
}
