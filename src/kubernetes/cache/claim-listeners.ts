import { EventEmitter } from 'node:events'
import type { IPAddressClaim } from '../../domain/model/claim.ts'
import type { IPAddress } from '../../domain/model/ip-address.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import type { ClaimListener } from '../cluster-api.ts'
import type { ResourceEventHandler } from '../informer/informer-types.ts'

/** Milliseconds after which a listener resolves without a change. */
const pollIntervalMs = 500

/** Steps that wait for a change of a claim or its IPAddress. */
export interface ClaimListeners {
  readonly onClaim: ResourceEventHandler<IPAddressClaim>
  readonly onIPAddress: ResourceEventHandler<IPAddress>
  readonly listen: (claim: NamespacedName) => ClaimListener
}

export function createClaimListeners(): ClaimListeners {
  const changes = new EventEmitter().setMaxListeners(0)
  const notify = (claim: NamespacedName): void => void changes.emit(formatKey(claim))
  const notifyClaimOf = ({ namespace, claimName: name }: IPAddress): void => notify({ namespace, name })
  return {
    onClaim: { onUpsert: notify, onDelete: notify },
    onIPAddress: { onUpsert: notifyClaimOf, onDelete: notifyClaimOf },
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
