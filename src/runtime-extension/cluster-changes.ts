import type { NamespacedName } from '../domain/model/object-meta.ts'
import { formatKey } from '../domain/model/object-meta.ts'

/** Wakes those who wait for a change of a Cluster. */
export interface ClusterChanges {
  /** A Cluster, or what belongs to it, has changed. The cache may have the change only after this call. */
  publish(cluster: NamespacedName): void
  /** Resolves after the next change, or after `ms`, or when the signal is aborted. */
  next(cluster: NamespacedName, ms: number, signal: AbortSignal): Promise<void>
}

export function createClusterChanges(): ClusterChanges {
  const waiting = new Map<string, Set<() => void>>()
  return {
    publish(cluster) {
      // A waiting call goes on in a microtask, when the cache has the change.
      for (const wake of waiting.get(formatKey(cluster)) ?? []) wake()
    },
    async next(cluster, ms, signal) {
      if (signal.aborted) return
      const key = formatKey(cluster)
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = (): void => resolve()
      const others = waiting.get(key) ?? new Set()
      waiting.set(key, others.add(wake))
      const timer = setTimeout(wake, ms)
      signal.addEventListener('abort', wake)
      await promise
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      others.delete(wake)
      if (others.size === 0) waiting.delete(key)
    },
  }
}
