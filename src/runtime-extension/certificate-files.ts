import { readFileSync } from 'node:fs'
import { messageOf } from '../domain/quote.ts'
import { checkTlsMaterial, type NamedPem } from '../kubernetes/transport/certificates.ts'
import type { Log } from '../observability/log.ts'

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  /** Authority of the only clients that are answered; undefined: anybody is. */
  readonly clientCa: string | undefined
}

/** What a TLS server is made of. */
export interface ServerCertificates {
  readonly cert: string
  readonly key: string
  readonly ca?: string
}

/** @throws Error that names the file, and quotes nothing of it */
export function readCertificates({ certificate, key, clientCa }: CertificateFiles): ServerCertificates {
  const cert = read('certificate of the runtime extension', certificate)
  const privateKey = read('key of the runtime extension', key)
  const ca = clientCa === undefined ? undefined : read('client authority of the runtime extension', clientCa)
  checkTlsMaterial({ cert, key: privateKey, ca })
  return { cert: textOf(cert), key: textOf(privateKey), ...(ca !== undefined && { ca: textOf(ca) }) }
}

function textOf({ pem }: NamedPem): string {
  return Buffer.from(pem).toString('utf8')
}

function read(what: string, path: string): NamedPem {
  try {
    return { source: `${what} ${path}`, pem: readFileSync(path) }
  } catch (error) {
    throw new Error(`${what} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

export interface CertificateFollower {
  /** Reads the files again, and adopts what has changed and is usable. */
  check(): void
}

/** Follows files that somebody renews. What is unusable is logged once, and the certificates in use stay. */
export function createCertificateFollower(
  files: CertificateFiles,
  first: ServerCertificates,
  adopt: (certificates: ServerCertificates) => void,
  log: Pick<Log, 'info' | 'warn'>,
): CertificateFollower {
  let inUse = first
  let lastFault: string | undefined
  return {
    check() {
      try {
        const now = readCertificates(files)
        lastFault = undefined
        if (JSON.stringify(now) === JSON.stringify(inUse)) return
        adopt(now)
        inUse = now
        log.info('Read the certificates of the runtime extension again')
      } catch (error) {
        const fault = messageOf(error)
        if (fault !== lastFault) {
          log.warn('Cannot use the changed certificates of the runtime extension; the old ones stay in use', {
            error: fault,
          })
        }
        lastFault = fault
      }
    },
  }
}
