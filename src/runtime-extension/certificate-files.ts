import { X509Certificate } from 'node:crypto'
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
  const cert = readPem('certificate of the runtime extension', certificate)
  const privateKey = readPem('key of the runtime extension', key)
  const ca =
    clientCa === undefined ? undefined : readPem('client authority of the runtime extension', clientCa)
  checkTlsMaterial({ cert, key: privateKey, ca })
  return { cert: textOf(cert), key: textOf(privateKey), ...(ca !== undefined && { ca: textOf(ca) }) }
}

function textOf({ pem }: NamedPem): string {
  return Buffer.from(pem).toString('utf8')
}

/** @throws Error that says what cannot be read, and quotes nothing of it */
export function readPem(what: string, path: string): NamedPem {
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

export interface CertificateFollowerOptions {
  readonly files: CertificateFiles
  readonly first: ServerCertificates
  readonly adopt: (certificates: ServerCertificates) => void
  /**
   * Whether clients can verify a certificate (PEM) by now: they learn of a new authority later than we do. Until then the
   * certificate in use stays, unless it has expired.
   */
  readonly isTrusted: (certificate: string) => boolean
  readonly log: Pick<Log, 'info' | 'warn'>
}

/** Follows files that somebody renews. What is unusable is logged once, and the certificates in use stay. */
export function createCertificateFollower(options: CertificateFollowerOptions): CertificateFollower {
  const { files, first, adopt, isTrusted, log } = options
  let inUse = first
  let lastFault: string | undefined
  let waiting: Waiting | undefined
  return {
    check() {
      try {
        const now = readCertificates(files)
        lastFault = undefined
        if (JSON.stringify(now) === JSON.stringify(inUse)) return
        if (!isTrusted(now.cert) && !hasExpired(inUse.cert)) {
          waiting = waitOn(now.cert, waiting, log)
          return
        }
        adopt(now)
        inUse = now
        waiting = undefined
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

/** A certificate that clients cannot verify yet. */
interface Waiting {
  readonly cert: string
  readonly since: number
  readonly isOverdue: boolean
}

/** Milliseconds after which somebody should look: its authority is probably not the one that is registered. */
const overdueAfterMs = 60_000

/** Says once that a certificate waits, and once that it has waited for long. */
function waitOn(cert: string, before: Waiting | undefined, log: Pick<Log, 'info' | 'warn'>): Waiting {
  const now = performance.now()
  if (before?.cert !== cert) {
    log.info(
      'The changed certificate of the runtime extension is of an authority that is not registered yet; the old one stays in use until then',
    )
    return { cert, since: now, isOverdue: false }
  }
  const isOverdue = now - before.since >= overdueAfterMs
  if (isOverdue && !before.isOverdue) {
    log.warn(
      'The changed certificate of the runtime extension is still of an authority that is not registered; see whether --runtime-extension-ca names its authority',
    )
  }
  return { ...before, isOverdue }
}

function hasExpired(certificate: string): boolean {
  return Date.parse(new X509Certificate(certificate).validTo) <= Date.now()
}
