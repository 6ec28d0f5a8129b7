import { canonicalAddress, familyOfAddress, isIPAddress, type AddressFamily } from '../model/address-text.ts'
import type { Cluster } from '../model/cluster.ts'
import { commaSeparated, nonEmptyStringOf } from '../model/decode.ts'
import { formatKey } from '../model/object-meta.ts'
import { ipFamiliesAnnotation, reserveEndpointAnnotation } from '../names.ts'
import { quoted } from '../quote.ts'
import { partSpecs, roleSpecs, vipParts, type Role, type VipPart } from '../role.ts'
import { pairIn } from './ip-families.ts'

/** What a Cluster says about the one address that a VIP has to be. */
export type AskedAddress =
  /** In canonical spelling. */
  | { readonly asks: 'for-address'; readonly address: string }
  /** The annotation has an invalid value. */
  | { readonly asks: 'unreadably'; readonly message: string }

/** The address that a Cluster asks for by annotation, for a pair `first,second`; undefined: any will do. */
export function askedAddressOf(cluster: Cluster, part: VipPart): AskedAddress | undefined {
  const { addressAnnotation, isSecond } = partSpecs[part]
  const text = nonEmptyStringOf(cluster.annotations[addressAnnotation]?.trim())
  if (text === undefined) return undefined
  const pair = pairIn(text)
  if (pair !== undefined) {
    return { asks: 'for-address', address: canonicalAddress(pair[isSecond ? 1 : 0]) }
  }
  if (isSecond) return undefined
  if (isIPAddress(text)) return { asks: 'for-address', address: canonicalAddress(text) }
  const message = `annotation ${addressAnnotation} of Cluster ${formatKey(cluster)} is ${quoted(text)}, expected one IP address${hintFor(text)}`
  return { asks: 'unreadably', message }
}

/**
 * Why a VIP cannot be what the Cluster asks for by address, since it asks for other families by `ip-families`; undefined if it
 * can be, or if one of the two annotations is absent or unreadable.
 *
 * @param families that the Cluster or its class asks for, the first one first; empty: one address of any
 */
export function whyOtherFamilies(
  cluster: Cluster,
  role: Role,
  families: readonly AddressFamily[],
): string | undefined {
  const { addressAnnotation } = roleSpecs[role]
  const text = cluster.annotations[addressAnnotation]?.trim() ?? ''
  const asked = (pairIn(text) ?? [text]).map(familyOfAddress)
  if (asked.includes(undefined)) return undefined
  const isTooMany = asked.length > Math.max(families.length, 1)
  const isOther = asked.some((family, index) => families.length > 0 && family !== families[index])
  if (!isTooMany && !isOther) return undefined
  const is = `annotation ${addressAnnotation} of Cluster ${formatKey(cluster)} is ${quoted(text)}, expected`
  const [first = 'IP', second] = families
  if (families.length === 0) {
    return `${is} one IP address, or "${asked.join(',')}" in the annotation ${ipFamiliesAnnotation} for a VIP of both`
  }
  const expected = second === undefined ? 'address alone' : `address first, then an ${second} address or none`
  return `${is} an ${first} ${expected}, as ${ipFamiliesAnnotation} is ${quoted(families.join(','))}`
}

/** The readable address that a Cluster asks for; undefined also if the annotation cannot be read. */
export function readableAddressOf(cluster: Cluster, part: VipPart): string | undefined {
  const asked = askedAddressOf(cluster, part)
  return asked?.asks === 'for-address' ? asked.address : undefined
}

/** Whether a Cluster asks for this very address, as either one of a pair. */
export function asksFor(cluster: Cluster, role: Role, address: string): boolean {
  return vipParts
    .filter((part) => partSpecs[part].role === role)
    .some((part) => readableAddressOf(cluster, part) === canonicalAddress(address))
}

/** What a Cluster says about the very address of a VIP, as comparable text. */
export function askingOf({ annotations }: Cluster, role: Role): string {
  const { addressAnnotation } = roleSpecs[role]
  return JSON.stringify([annotations[addressAnnotation], annotations[reserveEndpointAnnotation]])
}

/** `10.0.0.7 by its annotation …/control-plane-address` */
export function describeAsked(address: string, part: VipPart): string {
  return `${address} by its annotation ${partSpecs[part].addressAnnotation}`
}

/**
 * What a message about a VIP that is in place says if the Cluster asks for another address, or unreadably for one; undefined if
 * it does neither.
 */
export function askedBeside(cluster: Cluster, part: VipPart, present: string): string | undefined {
  const asked = askedAddressOf(cluster, part)
  if (asked === undefined || present === '') return undefined
  if (asked.asks === 'unreadably') return `${askedBeginning}unreadably: ${asked.message}`
  if (asked.address === canonicalAddress(present)) return undefined
  return `${askedBeginning}${describeAsked(asked.address, part)}: a VIP that is set never changes; correct the annotation, or create the Cluster anew`
}

/** Of what `askedBeside` says. */
export const askedBeginning = 'but it asks for '

/** What is probably meant by a text that is no address. */
function hintFor(text: string): string {
  const entries = commaSeparated(text)
  if (entries.length > 1) return `, not ${entries.length}`
  const bare = /^\[(.*)\]$/.exec(text)?.[1]
  if (bare !== undefined && isIPAddress(bare)) return ' without brackets'
  const [before = '', after] = text.split('/')
  if (after !== undefined && isIPAddress(before)) return ' without a prefix length'
  if (isIPAddress(text.replace(/^\[?([^\]]*)\]?:\d+$/, '$1'))) return ' without a port'
  if (text.split('-').length === 2 && text.split('-').every((end) => isIPAddress(end.trim()))) {
    return ', not a range'
  }
  return text.includes('%') ? ' without a zone' : ''
}
