import { isReservation, type IPAddress } from '../domain/model/ip-address.ts'
import type { ResourceEventHandler } from '../kubernetes/informer/informer-types.ts'
import type { HandlerContext } from './handler-context.ts'
import { enqueueForBinding } from './on-claim.ts'

export function onIPAddress(context: HandlerContext): ResourceEventHandler<IPAddress> {
  const { queries, requests, resync } = context
  const onChange = (changed: IPAddress, ipAddress?: IPAddress, previous?: IPAddress): void => {
    const claim = queries.claimOf(changed)
    if (claim?.addressName !== changed.name) return
    enqueueForBinding(context, claim, { ipAddress }, { ipAddress: previous })
  }
  return {
    onUpsert: (ipAddress, previous) => onChange(ipAddress, ipAddress, previous),
    onDelete(ipAddress) {
      onChange(ipAddress, undefined, ipAddress)
      if (!isReservation(ipAddress)) requests.retryReserving(ipAddress.address)
    },
    onListed: () => resync.listed('ipaddresses'),
  }
}
