import ipaddr from 'ipaddr.js'
import { boundsOf } from './address-text.ts'

/** All addresses from the first to the last, both included; IPv4 and IPv6 are told apart. */
export interface AddressRange {
  readonly bytes: 4 | 16
  readonly first: bigint
  readonly last: bigint
}

/** The ranges of a pool's entries; an entry that cannot be read is none. */
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

/** What two lists of ranges have in common. */
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

/** What is left of ranges where others are taken away. */
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
