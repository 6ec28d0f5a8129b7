import { EventEmitter } from 'node:events'
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
  const changes = new EventEmitter().setMaxListeners(0)
  return {
    notify: (claim) => void changes.emit(formatKey(claim)),
    listen(claim) {
      let change = Promise.withResolvers<void>()
      const wake = (): void => change.resolve()
      changes.on(formatKey(claim), wake)
      return {
        async untilChange() {
          const timer = setTimeout(wake, pollIntervalMs)
          await change.promise
          clearTimeout(timer)
          change = Promise.withResolvers()
        },
        close: () => void changes.off(formatKey(claim), wake),
      }
    },
  }
}
