import { isReservation, type IPAddress } from '../model/ip-address.ts'
import {
  claimNameFor,
  ownerClustersOf,
  ownershipOf,
  type ClusterIdentity,
  type IPAddressClaim,
} from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { isObject } from '../model/decode.ts'
import { formatKey, type ObjectMeta } from '../model/object-meta.ts'
import { roles, type Role } from '../role.ts'

/** An address, or a claim without one, that a Cluster held and that has to go with it. */
export interface HeldAddress {
  /** `reservation`: a duplicate that the Cluster kept out of circulation. */
  readonly role: Role | 'reservation'
  readonly claim?: string
  readonly address?: string
}

/** Entries of a list of them that go into the argument of a run: a claim for each role, and many duplicates. */
export const mostHeld = 50

/** What of a list can go into the argument of a run. */
export function readableHeld(held: readonly HeldAddress[]): readonly HeldAddress[] {
  return held.filter(isHeldAddress).slice(0, mostHeld)
}

/** Whether a value is one, in the spelling of Kubernetes: annotations, from which duplicates are known, hold anything. */
export function isHeldAddress(value: unknown): value is HeldAddress {
  if (!isObject(value)) return false
  const { role, claim, address, ...others } = value
  return (
    [...roles, 'reservation'].some((known) => known === role) &&
    isPlain(claim) &&
    isPlain(address) &&
    Object.keys(others).length === 0
  )
}

function isPlain(text: unknown): boolean {
  return text === undefined || (typeof text === 'string' && /^[\w.:-]{1,253}$/.test(text))
}

/** What one look for the remains of a Cluster has found. Read in this order, so that each part is proof for the ones before. */
export interface ObservedRelease {
  readonly ipAddresses: readonly IPAddress[]
  /** Those under our names, whoever owns them. */
  readonly claims: readonly IPAddressClaim[]
  /** The Cluster of the name, whatever its uid. */
  readonly present: Cluster | undefined
}

/** An object that a Cluster has left behind. */
export type RemainingObject = { readonly held: HeldAddress } & (
  | { readonly kind: 'IPAddressClaim'; readonly object: IPAddressClaim }
  /** Only one without a claim of the same Cluster, with which it would go. */
  | { readonly kind: 'IPAddress'; readonly object: IPAddress }
)

/**
 * What is there of a Cluster's claims and addresses, by owner references: names and labels are those of a Cluster that
 * was re-created under its name, too.
 */
export function leftoversOf(former: ClusterIdentity, sight: ObservedRelease): readonly RemainingObject[] {
  const claims = sight.claims.filter((claim) => ownershipOf(claim, former).owner === 'this-cluster')
  const isWithClaim = (ipAddress: IPAddress): boolean => claims.some((claim) => isFor(ipAddress, claim))
  return [
    ...claims.map((object) => {
      const address = sight.ipAddresses.find((each) => isFor(each, object))?.address
      return { kind: 'IPAddressClaim', object, held: heldBy(former, object.name, address) } as const
    }),
    ...sight.ipAddresses
      .filter((each) => !isWithClaim(each) && (isOwnedBy(each, former.uid) || isStray(former, each, sight)))
      .map((object) => ({ kind: 'IPAddress', object, held: heldAlone(former, object) }) as const),
  ]
}

/**
 * The IPAddress of a claim that is gone, as one whose finalizers a person has removed. Its pool owns it too, so that the
 * garbage collector keeps it. The namesake's has a claim, or is made for one and owned by the namesake.
 */
function isStray(
  former: ClusterIdentity,
  ipAddress: IPAddress,
  { claims, present }: ObservedRelease,
): boolean {
  return (
    roles.some((role) => claimNameFor(former, role) === ipAddress.claimName) &&
    !claims.some(({ name }) => name === ipAddress.claimName) &&
    !(present !== undefined && isOwnedBy(ipAddress, present.uid))
  )
}

function isFor(ipAddress: IPAddress, claim: IPAddressClaim): boolean {
  return ipAddress.name === claim.addressName || isOwnedBy(ipAddress, claim.uid)
}

function isOwnedBy({ ownerReferences }: ObjectMeta, uid: string): boolean {
  return ownerReferences.some((owner) => owner.uid === uid)
}

function heldAlone(former: ClusterIdentity, ipAddress: IPAddress): HeldAddress {
  const { address, claimName } = ipAddress
  return isReservation(ipAddress) ? { role: 'reservation', address } : heldBy(former, claimName, address)
}

/** @param claim the name of one */
function heldBy(former: ClusterIdentity, claim: string, address: string | undefined): HeldAddress {
  const role = roles.find((each) => claimNameFor(former, each) === claim) ?? 'reservation'
  return { role, claim, ...(address !== undefined && { address }) }
}

/** Both lists in one, each claim and each reservation once; an address that one of them knows is kept. */
export function heldTogether(
  known: readonly HeldAddress[],
  found: readonly HeldAddress[],
): readonly HeldAddress[] {
  const all = new Map<string, HeldAddress>()
  for (const held of [...known, ...found]) {
    const key = held.claim ?? `${held.role} ${held.address}`
    all.set(key, { ...all.get(key), ...held })
  }
  return [...all.values()]
}

/**
 * Whether an object may be deleted in the garbage collector's stead, which misses a Cluster that was re-created while it
 * did not hear of it: nobody but a Cluster that is gone owns it.
 *
 * @param present the Cluster of the name, read after the object
 */
export function isOrphanOf(uid: string, object: ObjectMeta, present: Cluster | undefined): boolean {
  return object.ownerReferences.length === 1 && isOwnedBy(object, uid) && present?.uid !== uid
}

/**
 * Whether the Cluster that a claim was made for is gone, or was recreated under the same name. The Cluster of its name
 * adopts a claim without owner.
 *
 * @param uids of all Clusters
 */
export function isOrphaned(
  claim: IPAddressClaim,
  uids: { has(uid: string): boolean },
  named: Cluster | undefined,
): boolean {
  const owners = ownerClustersOf(claim)
  return owners.length === 0 ? named === undefined : !owners.some((uid) => uids.has(uid))
}

/** The end of a release, for people. @param seconds since the run began */
export function describeRelease(
  former: ClusterIdentity,
  released: readonly HeldAddress[],
  seconds: number,
): string {
  const key = formatKey(former)
  if (released.length === 0) return `Cluster ${key} is gone, and held nothing any more`
  return `Cluster ${key} is gone, and so is what it held, ${seconds} s after this run began: ${released.map(describeHeld).join(', ')}`
}

/** What a deleted Cluster held, in words. */
export function describeReleased(released: readonly HeldAddress[]): string {
  return `released with its Cluster: ${released.map(describeHeld).join(', ')}`
}

/** `control-plane VIP 10.0.0.10 (IPAddressClaim vip-cp-demo)` */
function describeHeld({ role, claim, address }: HeldAddress): string {
  if (role === 'reservation') return `reservation of ${address ?? 'no address'}`
  const vip = `${role} VIP ${address ?? 'without an address'}`
  return claim === undefined ? vip : `${vip} (IPAddressClaim ${claim})`
}
