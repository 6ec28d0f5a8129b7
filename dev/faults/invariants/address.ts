import { isIPv6 } from 'node:net'

/** The one spelling of an address: IPv6 as URLs write it, a name in lower case, anything else as it is. */
export function canonicalAddress(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return isIPv6(bare) ? new URL(`http://[${bare.replace(/%.*$/, '')}]/`).hostname.slice(1, -1) : bare
}

export function isSameAddress(one: string, other: string): boolean {
  return canonicalAddress(one) === canonicalAddress(other)
}
