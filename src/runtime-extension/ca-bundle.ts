import { X509Certificate } from 'node:crypto'

/** Milliseconds for which an authority stays after its renewal: meanwhile every replica has read its files again. */
const defaultKeptMs = 60 * 60_000
/** Authorities of others that are kept: more are none of a renewal. */
const mostKept = 10
/** Certificates from a server to its authority. */
const longestChain = 10

/** Makes the caBundle of an ExtensionConfig, which all replicas write. */
export interface CaBundles {
  /**
   * The own authorities, and those that are in the ExtensionConfig: while they are renewed, another replica may still use the
   * old one, or already the new one. An authority of others goes when it has expired, or an hour after it was first seen.
   *
   * @param own PEM
   * @param existing PEM
   */
  merge(own: string, existing: string | undefined): string
}

export function createCaBundles({
  keptMs = defaultKeptMs,
  now = Date.now,
}: { readonly keptMs?: number; readonly now?: () => number } = {}): CaBundles {
  const firstSeen = new Map<string, number>()
  return {
    merge(own, existing) {
      const ours = certificatesIn(own)
      const others = certificatesIn(existing ?? '').filter(
        (other) => !ours.some(({ fingerprint256 }) => fingerprint256 === other.fingerprint256),
      )
      for (const known of firstSeen.keys()) {
        if (others.every(({ fingerprint256 }) => fingerprint256 !== known)) firstSeen.delete(known)
      }
      const kept = others.filter(({ fingerprint256, validTo }) => {
        const since = firstSeen.get(fingerprint256) ?? now()
        firstSeen.set(fingerprint256, since)
        return Date.parse(validTo) > now() && now() - since < keptMs
      })
      return pemOf([...ours, ...kept.slice(0, mostKept)])
    },
  }
}

/** Whether a client that trusts the bundle accepts the certificate of a server, the first of its file. All in PEM. */
export function isVerifiedBy(bundle: string, certificate: string): boolean {
  const [leaf, ...intermediates] = certificatesIn(certificate)
  const authorities = certificatesIn(bundle)
  let current = leaf
  for (let depth = 0; current !== undefined && depth < longestChain; depth += 1) {
    const subject = current
    const isTrusted = authorities.some(
      (authority) => authority.fingerprint256 === subject.fingerprint256 || isIssuedBy(subject, authority),
    )
    if (isTrusted) return true
    current = intermediates.find((each) => each !== subject && isIssuedBy(subject, each))
  }
  return false
}

function isIssuedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey)
}

/** What cannot be read is left out: others may have written it. */
function certificatesIn(pem: string): readonly X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).flatMap((block) => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return []
    }
  })
}

function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString()).join('')
}
