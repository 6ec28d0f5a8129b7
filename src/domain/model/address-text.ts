import ipaddr from 'ipaddr.js'

/** One spelling for every way to write an address, so that two can be compared; any other text, in lower case. */
export function canonicalAddress(text: string): string {
  return isIPAddress(text) ? ipaddr.process(text).toString() : text.toLowerCase()
}

/**
 * IPv4 in four decimal parts only: older spellings such as `10.1` mean something else to everybody else. An IPv6 address
 * with a zone (`fe80::1%eth0`) is one of a single machine, and in no pool.
 */
export function isIPAddress(text: string): boolean {
  return (ipaddr.IPv6.isValid(text) && !text.includes('%')) || ipaddr.IPv4.isValidFourPartDecimal(text)
}

/** As Kubernetes writes them. */
export type AddressFamily = 'IPv4' | 'IPv6'

export const addressFamilies: readonly AddressFamily[] = ['IPv4', 'IPv6']

/** Undefined: the text names none. */
export function addressFamilyFrom(text: string | undefined): AddressFamily | undefined {
  return addressFamilies.find((family) => family === text)
}

/** The family of an address, in any spelling; undefined: the text is none. */
export function familyOfAddress(text: string): AddressFamily | undefined {
  if (!isIPAddress(text)) return undefined
  return ipaddr.process(text).kind() === 'ipv4' ? 'IPv4' : 'IPv6'
}

/** The families of a pool's entries; empty if none can be read. */
export function familiesIn(entries: readonly string[]): readonly AddressFamily[] {
  const bytes = new Set(rangesOf(entries).map((range) => range.bytes))
  return [...(bytes.has(4) ? ['IPv4' as const] : []), ...(bytes.has(16) ? ['IPv6' as const] : [])]
}

/** All addresses from the first to the last, both included; IPv4 and IPv6 never mix. */
export interface AddressRange {
  readonly bytes: 4 | 16
  readonly first: bigint
  readonly last: bigint
}

/**
 * The first and the last address, as bytes, of an entry of a pool's `spec.addresses`: an address, a CIDR, or a range
 * `first-last`; undefined if it cannot be read.
 */
export function boundsOf(
  entry: string,
): { readonly first: readonly number[]; readonly last: readonly number[] } | undefined {
  const [first = '', last = first] = entry.split('-', 2).map((part) => part.trim())
  if (ipaddr.isValidCIDR(first)) return boundsOfCIDR(first)
  if (!isIPAddress(first) || !isIPAddress(last)) return undefined
  return { first: ipaddr.process(first).toByteArray(), last: ipaddr.process(last).toByteArray() }
}

/** The ranges of a pool's entries, without those that cannot be read or mix IPv4 and IPv6. */
export function rangesOf(entries: readonly string[]): readonly AddressRange[] {
  return entries
    .map(boundsOf)
    .filter((bounds) => bounds !== undefined)
    .filter(({ first, last }) => first.length === last.length)
    .map(({ first, last }) => ({
      bytes: first.length === 4 ? 4 : 16,
      first: numberOf(first),
      last: numberOf(last),
    }))
}

/** Whether an address is in one of the entries of a pool's `spec.addresses`. */
export function isAddressIn(entries: readonly string[], address: string): boolean {
  return isIPAddress(address) && commonRanges(rangesOf(entries), rangesOf([address])).length > 0
}

export function commonRanges(
  some: readonly AddressRange[],
  others: readonly AddressRange[],
): readonly AddressRange[] {
  return some.flatMap((one) =>
    others
      .filter(({ bytes }) => bytes === one.bytes)
      .map((other) => ({
        bytes: one.bytes,
        first: one.first > other.first ? one.first : other.first,
        last: one.last < other.last ? one.last : other.last,
      }))
      .filter(({ first, last }) => first <= last),
  )
}

export function withoutRanges(
  ranges: readonly AddressRange[],
  taken: readonly AddressRange[],
): readonly AddressRange[] {
  return taken.reduce<readonly AddressRange[]>(
    (left, hole) => left.flatMap((range) => withoutHole(range, hole)),
    ranges,
  )
}

/** `10.0.0.10-10.0.0.20`, or one address alone. */
export function formatRange({ bytes, first, last }: AddressRange): string {
  const [from, to] = [addressOf(first, bytes), addressOf(last, bytes)]
  return from === to ? from : `${from}-${to}`
}

function boundsOfCIDR(cidr: string): ReturnType<typeof boundsOf> {
  const [address, bits] = ipaddr.parseCIDR(cidr)
  const kind = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  const first = kind.networkAddressFromCIDR(cidr).toByteArray()
  const last = first.map((byte, index) => byte | (0xff >> Math.min(8, Math.max(0, bits - index * 8))))
  return { first, last }
}

function withoutHole(range: AddressRange, hole: AddressRange): readonly AddressRange[] {
  if (hole.bytes !== range.bytes || hole.last < range.first || range.last < hole.first) return [range]
  return [
    { ...range, last: hole.first - 1n },
    { ...range, first: hole.last + 1n },
  ].filter(({ first, last }) => first <= last)
}

function numberOf(bytes: readonly number[]): bigint {
  return bytes.reduce((number, byte) => number * 256n + BigInt(byte), 0n)
}

function addressOf(number: bigint, bytes: 4 | 16): string {
  const parts = Array.from({ length: bytes }, (_, index) =>
    Number((number >> BigInt(8 * (bytes - 1 - index))) & 0xffn),
  )
  return ipaddr.fromByteArray(parts).toString()
}

/** Whether a text can be a DNS name; `https://api.example.com` and `api.example.com:6443` cannot. */
export function isDnsName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^([a-z0-9_]([-\w]{0,61}[a-z0-9])?\.)*[a-z0-9_]([-\w]{0,61}[a-z0-9])?\.?$/i.test(text)
  )
}
