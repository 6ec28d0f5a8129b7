import type { KubernetesError } from '../errors.ts'
import type { WatchHealth } from './informer-types.ts'

/** The WatchHealth of one loop, without what its cache knows. */
type LoopHealth = Omit<WatchHealth, 'untold'>

/** Keeps it. */
export interface HealthRecord {
  listed(drift: number): void
  opened(): void
  contacted(): void
  failed(error: KubernetesError): void
  snapshot(): LoopHealth
}

/**
 * Starts a record of which nothing is known yet.
 *
 * @param now milliseconds since the epoch
 */
export function createHealthRecord(resource: string, now: () => number): HealthRecord {
  let health: LoopHealth = {
    resource,
    synced: false,
    lastListAt: undefined,
    lastContactAt: undefined,
    lists: 0,
    reconnects: 0,
    expired: 0,
    failures: 0,
    drift: 0,
    lastError: undefined,
  }
  let opened = false
  const set = (changes: Partial<LoopHealth>): void => {
    health = { ...health, ...changes }
  }
  return {
    listed(drift) {
      const at = now()
      // Everything in the first list is new, and nothing of it was missed.
      const missed = health.synced ? drift : 0
      set({ synced: true, lastListAt: at, lastContactAt: at })
      set({ lists: health.lists + 1, drift: health.drift + missed })
    },
    opened() {
      set({ lastContactAt: now(), lastError: undefined, reconnects: health.reconnects + (opened ? 1 : 0) })
      opened = true
    },
    contacted: () => set({ lastContactAt: now() }),
    failed(error) {
      if (error.status === 410) set({ expired: health.expired + 1 })
      else set({ failures: health.failures + 1, lastError: error.message })
    },
    snapshot: () => health,
  }
}

/** One health of several loops over a kind: as good as the worst of them. */
export function combineHealth(parts: readonly [WatchHealth, ...WatchHealth[]]): WatchHealth {
  const sum = (count: (health: WatchHealth) => number): number =>
    parts.reduce((total, health) => total + count(health), 0)
  return {
    resource: parts[0].resource,
    synced: parts.every((health) => health.synced),
    lastListAt: earliest(parts.map((health) => health.lastListAt)),
    lastContactAt: earliest(parts.map((health) => health.lastContactAt)),
    lists: sum((health) => health.lists),
    reconnects: sum((health) => health.reconnects),
    expired: sum((health) => health.expired),
    failures: sum((health) => health.failures),
    drift: sum((health) => health.drift),
    untold: parts.flatMap((health) => health.untold),
    lastError: parts.find((health) => health.lastError !== undefined)?.lastError,
  }
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length < times.length ? undefined : Math.min(...known)
}
