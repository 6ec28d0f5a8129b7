import { describe, expect, it } from '@jest/globals'
import { canonicalAddress, isAddressIn, isIPAddress } from '../../../../src/domain/model/address-text.ts'

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
