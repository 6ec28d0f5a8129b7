import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import type { ClaimListener } from '../cluster-api.ts'

/** Milliseconds after which a claim that is not bound yet is looked at again without cause. */
const lookAgainAfterMs = 500

/** Those who wait for claims to change. */
export interface ClaimListeners {
  /** Tells whoever listens to the claim that it, or its IPAddress, may have changed. */
  changed(claim: NamespacedName): void
  listen(claim: NamespacedName): ClaimListener
}

export function createClaimListeners(): ClaimListeners {
  const listeners = new Map<string, Set<() => void>>()
  return {
    changed(claim) {
      for (const tell of listeners.get(formatKey(claim)) ?? []) tell()
    },
    listen(claim) {
      const key = formatKey(claim)
      const beside = listeners.get(key) ?? new Set()
      let change = Promise.withResolvers<void>()
      const tell = (): void => change.resolve()
      listeners.set(key, beside.add(tell))
      return {
        async untilChange() {
          const timer = setTimeout(tell, lookAgainAfterMs)
          await change.promise
          clearTimeout(timer)
          change = Promise.withResolvers()
        },
        close() {
          beside.delete(tell)
          if (beside.size === 0 && listeners.get(key) === beside) listeners.delete(key)
        },
      }
    },
  }
}
