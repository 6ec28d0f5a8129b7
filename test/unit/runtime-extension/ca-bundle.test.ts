import { describe, expect, it } from '@jest/globals'
import { X509Certificate } from 'node:crypto'
import { createCaBundles, isVerifiedBy } from '../../../src/runtime-extension/ca-bundle.ts'
import { makeAuthority } from '../../support/make-certificates.ts'

const old = makeAuthority('authority')
// Of the same name, as a renewed authority is.
const renewed = makeAuthority('authority')
const other = makeAuthority('other')

function expectSame(one: string, ...authorities: readonly string[]): void {
  const blocks = one.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g) ?? []
  const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256
  expect(blocks.map(fingerprint)).toEqual(authorities.map(fingerprint))
}

describe('the caBundle of an ExtensionConfig', () => {
  it.each<[string, string | undefined, readonly string[]]>([
    ['there is none yet', undefined, [old.cert]],
    ['it is there already', old.cert, [old.cert]],
    ['another replica has a renewed one', renewed.cert, [old.cert, renewed.cert]],
    ['another replica has both', renewed.cert + old.cert, [old.cert, renewed.cert]],
    ['somebody has written a text', 'no certificate', [old.cert]],
    [
      'somebody has broken one',
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n' + other.cert,
      [old.cert, other.cert],
    ],
  ])('has the own authority first, if %s', (_, existing, expected) => {
    expectSame(createCaBundles().merge(old.cert, existing), ...expected)
  })

  it('keeps the authority of others for an hour since it was first seen, and again if it comes back', () => {
    let now = Date.now()
    const bundles = createCaBundles({ now: () => now })
    const both = renewed.cert + old.cert
    expectSame(bundles.merge(renewed.cert, old.cert), renewed.cert, old.cert)
    now += 59 * 60_000
    expectSame(bundles.merge(renewed.cert, both), renewed.cert, old.cert)
    now += 60_000
    expectSame(bundles.merge(renewed.cert, both), renewed.cert)
    expectSame(bundles.merge(renewed.cert, renewed.cert), renewed.cert)
    expectSame(bundles.merge(renewed.cert, both), renewed.cert, old.cert)
  })

  it('keeps none that has expired', () => {
    const inElevenYears = Date.now() + 11 * 365 * 86_400_000
    expectSame(createCaBundles({ now: () => inElevenYears }).merge(renewed.cert, old.cert), renewed.cert)
  })

  it('keeps ten at most', () => {
    const many = Array.from({ length: 12 }, (_, index) => makeAuthority(`authority ${index}`).cert)
    expectSame(createCaBundles().merge(old.cert, many.join('')), old.cert, ...many.slice(0, 10))
  })
})

describe('a certificate', () => {
  const { cert } = old.issue('server')

  it.each<[string, string, string, boolean]>([
    ['its authority', old.cert, cert, true],
    ['its authority beside others', other.cert + old.cert, cert, true],
    ['the certificate itself', cert, cert, true],
    ['another authority', other.cert, cert, false],
    ['another authority of the same name', renewed.cert, cert, false],
    ['nothing', '', cert, false],
    ['its authority, if it is no certificate', old.cert, 'text', false],
  ])('by %s in the bundle is verified or not', (_, bundle, certificate, expected) => {
    expect(isVerifiedBy(bundle, certificate)).toBe(expected)
  })
})
