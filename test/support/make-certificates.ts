import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

/** Certificates for tests of TLS, made by hand: Node.js reads them, but makes none. */

/** PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface Authority {
  readonly cert: string
  /** Issues a certificate for localhost and 127.0.0.1, of a server or a client. */
  issue(name: string): KeyPair
  /** The same, but of a further authority. */
  issueAuthority(name: string): KeyPair
}

/** Makes a certificate authority, and with it certificates that are valid from yesterday until in ten years. */
export function makeAuthority(name: string): Authority {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const isAuthority = extension([0x55, 0x1d, 0x13], sequence(boolean(true)))
  const certificate = (subject: string, publicKey: KeyObject, extensions: readonly Buffer[]): string =>
    pem(signed(ca.privateKey, toBeSigned(name, subject, publicKey, extensions)))
  const pairFor = (subject: string, more: readonly Buffer[]): KeyPair => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])))
    return {
      cert: certificate(subject, publicKey, [extension([0x55, 0x1d, 0x11], names), ...more]),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  }
  return {
    cert: certificate(name, ca.publicKey, [isAuthority]),
    issue: (subject) => pairFor(subject, []),
    issueAuthority: (subject) => pairFor(subject, [isAuthority]),
  }
}

const dayMs = 86_400_000
/** ecdsa-with-SHA256. */
const algorithm = (): Buffer => sequence(identifier([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]))
let serial = 1

function toBeSigned(
  issuer: string,
  subject: string,
  publicKey: KeyObject,
  extensions: readonly Buffer[],
): Buffer {
  return sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial++ % 128])),
    algorithm(),
    commonName(issuer),
    sequence(utcTime(Date.now() - dayMs), utcTime(Date.now() + 3650 * dayMs)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
}

function signed(key: KeyObject, body: Buffer): Buffer {
  const signature = sign('sha256', body, key)
  return sequence(body, algorithm(), der(0x03, Buffer.concat([Buffer.from([0]), signature])))
}

function commonName(name: string): Buffer {
  const attribute = sequence(identifier([0x55, 0x04, 0x03]), der(0x0c, Buffer.from(name)))
  return sequence(der(0x31, attribute))
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return sequence(identifier(id), der(0x04, value))
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`))
}

function boolean(value: boolean): Buffer {
  return der(0x01, Buffer.from([value ? 0xff : 0]))
}

function identifier(id: readonly number[]): Buffer {
  return der(0x06, Buffer.from(id))
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(contents))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
