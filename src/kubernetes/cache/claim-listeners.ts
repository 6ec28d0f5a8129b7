import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import type { ClaimListener } from '../cluster-api.ts'

/** Milliseconds after which a listener resolves without a change. */
const pollIntervalMs = 500

/** Steps that wait for a change of a claim or its IPAddress. */
export interface ClaimListeners {
  readonly notify: (claim: NamespacedName) => void
  readonly listen: (claim: NamespacedName) => ClaimListener
}

export function createClaimListeners(): ClaimListeners {
  const listeners = new Map<string, Set<() => void>>()
  return {
    notify(claim) {
      for (const wake of listeners.get(formatKey(claim)) ?? []) wake()
    },
    listen(claim) {
      const key = formatKey(claim)
      const others = listeners.get(key) ?? new Set()
      let change = Promise.withResolvers<void>()
      const wake = (): void => change.resolve()
      listeners.set(key, others.add(wake))
      return {
        async untilChange() {
          const timer = setTimeout(wake, pollIntervalMs)
          await change.promise
          clearTimeout(timer)
          change = Promise.withResolvers()
        },
        close() {
          others.delete(wake)
          if (others.size === 0 && listeners.get(key) === others) listeners.delete(key)
        },
      }
    },
  }
}
