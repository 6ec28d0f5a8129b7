import { done, observe, wait, type Action, type BoundClaim, type ObservedCluster } from './action.ts'
import { clusterPatchFor, formatVip, presentVip, type PatchedAddress } from './cluster-patch.ts'
import {
  duplicateAction,
  freeDuplicatesOf,
  holdersOf,
  networkOfAddress,
  reservesAddresses,
} from './duplicate-addresses.ts'
import { disagreementOf, whyGivenElsewhere } from './given-values.ts'
import { describeVip, isExternallyOwned, vipOwnershipOf } from './vip-ownership.ts'
import { forSecond, viewOfSecond } from './second-view.ts'
import { addressIn, type VipRole } from './vip-role.ts'
import type { Cluster } from '../model/cluster.ts'
import { formatKey } from '../model/object-meta.ts'
import { withAddition } from '../quote.ts'
import { decideVariables, endpointPortOf, isNewVip, withVariables } from './vip-variables.ts'

/** A claim of the Cluster holds an address for the VIP. `isNew`: the Cluster does not have it yet. */
export interface Held {
  readonly action: 'hold'
  readonly vip: VipRole
  readonly bound: BoundClaim
  readonly isNew: boolean
}

/** Every address is held: write the VIP to the Cluster, unless somebody else has one of them. */
export function assignAction(observed: ObservedCluster, vip: VipRole, held: readonly Held[]): Action {
  const { cluster, variables, attempt } = observed
  const addresses = held.map(({ bound }) => bound.ipAddress.address)
  const elsewhere = givenElsewhereAction(cluster, vip, addresses)
  if (elsewhere !== undefined) return elsewhere
  const patch = patchAction(observed, vip, held)
  if (patch.action !== 'patchCluster') return patch
  for (const { vip: own, bound, isNew } of held) {
    const view = own.first === undefined ? observed : viewOfSecond(observed)
    const tagged = own.first === undefined ? (action: Action) => action : forSecond
    if (!isNew) continue
    if (view.sameAddressUse === undefined) return tagged(observe('sameAddressUse'))
    const network = networkOfAddress(bound.ipAddress, view.sameAddressUse)
    const owner = { cluster, part: own.part, claimName: bound.claim.name, network }
    const holders = holdersOf(bound.ipAddress.address, owner, view.sameAddressUse, variables)
    const duplicate = duplicateAction(cluster, own.part, bound, holders, attempt)
    if (duplicate !== undefined) return tagged(duplicate)
  }
  return patch
}

/** A host that somebody gave in a variable is an endpoint by hand, which only lacks its other half. */
export function givenElsewhereAction(
  cluster: Cluster,
  vip: VipRole,
  addresses: readonly string[],
): Action | undefined {
  if (vipOwnershipOf(cluster, vip).state !== 'unset') return undefined
  const why = whyGivenElsewhere(cluster, vip, addresses)
  return why === undefined ? undefined : wait('ClusterRejected', `Cluster ${formatKey(cluster)}: ${why}`)
}

/** @param held empty: only what a host that is not ours lacks, its port or the variables of the class */
function patchAction(observed: ObservedCluster, vip: VipRole, held: readonly Held[]): Action {
  const { cluster, claim, clusterClass, defaultPort } = observed
  const isNew = held.some((each) => each.isNew) || (held.length === 0 && isNewVip(cluster, vip, undefined))
  const [first, second] = held.map((each) => patchedAddress(observed, each))
  const address = first?.address
  const { verdicts, writes: variables } = decideVariables(
    cluster,
    vip,
    clusterClass,
    { address, secondAddress: second?.address },
    defaultPort,
  )
  const missing = verdicts.find(({ verdict }) => verdict === 'wait')
  // A VIP that is in place waits for no variable: a change of the class comes back to it.
  if (isNew && missing !== undefined) return wait('ClusterRejected', missing.because)
  const { assigned, patch } = clusterPatchFor(cluster, {
    vip,
    address,
    claimName: first?.claimName ?? claim?.name,
    network: first?.network,
    second,
    variables,
    port: endpointPortOf(cluster, vip, clusterClass, defaultPort),
  })
  const disagreement = disagreementOf(withVariables(cluster, variables), vip, assigned)
  if (patch !== undefined) {
    const writes = held.length === 0 ? 'rest' : 'vip'
    return { action: 'patchCluster', writes, patch, assigned, isNew, disagreement }
  }
  const message = withAddition(
    `Cluster ${formatKey(cluster)} has ${formatVip(assigned)} as it should`,
    disagreement,
  )
  return releaseAction(observed) ?? { ...done('Allocated', message), vip: assigned, disagreement }
}

/** A host that is in place keeps its spelling. The network of a new address is known when its uses have been read. */
function patchedAddress(observed: ObservedCluster, { vip, bound, isNew }: Held): PatchedAddress {
  const { cluster } = observed
  const { sameAddressUse } = vip.first === undefined ? observed : viewOfSecond(observed)
  return {
    address: isNew || vip.first !== undefined ? bound.ipAddress.address : addressIn(cluster, vip),
    claimName: bound.claim.name,
    network:
      isNew && sameAddressUse !== undefined ? networkOfAddress(bound.ipAddress, sameAddressUse) : undefined,
  }
}

/** Somebody else has set the VIP: complete what it lacks. One that replaced ours stays as it is. */
export function externalAction(observed: ObservedCluster, vip: VipRole, words: string): Action {
  const { cluster } = observed
  if (isExternallyOwned(vipOwnershipOf(cluster, vip))) {
    const patch = patchAction(observed, vip, [])
    if (patch.action === 'patchCluster') return patch
  }
  const present = presentVip(cluster, vip)
  const disagreement = disagreementOf(cluster, vip, present)
  const message = `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} already, ${words}`
  return {
    ...done('EndpointAlreadySet', withAddition(message, disagreement)),
    vip: present,
    disagreement,
  }
}

/** Releases the reservations of addresses that nobody else has any more. */
export function releaseAction({ cluster, addressUse, variables }: ObservedCluster): Action | undefined {
  if (!reservesAddresses(cluster)) return undefined
  if (addressUse === undefined) return observe('addressUse')
  const addresses = freeDuplicatesOf(cluster, addressUse, variables)
  return addresses.length === 0 ? undefined : { action: 'releaseReservations', addresses }
}
