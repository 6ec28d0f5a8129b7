import { decideDuplicate, type AddressHolders } from './address-holder.ts'
import type { IPAddress } from '../model/ip-address.ts'
import type { Cluster } from '../model/cluster.ts'
import { isKnownDuplicate } from './duplicate-addresses.ts'
import { formatKey } from '../model/object-meta.ts'
import type { VipRole } from '../role.ts'
import { recordedVip } from './vip-ownership.ts'

/** Whether an address that is not on the Cluster yet may be written to it. */
export type NewAddressDecision =
  | { readonly decision: 'assign' }
  /** Another allocation has to step back first; `why` it has to be waited for. */
  | { readonly decision: 'wait'; readonly why: string; readonly message: string }
  /** Somebody else has it, or had it: another one is taken. */
  | { readonly decision: 'step-back'; readonly why: string }
  /** A person has to act. */
  | { readonly decision: 'refuse'; readonly message: string }

/** Decides about the address of the Cluster's claim by who else has it. */
export function decideNewAddress(
  cluster: Cluster,
  { role }: VipRole,
  ipAddress: IPAddress,
  holders: AddressHolders,
): NewAddressDecision {
  const { address } = ipAddress
  const decision = decideDuplicate(ipAddress, holders)
  if (decision.decision === 'assign' && !isKnownDuplicate(cluster, address)) return decision
  const why = decision.decision === 'assign' ? `${address} was somebody else's` : decision.message
  if (recordedVip(cluster, role) === address) {
    const message = `${why}, and was the VIP of Cluster ${formatKey(cluster)} before; give one of them another address`
    return { decision: 'refuse', message }
  }
  return decision.decision === 'wait'
    ? { decision: 'wait', why, message: `${why}, which has to step back first` }
    : { decision: 'step-back', why }
}
