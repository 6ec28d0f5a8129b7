import { describe, expect, it } from '@jest/globals'
import { checkTlsMaterial, type NamedPem } from '../../../../src/kubernetes/transport/certificates.ts'
import { makeAuthority } from '../../../support/make-certificates.ts'

const authority = makeAuthority('ours')
const ours = authority.issue('client')
const others = makeAuthority('others').issue('client')

function pem(source: string, text: string): NamedPem {
  return { source, pem: Buffer.from(text) }
}

const ca = (text: string): NamedPem => pem('certificate authority /tls/ca.crt', text)
const cert = (text: string): NamedPem => pem('client certificate /tls/tls.crt', text)
const key = (text: string): NamedPem => pem('client key /tls/tls.key', text)

describe('certificates and key', () => {
  it('pass if they belong together, with a bundle of authorities', () => {
    const bundle = `# ours\n${authority.cert}\n${makeAuthority('next').cert}`
    expect(() =>
      checkTlsMaterial({ ca: ca(bundle), cert: cert(ours.cert), key: key(ours.key) }),
    ).not.toThrow()
    expect(() => checkTlsMaterial({})).not.toThrow()
  })

  it.each<[string, Parameters<typeof checkTlsMaterial>[0], string]>([
    [
      'an authority that is none',
      { ca: ca('<html>') },
      'certificate authority /tls/ca.crt holds no certificate, expected PEM',
    ],
    [
      'an authority that is written by half',
      { ca: ca(authority.cert.slice(0, 200)) },
      'certificate authority /tls/ca.crt holds no certificate, expected PEM',
    ],
    [
      'a bundle whose second authority is damaged',
      { ca: ca(`${authority.cert}${authority.cert.replace(/\nMI.{20}/, '\nMIAA')}`) },
      'certificate authority /tls/ca.crt holds a certificate that cannot be read, expected PEM',
    ],
    [
      'an empty certificate',
      { cert: cert(''), key: key(ours.key) },
      'client certificate /tls/tls.crt holds no certificate, expected PEM',
    ],
    [
      'a key that is written by half',
      { cert: cert(ours.cert), key: key(ours.key.slice(0, 100)) },
      'client key /tls/tls.key holds no private key that can be read, expected PEM without a passphrase',
    ],
    [
      'the key of another certificate',
      { cert: cert(ours.cert), key: key(others.key) },
      'client key /tls/tls.key is the key of another certificate than client certificate /tls/tls.crt',
    ],
  ])('are refused by name, and without their contents: %s', (_, material, message) => {
    expect(() => checkTlsMaterial(material)).toThrow(new Error(message))
  })
})
