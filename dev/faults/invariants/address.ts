import { isIPv6 } from 'node:net'

/** The canonical spelling: IPv6 as in URLs, names in lower case, other text unchanged. */
export function canonicalAddress(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return isIPv6(bare) ? new URL(`http://[${bare.replace(/%.*$/, '')}]/`).hostname.slice(1, -1) : bare
}

export function isSameAddress(one: string, other: string): boolean {
  return canonicalAddress(one) === canonicalAddress(other)
}
