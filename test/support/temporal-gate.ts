import {
  connect,
  constants,
  createSecureServer,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import type { Authority, KeyPair } from './make-certificates.ts'

/** Whom a gate lets in: clients with a certificate of the authority, and with the API key; everybody where it has none. */
export interface GateAccess {
  readonly authority?: Authority
  readonly server: KeyPair
  readonly apiKey?: string
}

/** A gRPC proxy in front of Temporal, with TLS, mutual or not, and API keys, as in front of a server that people run. */
export interface TemporalGate {
  /** `localhost:port`. */
  readonly address: string
  /** Lets others in from now on, and closes all connections. */
  change(access: GateAccess): void
  /** Number of connections and requests that were refused so far. */
  readonly refused: () => number
  close(): Promise<void>
}

/** @param target host:port of a Temporal server without TLS */
export async function startTemporalGate(target: string, first: GateAccess): Promise<TemporalGate> {
  let access = first
  let refused = 0
  const sessions = new Set<ServerHttp2Session>()
  const upstream = connect(`http://${target}`)
  upstream.on('error', () => undefined)
  const isMutual = first.authority !== undefined
  const server = createSecureServer({
    ...tlsFor(access),
    ...{ requestCert: isMutual, rejectUnauthorized: isMutual },
  })
  server.on('tlsClientError', () => (refused += 1))
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => undefined).on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, { authorization, ...headers }) => {
    if (access.apiKey === undefined || authorization === `Bearer ${access.apiKey}`)
      return forward(stream, upstream.request(forTarget(headers, target)))
    refused += 1
    stream.respond(unauthenticated, { endStream: true })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const closeSessions = (): void => {
    for (const session of sessions) session.destroy()
  }
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    change(next) {
      access = next
      server.setSecureContext(tlsFor(next))
      closeSessions()
    },
    refused: () => refused,
    close: async () => {
      closeSessions()
      upstream.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function tlsFor({ authority, server }: GateAccess): SecureContextOptions {
  return { ...(authority && { ca: authority.cert }), cert: server.cert, key: server.key }
}

/** gRPC's UNAUTHENTICATED. */
const unauthenticated = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-status': '16',
  'grpc-message': 'the API key is refused',
}

function forTarget(headers: IncomingHttpHeaders, target: string): IncomingHttpHeaders {
  return { ...headers, ':scheme': 'http', ':authority': target }
}

/** Forwards a call in both directions, with the trailers that end it. */
function forward(stream: ServerHttp2Stream, call: ClientHttp2Stream): void {
  let trailers: IncomingHttpHeaders = {}
  const cancel = (): void => call.close(constants.NGHTTP2_CANCEL)
  stream.on('error', () => undefined).on('close', cancel)
  call.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
  stream.pipe(call)
  call.on('trailers', (received) => (trailers = received))
  call.on('response', (headers, flags) => {
    if (stream.destroyed) return
    const isAll = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    stream.respond(headers, isAll ? { endStream: true } : { waitForTrailers: true })
    if (!isAll) call.pipe(stream)
  })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
}
