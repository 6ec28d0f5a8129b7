import { getCACertificates, setDefaultCACertificates } from 'node:tls'

let roots: readonly string[] | undefined
let isDefault = false

/**
 * The certificate authorities, as PEM, that verify a server for which nobody names one: those that Node.js brings along,
 * those of the system (`SSL_CERT_FILE` and `SSL_CERT_DIR`, or else its usual places), and those of `NODE_EXTRA_CA_CERTS`.
 * They are read once in a process.
 */
export function trustedRoots(): readonly string[] {
  roots ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
  return roots
}

/** Makes them those of every TLS connection of Node.js that names none, which alone would pass over the system's. */
export function trustSystemRoots(): void {
  if (isDefault) return
  setDefaultCACertificates(trustedRoots())
  isDefault = true
}
