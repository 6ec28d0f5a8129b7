import { refuse, wait, type Action, type AddressUse, type BoundClaim } from './action.ts'
import { networkOfVip, recordedVip } from './ip-families.ts'
import { addressIn, partsOf, type VipRole, vipRolesIn } from './vip-role.ts'
import { canonicalAddress, isIPAddress } from '../model/address-text.ts'
import { claimNamesFor, roleOfClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { commaSeparated } from '../model/decode.ts'
import { isReservation, type IPAddress } from '../model/ip-address.ts'
import { conditionalOn, metadataOperations, type JsonPatch } from '../model/json-patch.ts'
import { formatKey } from '../model/object-meta.ts'
import { formatPool, networkOf } from '../model/pool.ts'
import { duplicateAddressesAnnotation } from '../names.ts'
import { defaultRole, partSpecs, roleOf, vipParts, type VariableNames, type VipPart } from '../role.ts'
import { attemptsUntilStepBack } from '../timings.ts'

/** Who has an address already. */
export interface AddressHolders {
  /** Clusters, those being deleted included, that have it as endpoint or ingress VIP. */
  readonly clusters: readonly { readonly cluster: Cluster; readonly as: VipRole }[]
  /** Addresses that a provider has given to other claims. Reservations hold nothing for anybody. */
  readonly ipAddresses: readonly IPAddress[]
}

/** A VIP of a Cluster, and where it is. */
interface OwnVip {
  readonly cluster: Cluster
  readonly part: VipPart
  /** Of the claim, if it is known. */
  readonly claimName?: string
  /** Absent, or undefined if nobody knows it: the one that the Cluster records. */
  readonly network?: string | undefined
}

/** Finds who has an address on the same network besides one VIP of a Cluster, in any spelling. */
export function holdersOf(
  address: string,
  own: OwnVip,
  use: AddressUse,
  variables: VariableNames,
): AddressHolders {
  const wanted = canonicalAddress(address)
  const network = own.network ?? networkOfVip(own.cluster, own.part)
  const { namespace, uid } = own.cluster
  const ownClaims = own.claimName === undefined ? claimNamesFor(own.cluster, own.part) : [own.claimName]
  return {
    clusters: use.clusters.flatMap((cluster) =>
      vipRolesIn(cluster, variables, use.classOf?.(cluster))
        .filter(({ role }) => !(cluster.uid === uid && role === roleOf(own.part)))
        .flatMap(partsOf)
        .filter((vip) => canonicalAddress(addressIn(cluster, vip)) === wanted)
        .filter(
          ({ part }) =>
            networkOfHolder(cluster, part, use, ipAddressOf(cluster, part, wanted, use)) === network,
        )
        .map((as) => ({ cluster, as })),
    ),
    ipAddresses: use.ipAddresses.filter(
      (ipAddress) =>
        canonicalAddress(ipAddress.address) === wanted &&
        !isReservation(ipAddress) &&
        (networkOfAddress(ipAddress, use) ?? '') === network &&
        !(ipAddress.namespace === namespace && ownClaims.includes(ipAddress.claimName)),
    ),
  }
}

/**
 * The network of an IPAddress; `""`: the one that has no name; undefined: nobody knows, since its pool cannot be read. An
 * unknown network may be the one without a name, and is no named one.
 */
export function networkOfAddress(ipAddress: IPAddress, use: Pick<AddressUse, 'poolOf'>): string | undefined {
  const pool = use.poolOf?.(ipAddress)
  return pool && networkOf(pool)
}

/**
 * The network of a VIP that a Cluster has: that of the pool its claim has it from, since anybody can type the annotation; else
 * the one that the annotation names.
 *
 * @param ipAddress of the Cluster's claim, if that holds the VIP
 */
export function networkOfHolder(
  cluster: Cluster,
  part: VipPart,
  use: Pick<AddressUse, 'poolOf'>,
  ipAddress: IPAddress | undefined,
): string {
  return (ipAddress && networkOfAddress(ipAddress, use)) ?? networkOfVip(cluster, part)
}

/** The IPAddress by which a claim of the Cluster holds the address. */
function ipAddressOf(
  cluster: Cluster,
  part: VipPart,
  address: string,
  { ipAddresses }: AddressUse,
): IPAddress | undefined {
  const claimNames = claimNamesFor(cluster, part)
  return ipAddresses.find(
    (each) =>
      each.namespace === cluster.namespace &&
      claimNames.includes(each.claimName) &&
      !isReservation(each) &&
      canonicalAddress(each.address) === address,
  )
}

/**
 * Every address that a Cluster names where one of its VIPs may be, in canonical spelling. Which variables have VIPs is a
 * matter of its class, so any variable counts.
 */
export function addressesNamedIn(cluster: Cluster): readonly string[] {
  const named = [
    cluster.controlPlaneEndpoint.host,
    ...vipParts.map((part) => recordedVip(cluster, part) ?? ''),
    ...(cluster.topology?.variables ?? []).flatMap(({ value }) =>
      textsIn(value).flatMap(commaSeparated).filter(isIPAddress),
    ),
  ]
  return [...new Set(named.filter((address) => address !== '').map(canonicalAddress))]
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

export function isFree({ clusters, ipAddresses }: AddressHolders): boolean {
  return clusters.length === 0 && ipAddresses.length === 0
}

/** For people, at most the first few. */
export function describeHolders({ clusters, ipAddresses }: AddressHolders): string {
  const named = [
    ...clusters.map(({ cluster, as }) => `the ${partSpecs[as.part].noun} of Cluster ${formatKey(cluster)}`),
    ...ipAddresses.map(
      (each) => `IPAddress ${formatKey(each)} of ${formatPool(each.poolRef)} for claim ${each.claimName}`,
    ),
  ]
  return named.slice(0, 3).join(' and ')
}

/**
 * What keeps a new address from being written to the Cluster; undefined if nothing does.
 *
 * Every allocation reads the holders after its own IPAddress exists, so of two with the same address at least one sees the
 * other. One that sees nobody assigns. If both see each other, the later IPAddress steps back and the earlier one waits for
 * that: it cannot know whether the other saw it, so it must not assign while the other is there. Stepping back is always
 * safe.
 *
 * @param attempt of the step, from 1
 */
export function duplicateAction(
  cluster: Cluster,
  part: VipPart,
  { claim, ipAddress }: BoundClaim,
  holders: AddressHolders,
  attempt = 1,
): Action | undefined {
  const { address } = ipAddress
  if (isFree(holders) && !isRecordedDuplicate(cluster, address)) return undefined
  const because = isFree(holders)
    ? `${address} was somebody else's`
    : `${address} is ${describeHolders(holders)}`
  if (recordedVip(cluster, part) === address) {
    const message = `${because}, and was the VIP of Cluster ${formatKey(cluster)} before; give one of them another address`
    return refuse('DuplicateAddress', message)
  }
  return willStepBack(holders, ipAddress) && attempt < attemptsUntilStepBack
    ? wait('DuplicateAddress', `${because}, which has to step back first`)
    : { action: 'stepBack', claim, ipAddress, because }
}

/** Whether all holders are claims of ours that are later than this one. */
function willStepBack({ clusters, ipAddresses }: AddressHolders, own: IPAddress): boolean {
  return (
    clusters.length === 0 &&
    ipAddresses.length > 0 &&
    ipAddresses.every((other) => roleOfClaim(other.claimName) !== undefined && isEarlier(own, other))
  )
}

/** An order on which all replicas agree. */
function isEarlier(a: IPAddress, b: IPAddress): boolean {
  return a.creationTimestamp === b.creationTimestamp
    ? a.uid < b.uid
    : a.creationTimestamp < b.creationTimestamp
}

/** Addresses that the Cluster's claims were given although others have them. It is never assigned one of these. */
export function duplicateAddressesOf(cluster: Cluster): readonly string[] {
  return commaSeparated(cluster.annotations[duplicateAddressesAnnotation])
}

export function isRecordedDuplicate(cluster: Cluster, address: string): boolean {
  const wanted = canonicalAddress(address)
  return duplicateAddressesOf(cluster).some((each) => canonicalAddress(each) === wanted)
}

/** Whether the Cluster keeps addresses reserved because others have them. */
export function reservesAddresses(cluster: Cluster): boolean {
  return duplicateAddressesOf(cluster).length > 0
}

/** The duplicates of the Cluster, and this one. */
export function duplicatesWith(cluster: Cluster, address: string): readonly string[] {
  const duplicates = duplicateAddressesOf(cluster)
  return isRecordedDuplicate(cluster, address) ? duplicates : [...duplicates, address]
}

/** The duplicates of the Cluster, without these. */
export function duplicatesWithout(cluster: Cluster, addresses: readonly string[]): readonly string[] {
  return duplicateAddressesOf(cluster).filter((address) => !addresses.includes(address))
}

/** Those that nobody else has any more: the Cluster need not keep them reserved. */
export function freeDuplicatesOf(
  cluster: Cluster,
  use: AddressUse,
  variables: VariableNames,
): readonly string[] {
  return duplicateAddressesOf(cluster).filter((address) => isFreeBeside(cluster, address, use, variables))
}

/** Whether nobody but the Cluster has the address. */
export function isFreeBeside(
  cluster: Cluster,
  address: string,
  use: AddressUse,
  variables: VariableNames,
): boolean {
  const reserved = use.ipAddresses.find(
    (each) => isReservation(each) && each.address === address && each.namespace === cluster.namespace,
  )
  const network = (reserved && networkOfAddress(reserved, use)) ?? ''
  return isFree(holdersOf(address, { cluster, part: defaultRole, network }, use, variables))
}

/** The patch that records exactly these duplicates. It fails attempts that read the Cluster before and would assign one. */
export function duplicateAddressesPatch(cluster: Cluster, addresses: readonly string[]): JsonPatch {
  const list = addresses.length === 0 ? undefined : addresses.join(',')
  return [
    conditionalOn(cluster),
    ...metadataOperations(cluster, 'annotations', { [duplicateAddressesAnnotation]: list }),
  ]
}
