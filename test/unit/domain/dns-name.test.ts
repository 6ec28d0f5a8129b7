import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { dnsNameFrom, isDnsNameTemplate, whyNoDnsName } from '../../../src/domain/dns-name.ts'
import { holdsForAll } from '../../support/seeded-random.ts'

describe('a template of DNS names', () => {
  it.each([
    '{cluster}.{namespace}.example.com',
    '{namespace}.{cluster}.example.com',
    'api-{cluster}.{namespace}.k8s.example.com',
    '*.apps.{cluster}.{namespace}.example.com',
    '{cluster}.of-{namespace}.example',
  ])('can be %s', (template) => {
    expect(isDnsNameTemplate(template)).toBe(true)
  })

  it.each([
    '',
    '{cluster}.{namespace}',
    '{cluster}.example.com',
    '{namespace}.example.com',
    '{cluster}-{namespace}.example.com',
    '{Cluster}.{namespace}.example.com',
    '{cluster}.{namespace}.example.com.',
    '{cluster}..{namespace}.example.com',
    '{cluster}.*.{namespace}.example.com',
    '{cluster}.{namespace}.EXAMPLE.com',
    '-{cluster}.{namespace}.example.com',
    `{cluster}.{namespace}.${'a'.repeat(64)}.com`,
  ])('cannot be "%s"', (template) => {
    expect(isDnsNameTemplate(template)).toBe(false)
  })

  it('gives no two Clusters one name', () => {
    const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,4}[a-z0-9])?$/)
    const dotted = fc.array(label, { minLength: 1, maxLength: 2 }).map((labels) => labels.join('.'))
    const cluster = fc.record({ namespace: label, name: dotted })
    const template = fc.constantFrom(
      '{cluster}.{namespace}.example.com',
      '{namespace}.{cluster}.example.com',
      'a-{cluster}.b-{namespace}.example.com',
    )
    holdsForAll(fc.tuple(template, cluster, cluster), ([text, one, other]) => {
      const isSame = one.namespace === other.namespace && one.name === other.name
      expect(dnsNameFrom(text, one) === dnsNameFrom(text, other)).toBe(isSame)
    })
  })
})

describe('a DNS name', () => {
  it.each([
    ['a.example.com', undefined],
    ['*.a.example.com', undefined],
    [`${'a'.repeat(64)}.example.com`, `its label ${'a'.repeat(64)} has more than 63 characters`],
    [`${'a.'.repeat(126)}aa`, 'it has 254 characters, and a DNS name has at most 253'],
    ['a_b.example.com', 'a DNS name has labels of small letters, digits and hyphens'],
  ])('%s: %s', (name, why) => {
    expect(whyNoDnsName(name)).toBe(why)
  })
})
