import { isDeepStrictEqual } from 'node:util'
import { loadClientConfigProfile, toClientOptions, type ClientConfigTLS } from '@temporalio/envconfig'
import type { ProxyRoute } from '../../domain/proxy-route.ts'
import { noProxies, type ProxySettings } from '../../domain/proxy-settings.ts'
import { tlsFailureIn } from '../../domain/tls-failure.ts'
import { checkTlsMaterial, type NamedPem } from '../../kubernetes/transport/certificates.ts'
import { trustedRoots } from '../../kubernetes/transport/trusted-roots.ts'
import { temporalRoute } from './proxy.ts'

/** How to reach Temporal, from the same sources as the `temporal` CLI. */
export interface TemporalConfig {
  /** Without the proxy, which each kind of connection takes in a way of its own. */
  readonly connectionOptions: ReturnType<typeof toClientOptions>['connectionOptions']
  readonly namespace: string
  /** host:port of the frontend. */
  readonly address: string
  readonly route: ProxyRoute
}

const defaultAddress = 'localhost:7233'
const defaultPort = '7233'

/** @throws Error if the configuration cannot be read; it quotes nothing of the file */
export function loadTemporalConfig(proxies: ProxySettings = noProxies): TemporalConfig {
  const { connectionOptions: read, namespace = 'default' } = readOptions()
  const connectionOptions = { ...read, tls: withRoots(read.tls) }
  const { address = defaultAddress } = connectionOptions
  const target = /:\d+$/.test(address) ? address : `${address}:${defaultPort}`
  return { connectionOptions, namespace, address, route: temporalRoute(target, proxies) }
}

/**
 * Names the certificate authorities where nobody else does, so that both kinds of connection trust the same ones: that of
 * the Worker reads the system's only, and fails where there are none, as in many images; the other one passes over these.
 */
function withRoots(tls: Tls | boolean | null | undefined): Tls | false {
  if (tls === undefined || tls === null || tls === false) return false
  const named: Tls = tls === true ? {} : tls
  return named.serverRootCACertificate === undefined
    ? { ...named, serverRootCACertificate: rootsPem() }
    : named
}

let pem: Uint8Array | undefined

/** One value for the whole process, so that renewals compare it at no cost. */
function rootsPem(): Uint8Array {
  pem ??= Buffer.from(trustedRoots().join('\n'))
  return pem
}

function readOptions(): ReturnType<typeof toClientOptions> {
  const { profile, options } = readProfile()
  const { tls } = options.connectionOptions
  if (typeof tls === 'object' && tls !== null) checkSources(tls, profile.tls)
  return options
}

function readProfile() {
  try {
    const profile = loadClientConfigProfile()
    return { profile, options: toClientOptions(profile) }
  } catch (error) {
    throw unreadable(error)
  }
}

/** The certificates and the key as read, each with where it comes from. */
function checkSources(
  { serverRootCACertificate: ca, clientCertPair: pair }: Tls,
  sources: ClientConfigTLS | undefined,
): void {
  checkTlsMaterial({
    ca: named('certificate authority', ca, sources?.serverCACert),
    cert: named('client certificate', pair?.crt, sources?.clientCert),
    key: named('client key', pair?.key, sources?.clientKey),
  })
}

type Tls = Exclude<TemporalConfig['connectionOptions']['tls'], boolean | null | undefined>

function named(
  what: string,
  pem: Uint8Array | undefined,
  source: ClientConfigTLS['clientCert'],
): NamedPem | undefined {
  if (pem === undefined) return undefined
  const place = source && 'path' in source ? source.path : 'in the settings'
  return { source: `${what} for Temporal ${place}`, pem }
}

/** What of the credentials differs, for people; empty if nothing does. */
export function renewedIn(before: TemporalConfig, after: TemporalConfig): readonly string[] {
  if (isDeepStrictEqual(before.connectionOptions, after.connectionOptions)) return []
  const [was, is] = [partsOf(before), partsOf(after)]
  const changed = Object.keys(was).filter((what) => !isDeepStrictEqual(was[what], is[what]))
  return changed.length > 0 ? changed : ['TLS settings']
}

function partsOf({ connectionOptions: { apiKey, metadata, tls } }: TemporalConfig): Record<string, unknown> {
  const { serverRootCACertificate, clientCertPair }: Tls = typeof tls === 'object' && tls !== null ? tls : {}
  return {
    'API key': apiKey,
    headers: metadata,
    'certificate authority': serverRootCACertificate,
    'client certificate': clientCertPair?.crt,
    'client key': clientCertPair?.key,
  }
}

/** Leaves out the cause and the lines around the fault, which may contain an API key. */
function unreadable(error: unknown): Error {
  const file = "TEMPORAL_CONFIG_FILE, or temporal.toml in the user's configuration directory"
  return new Error(`the Temporal configuration cannot be read (${file}): ${reasonOf(error)}`)
}

function reasonOf(error: unknown): string {
  // JavaScript's own errors may quote values; those of the file system and of the parser do not.
  if (!(error instanceof Error) || error.name !== 'Error') return 'it has another shape'
  // The quoted lines follow the first one.
  const [reason = ''] = error.message.split('\n')
  return 'line' in error ? `${reason}, line ${String(error.line)}` : reason
}

/** Why a connection to Temporal failed, in words where it is TLS that failed. */
export function describeConnectError(error: unknown): string {
  const message = describeError(error)
  return tlsFailureIn(message) ?? message
}

/** The message of an error and of its cause, which often has the actual reason. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
