import type { KubernetesError } from '../errors.ts'
import type { InformerHealth } from './informer-types.ts'

/** The health of one reflector's connection to the server. */
type ReflectorHealth = Omit<InformerHealth, 'undelivered' | 'lastSyncResourceVersion' | 'listResourceVersion'>

export interface HealthRecord {
  listed(drift: number): void
  opened(): void
  contacted(): void
  failed(error: KubernetesError): void
  snapshot(): ReflectorHealth
}

/** @param now milliseconds since the epoch */
export function createHealthRecord(resource: string, now: () => number): HealthRecord {
  let health: ReflectorHealth = {
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
  const set = (changes: Partial<ReflectorHealth>): void => {
    health = { ...health, ...changes }
  }
  return {
    listed(drift) {
      const at = now()
      // Every object of the first list is new; none was missed.
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
