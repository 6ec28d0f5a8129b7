import { availableAddresses, type IPPool } from '../model/pool.ts'
import { letLieAfterMs } from '../timings.ts'

/** Knows for how long free addresses have been offered to the same Clusters. */
export interface IdlePools {
  /** How many Clusters each free address of the pool is offered to, as of now. */
  offersOf(pool: IPPool): number
}

/**
 * Keeps a Cluster that never takes its address from holding up all others: after each `letLieAfterMs` in which a pool that
 * somebody asks about has not changed, twice as many Clusters are offered an address. It is kept in this process only. After
 * a restart, who is in front has that time again.
 *
 * @param now milliseconds since the epoch
 */
export function createIdlePools(now: () => number): IdlePools {
  const seen = new Map<string, { readonly state: string; readonly since: number; askedAt: number }>()
  return {
    offersOf(pool) {
      const at = now()
      const state = stateOf(pool)
      const known = seen.get(pool.uid)
      // Where somebody waits, every review asks, and so do the runs. Where none has asked for long, none was offered anything.
      if (known === undefined || known.state !== state || at - known.askedAt > letLieAfterMs * 2) {
        seen.set(pool.uid, { state, since: at, askedAt: at })
        return 1
      }
      known.askedAt = at
      return 2 ** Math.min(mostDoublings, Math.floor((at - known.since) / letLieAfterMs))
    },
  }
}

/** More Clusters than there are. */
const mostDoublings = 30

function stateOf(pool: IPPool): string {
  return JSON.stringify([availableAddresses(pool), pool.isPaused, pool.labels, pool.annotations])
}
