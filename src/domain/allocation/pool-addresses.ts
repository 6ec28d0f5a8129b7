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

/** Why the pool's provider never allocates an address; undefined if it may. */
export function whyNeverGivenBy(pool: IPPool, address: string): string | undefined {
  if (!isAddressIn(pool.addresses, address)) return 'does not have it'
  const wanted = rangesOf([address])
  return gapsOf(pool).find(({ ranges }) => commonRanges(ranges, wanted).length > 0)?.because
}

/** Addresses that a provider leaves out, and why. */
interface Gap {
  readonly because: string
  readonly ranges: readonly AddressRange[]
}

function gapsOf(pool: IPPool): readonly Gap[] {
  return [
    { because: 'excludes it', ranges: rangesOf(pool.excludedAddresses) },
    { because: 'has it as its gateway', ranges: rangesOf(pool.gateway === undefined ? [] : [pool.gateway]) },
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
    { because: 'keeps it as the address of its subnet', ranges: only(network) },
    ...(bytes === 4
      ? [{ because: 'keeps it as the broadcast address of its subnet', ranges: only(network + size - 1n) }]
      : []),
  ]
}
