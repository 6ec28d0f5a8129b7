import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'

/** PEM, with its source for messages: `client certificate /etc/tls/tls.crt`. */
export interface NamedPem {
  readonly source: string
  readonly pem: Uint8Array
}

export interface TlsMaterial {
  readonly ca?: NamedPem | undefined
  readonly cert?: NamedPem | undefined
  readonly key?: NamedPem | undefined
}

/**
 * Checks certificates and key before they are used: files are replaced one after the other, and a half-written set must not
 * take the place of one that works.
 *
 * @throws Error that names the source, and quotes nothing of it
 */
export function checkTlsMaterial({ ca, cert, key }: TlsMaterial): void {
  if (ca !== undefined) certificatesIn(ca)
  const [leaf] = cert === undefined ? [] : certificatesIn(cert)
  const privateKey = key && privateKeyIn(key)
  if (leaf === undefined || privateKey === undefined || leaf.checkPrivateKey(privateKey)) return
  throw new Error(`${key?.source} is the key of another certificate than ${cert?.source}`)
}

function certificatesIn({ source, pem }: NamedPem): readonly X509Certificate[] {
  const blocks =
    Buffer.from(pem)
      .toString('latin1')
      .match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^]*?-----END [A-Z0-9 ]*-----/g) ?? []
  if (blocks.length === 0) throw new Error(`${source} holds no certificate, expected PEM`)
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    throw new Error(`${source} holds a certificate that cannot be read, expected PEM`)
  }
}

function privateKeyIn({ source, pem }: NamedPem): KeyObject {
  try {
    return createPrivateKey(Buffer.from(pem))
  } catch {
    throw new Error(`${source} holds no private key that can be read, expected PEM without a passphrase`)
  }
}
