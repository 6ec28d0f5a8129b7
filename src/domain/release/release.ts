import {
  isClaimNameOf,
  ownershipOf,
  roleOfClaim,
  type ClusterIdentity,
  type IPAddressClaim,
} from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { isObject } from '../model/decode.ts'
import { isReservation, type IPAddress } from '../model/ip-address.ts'
import { isOwnedBy, formatKey, type ObjectMeta } from '../model/object-meta.ts'
import { roles, vipParts, type Role } from '../role.ts'

/** An address of a Cluster, or a claim without one, that has to be released after the Cluster. */
export interface HeldAddress {
  /** `reservation`: a duplicate that the Cluster kept out of circulation. */
  readonly role: Role | 'reservation'
  readonly claim?: string
  readonly address?: string
}

/** Entries of a list that fit into the argument of a run: a claim for each role, and many duplicates. */
export const mostHeld = 50

/** The entries of a list that can go into the argument of a run. */
export function readableHeld(held: readonly HeldAddress[]): readonly HeldAddress[] {
  return held.filter(isHeldAddress).slice(0, mostHeld)
}

/** Checks the spelling too, since duplicates come from an annotation, which may hold anything. */
export function isHeldAddress(value: unknown): value is HeldAddress {
  if (!isObject(value)) return false
  const { role, claim, address, ...others } = value
  return (
    [...roles, 'reservation'].some((each) => each === role) &&
    isPlain(claim) &&
    isPlain(address) &&
    Object.keys(others).length === 0
  )
}

function isPlain(text: unknown): boolean {
  return text === undefined || (typeof text === 'string' && /^[\w.:-]{1,253}$/.test(text))
}

/** What may remain of a deleted Cluster. Read in this order, so that each read proves that the earlier ones are complete. */
export interface ObservedRelease {
  readonly ipAddresses: readonly IPAddress[]
  /** Those with the names of the Cluster's claims, of any owner. */
  readonly claims: readonly IPAddressClaim[]
  /** The Cluster of this name, whatever its uid. */
  readonly present: Cluster | undefined
}

/** An object of a deleted Cluster. */
export type RemainingObject = { readonly held: HeldAddress } & (
  | { readonly kind: 'IPAddressClaim'; readonly object: IPAddressClaim }
  /** Only one without a claim of the same Cluster, with which it would go. */
  | { readonly kind: 'IPAddress'; readonly object: IPAddress }
)

/** By owner references: a Cluster that was recreated under the same name has the same names and labels. */
export function remainingObjects(
  deleted: ClusterIdentity,
  observed: ObservedRelease,
): readonly RemainingObject[] {
  const claims = observed.claims.filter((claim) => ownershipOf(claim, deleted).owner === 'this-cluster')
  const isWithClaim = (ipAddress: IPAddress): boolean => claims.some((claim) => isFor(ipAddress, claim))
  return [
    ...claims.map((object) => {
      const address = observed.ipAddresses.find((each) => isFor(each, object))?.address
      return { kind: 'IPAddressClaim', object, held: heldBy(object.name, address) } as const
    }),
    ...observed.ipAddresses
      .filter((each) => !isWithClaim(each))
      .filter((each) => isOwnedBy(each, deleted.uid) || isStray(deleted, each, observed))
      .map((object) => ({ kind: 'IPAddress', object, held: heldAlone(object) }) as const),
  ]
}

/**
 * Whether it is the IPAddress of a claim that is gone, for example because a person removed its finalizers. Its pool owns it
 * too, so that the garbage collector keeps it. That of a recreated Cluster has a claim, or the Cluster as owner.
 */
function isStray(
  deleted: ClusterIdentity,
  ipAddress: IPAddress,
  { claims, present }: ObservedRelease,
): boolean {
  return (
    vipParts.some((part) => isClaimNameOf(deleted, part, ipAddress.claimName)) &&
    !claims.some(({ name }) => name === ipAddress.claimName) &&
    !(present !== undefined && isOwnedBy(ipAddress, present.uid))
  )
}

function isFor(ipAddress: IPAddress, claim: IPAddressClaim): boolean {
  return ipAddress.name === claim.addressName || isOwnedBy(ipAddress, claim.uid)
}

function heldAlone(ipAddress: IPAddress): HeldAddress {
  const { address, claimName } = ipAddress
  return isReservation(ipAddress) ? { role: 'reservation', address } : heldBy(claimName, address)
}

function heldBy(claim: string, address: string | undefined): HeldAddress {
  const role = roleOfClaim(claim) ?? 'reservation'
  return { role, claim, ...(address !== undefined && { address }) }
}

/** Merges two lists: each claim and each reservation once, with its address if either list has it. */
export function heldTogether(
  recorded: readonly HeldAddress[],
  found: readonly HeldAddress[],
): readonly HeldAddress[] {
  const all = new Map<string, HeldAddress>()
  for (const held of [...recorded, ...found]) {
    const key = held.claim ?? `${held.role} ${held.address}`
    all.set(key, { ...all.get(key), ...held })
  }
  return [...all.values()]
}

/**
 * Whether only a Cluster that is gone owns an object, so that it may be deleted in the garbage collector's place: that one
 * can miss the deletion of a Cluster that is recreated at once.
 *
 * @param present the Cluster of this name, read after the object
 */
export function isOrphanOf(uid: string, object: ObjectMeta, present: Cluster | undefined): boolean {
  return object.ownerReferences.length === 1 && isOwnedBy(object, uid) && present?.uid !== uid
}

/** @param seconds since the run began */
export function describeRelease(
  deleted: ClusterIdentity,
  released: readonly HeldAddress[],
  seconds: number,
): string {
  const key = formatKey(deleted)
  if (released.length === 0) return `Cluster ${key} is gone, and held nothing any more`
  return `Cluster ${key} is gone, and so is what it held, ${seconds} s after this run began: ${released.map(describeHeld).join(', ')}`
}

export function describeReleased(released: readonly HeldAddress[]): string {
  return `released with its Cluster: ${released.map(describeHeld).join(', ')}`
}

/** `control-plane VIP 10.0.0.10 (IPAddressClaim vip-cp-demo)` */
function describeHeld({ role, claim, address }: HeldAddress): string {
  if (role === 'reservation') return `reservation of ${address ?? 'no address'}`
  const vip = `${role} VIP ${address ?? 'without an address'}`
  return claim === undefined ? vip : `${vip} (IPAddressClaim ${claim})`
}
