import { describe, expect, it } from '@jest/globals'
import {
  canonicalAddress,
  commonRanges,
  formatRange,
  isAddressIn,
  isIPAddress,
  rangesOf,
  withoutRanges,
} from '../../../../src/domain/model/address-text.ts'

describe('canonicalAddress', () => {
  it.each([
    ['10.0.0.10', '10.0.0.10'],
    ['FD00:0:0::0010', 'fd00::10'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['API.Example.org', 'api.example.org'],
    ['10.1', '10.1'],
    ['', ''],
  ])('spells %s as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical)
  })
})

describe('isIPAddress', () => {
  it.each([
    ['10.0.0.10', true],
    ['fd00::10', true],
    ['::ffff:10.0.0.1', true],
    ['fe80::1%eth0', false],
    ['10.1', false],
    ['10.0.0.010', false],
    [' 10.0.0.10', false],
    ['10.0.0.0/8', false],
  ])('of "%s" is %s', (text, expected) => {
    expect(isIPAddress(text)).toBe(expected)
  })
})

describe('isAddressIn', () => {
  it.each<[string, string, boolean]>([
    ['10.0.0.10', '10.0.0.10', true],
    ['10.0.0.10', '10.0.0.11', false],
    ['10.0.0.10-10.0.0.20', '10.0.0.10', true],
    ['10.0.0.10-10.0.0.20', '10.0.0.20', true],
    ['10.0.0.10-10.0.0.20', '10.0.0.9', false],
    ['10.0.0.10-10.0.0.20', '10.0.0.21', false],
    ['10.0.0.10 - 10.0.1.5', '10.0.0.200', true],
    ['10.0.0.16/28', '10.0.0.16', true],
    ['10.0.0.16/28', '10.0.0.31', true],
    ['10.0.0.16/28', '10.0.0.32', false],
    ['10.0.0.16/28', '10.0.0.15', false],
    ['10.0.0.0/0', '255.255.255.255', true],
    ['fd00::/64', 'fd00::ffff:ffff:ffff:ffff', true],
    ['fd00::/64', 'fd00:0:0:1::', false],
    ['fd00::/65', 'fd00::8000:0:0:0', false],
    ['fd00::/64', '10.0.0.1', false],
    ['10.0.0.0/8', 'fd00::1', false],
    ['nonsense', '10.0.0.1', false],
    ['10.0.0.10-nonsense', '10.0.0.10', false],
    ['10.0.0.0/8', 'api.example.org', false],
    ['fd00::/64', 'fd00::1%eth0', false],
  ])('%s: %s is %s', (entry, address, expected) => {
    expect(isAddressIn([entry], address)).toBe(expected)
  })

  it('looks at every entry', () => {
    expect(isAddressIn(['10.0.0.1', 'nonsense', '10.0.1.0/24'], '10.0.1.7')).toBe(true)
    expect(isAddressIn([], '10.0.1.7')).toBe(false)
  })
})

const read = (...entries: readonly string[]): readonly string[] => rangesOf(entries).map(formatRange)
const less = (entries: readonly string[], taken: readonly string[]): readonly string[] =>
  withoutRanges(rangesOf(entries), rangesOf(taken)).map(formatRange)
const common = (one: readonly string[], other: readonly string[]): readonly string[] =>
  commonRanges(rangesOf(one), rangesOf(other)).map(formatRange)

describe('ranges of addresses', () => {
  it('are read from addresses, ranges and CIDRs', () => {
    expect(read('10.0.0.1', '10.0.0.5-10.0.0.9', 'fd00::/126')).toEqual([
      '10.0.0.1',
      '10.0.0.5-10.0.0.9',
      'fd00::-fd00::3',
    ])
  })

  it('are none where an entry cannot be read, or goes from one kind of address to the other', () => {
    expect(read('nonsense', '10.0.0.1-fd00::1', '10.0.0.2')).toEqual(['10.0.0.2'])
  })
})

describe('what ranges have in common', () => {
  it.each([
    [
      'the end of one and the beginning of the other',
      '10.0.0.1-10.0.0.5',
      '10.0.0.4-10.0.0.9',
      ['10.0.0.4-10.0.0.5'],
    ],
    ['the same the other way round', '10.0.0.4-10.0.0.9', '10.0.0.1-10.0.0.5', ['10.0.0.4-10.0.0.5']],
    ['all of the smaller one', '10.0.0.1-10.0.0.9', '10.0.0.3-10.0.0.4', ['10.0.0.3-10.0.0.4']],
    ['a single address', '10.0.0.1-10.0.0.5', '10.0.0.5-10.0.0.9', ['10.0.0.5']],
    ['nothing where they lie side by side', '10.0.0.1-10.0.0.4', '10.0.0.5-10.0.0.9', []],
    ['nothing where the kinds of address differ', '0.0.0.1-0.0.0.9', '::1-::9', []],
  ])('is %s', (_, one, other, expected) => {
    expect(common([one], [other])).toEqual(expected)
  })
})

describe('what is left of a range', () => {
  it.each([
    ['both sides of a hole', '10.0.0.4-10.0.0.5', ['10.0.0.1-10.0.0.3', '10.0.0.6-10.0.0.9']],
    ['single addresses beside a hole', '10.0.0.2-10.0.0.8', ['10.0.0.1', '10.0.0.9']],
    ['the end where the hole is at the beginning', '10.0.0.0-10.0.0.3', ['10.0.0.4-10.0.0.9']],
    ['the beginning where the hole is at the end', '10.0.0.8-10.0.0.20', ['10.0.0.1-10.0.0.7']],
    ['nothing where the hole is larger', '10.0.0.0/24', []],
    ['all of it where the hole is before it', '10.0.0.0', ['10.0.0.1-10.0.0.9']],
    ['all of it where the hole is after it', '10.0.0.10', ['10.0.0.1-10.0.0.9']],
    ['all of it where the hole is of the other kind of address', '::/0', ['10.0.0.1-10.0.0.9']],
  ])('is %s', (_, hole, expected) => {
    expect(less(['10.0.0.1-10.0.0.9'], [hole])).toEqual(expected)
  })

  it('is what no hole covers', () => {
    expect(less(['10.0.0.1-10.0.0.9'], ['10.0.0.2', '10.0.0.8'])).toEqual([
      '10.0.0.1',
      '10.0.0.3-10.0.0.7',
      '10.0.0.9',
    ])
  })
})
