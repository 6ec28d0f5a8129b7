import ipaddr from 'ipaddr.js'

/**
 * One spelling for every way to write an address, so that two can be compared. What is no IP address, such as
 * a host name, is compared by its lower-case text.
 */
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

/**
 * Whether an address lies in one of the entries of a pool's `spec.addresses`: an address, a CIDR, or a range
 * `first-last`. An entry that cannot be read contains nothing.
 */
export function isAddressIn(entries: readonly string[], address: string): boolean {
  if (!isIPAddress(address)) return false
  const bytes = ipaddr.process(address).toByteArray()
  return entries.some((entry) => {
    const bounds = boundsOf(entry)
    return bounds !== undefined && compare(bounds.first, bytes) <= 0 && compare(bytes, bounds.last) <= 0
  })
}

/** The first and the last address of a range, as bytes. */
export interface Bounds {
  readonly first: readonly number[]
  readonly last: readonly number[]
}

/** Reads an entry of a pool's `spec.addresses`; undefined where it cannot be read. */
export function boundsOf(entry: string): Bounds | undefined {
  const [first = '', last = first] = entry.split('-', 2).map((part) => part.trim())
  if (ipaddr.isValidCIDR(first)) return cidrBounds(first)
  if (!isIPAddress(first) || !isIPAddress(last)) return undefined
  return { first: ipaddr.process(first).toByteArray(), last: ipaddr.process(last).toByteArray() }
}

function cidrBounds(cidr: string): Bounds {
  const kind = ipaddr.parseCIDR(cidr)[0].kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  const first = kind.networkAddressFromCIDR(cidr).toByteArray()
  const bits = ipaddr.parseCIDR(cidr)[1]
  const last = first.map((byte, index) => byte | (0xff >> Math.min(8, Math.max(0, bits - index * 8))))
  return { first, last }
}

/** Addresses of the shorter kind (IPv4) come before all of the longer one. */
function compare(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return a.length - b.length
  const index = a.findIndex((byte, at) => byte !== b[at])
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0)
}
