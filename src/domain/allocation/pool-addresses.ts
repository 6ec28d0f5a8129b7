import {
  commonRanges,
  isAddressIn,
  rangesOf,
  withoutRanges,
  type AddressRange,
} from '../model/address-text.ts'
import type { IPPool } from '../model/pool.ts'

/** The addresses that the pool's provider may allocate. */
export function rangesGivenBy(pool: IPPool): readonly AddressRange[] {
  return withoutRanges(
    rangesOf(pool.addresses),
    gapsOf(pool).flatMap(({ ranges }) => ranges),
  )
}

/** Why the pool's provider never allocates an address; undefined if it may. @param name of the address in the sentence */
export function whyNeverGivenBy(pool: IPPool, address: string, name = 'it'): string | undefined {
  if (!isAddressIn(pool.addresses, address)) return `does not have ${name}`
  const wanted = rangesOf([address])
  return gapsOf(pool)
    .find(({ ranges }) => commonRanges(ranges, wanted).length > 0)
    ?.because(name)
}

/** Why an address cannot be in a pool at all; undefined if one of its family could be. @param name as in `whyNeverGivenBy` */
export function whyOfOtherFamily({ addresses }: IPPool, address: string, name: string): string | undefined {
  const [wanted] = rangesOf([address])
  const families = new Set(rangesOf(addresses).map(({ bytes }) => bytes))
  const [family] = families
  if (wanted === undefined || family === undefined || families.has(wanted.bytes)) return undefined
  return `has ${familyOf[family]} addresses only, and ${name} is ${familyOf[wanted.bytes]}`
}

const familyOf = { 4: 'IPv4', 16: 'IPv6' } as const

/** Addresses that a provider leaves out, and why. */
interface Gap {
  readonly because: (name: string) => string
  readonly ranges: readonly AddressRange[]
}

function gapsOf(pool: IPPool): readonly Gap[] {
  const gateway = pool.gateway === undefined ? [] : [pool.gateway]
  return [
    { because: (name) => `excludes ${name}`, ranges: rangesOf(pool.excludedAddresses) },
    { because: (name) => `has ${name} as its gateway`, ranges: rangesOf(gateway) },
    ...(pool.givesReserved ? [] : reservedIn(pool)),
  ]
}

/** The provider takes the subnet from the pool's lowest address. Only IPv4 has a broadcast address. */
function reservedIn({ addresses, prefix }: IPPool): readonly Gap[] {
  const [lowest] = rangesOf(addresses).toSorted(
    (a, b) => a.bytes - b.bytes || (a.first < b.first ? -1 : a.first > b.first ? 1 : 0),
  )
  if (lowest === undefined || prefix > lowest.bytes * 8) return []
  const { bytes } = lowest
  const size = 1n << BigInt(bytes * 8 - prefix)
  const network = lowest.first - (lowest.first % size)
  const only = (address: bigint): readonly AddressRange[] => [{ bytes, first: address, last: address }]
  return [
    { because: (name) => `keeps ${name} as the address of its subnet`, ranges: only(network) },
    ...(bytes === 4
      ? [
          {
            because: (name: string) => `keeps ${name} as the broadcast address of its subnet`,
            ranges: only(network + size - 1n),
          },
        ]
      : []),
  ]
}
