import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { HookCall } from '../domain/extension/hooks.ts'
import { messageOf, printable } from '../domain/quote.ts'
import { listenAt, type ServerAddress } from '../observability/http-server.ts'
import type { Log } from '../observability/log.ts'
import {
  createCertificateFollower,
  readCertificates,
  type CertificateFiles,
  type ServerCertificates,
} from './certificate-files.ts'
import type { AnswerHook } from './hook-handlers.ts'
import { createBodyBudget, defaultBodyLimits, type BodyLimits } from './read-body.ts'

/** The HTTPS server that core calls. */
export interface HookServer {
  /** The bound port, which is chosen by the system if 0 was requested. */
  readonly port: number
  /** Answers go on, each with the request to use another connection: to another replica. */
  drain(): void
  close(): Promise<void>
}

export interface HookServerOptions {
  readonly address: ServerAddress
  readonly files: CertificateFiles
  /** Undefined: no handler of ours is at that path. */
  readonly callAt: (path: string) => HookCall | undefined
  readonly answer: AnswerHook
  readonly onAnswered?: (outcome: HookOutcome) => void
  /** Whether clients can verify a renewed certificate by now; absent: it is used at once. */
  readonly isTrusted?: (certificate: string) => boolean
  readonly log: Log
  readonly limits?: Partial<ServerLimits>
}

/** How a call ended, for metrics. */
export interface HookOutcome {
  readonly call: HookCall
  readonly outcome: 'success' | 'failure' | 'refused' | 'error'
  readonly seconds: number
}

/** Times are milliseconds. */
export interface ServerLimits extends BodyLimits {
  readonly connections: number
  readonly handshakeMs: number
  /** For the headers of a request. */
  readonly headersMs: number
  /** For a whole request, its body included. */
  readonly requestMs: number
  readonly checkFilesMs: number
}

const defaultLimits: ServerLimits = {
  ...defaultBodyLimits,
  connections: 500,
  handshakeMs: 5_000,
  headersMs: 5_000,
  requestMs: 8_000,
  checkFilesMs: 5_000,
}

/** Longer than clients of Go keep an idle connection: one that we closed first could meet a request on its way. */
const idleMs = 120_000

/** @throws Error if a file cannot be used, or the address cannot be bound */
export async function startHookServer(options: HookServerOptions): Promise<HookServer> {
  const { address, files, log } = options
  const limits = { ...defaultLimits, ...options.limits }
  const certificates = readCertificates(files)
  const bodies = createBodyBudget(limits)
  let isDraining = false
  const server = createServer(
    {
      ...secured(certificates),
      requestCert: files.clientCa !== undefined,
      rejectUnauthorized: files.clientCa !== undefined,
      handshakeTimeout: limits.handshakeMs,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: idleMs,
    },
    (request, response) => {
      if (isDraining) response.setHeader('connection', 'close')
      void serve(options, bodies, request, response)
    },
  )
  server.maxConnections = limits.connections
  const follower = createCertificateFollower({
    files,
    first: certificates,
    adopt: (changed) => server.setSecureContext(secured(changed)),
    isTrusted: options.isTrusted ?? (() => true),
    log,
  })
  const checks = setInterval(() => follower.check(), limits.checkFilesMs).unref()
  const port = await listenAt(server, address)
  return {
    port,
    drain: () => {
      isDraining = true
    },
    close: () => {
      clearInterval(checks)
      return closed(server)
    },
  }
}

function secured({ cert, key, ca }: ServerCertificates): object {
  return { cert, key, ...(ca !== undefined && { ca }), minVersion: 'TLSv1.2' }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function serve(
  { callAt, answer, onAnswered, log }: HookServerOptions,
  bodies: ReturnType<typeof createBodyBudget>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '/'] = (request.url ?? '/').split('?')
  const call = callAt(path)
  if (call === undefined) return end(response, 404, `no hook ${printable(path)}`)
  if (request.method !== 'POST') return end(response, 405, 'expected POST')
  const started = performance.now()
  const ended = (outcome: HookOutcome['outcome']): void =>
    onAnswered?.({ call, outcome, seconds: (performance.now() - started) / 1000 })
  const reading = await bodies.read(request)
  if ('status' in reading) {
    ended('refused')
    // The rest of the body would follow.
    response.setHeader('connection', 'close')
    return end(response, reading.status, reading.why)
  }
  try {
    const reply = await answer(call, reading.body)
    if ('refused' in reply) {
      ended('refused')
      return end(response, 400, reply.refused)
    }
    ended(reply.status === 'Success' ? 'success' : 'failure')
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply.response))
  } catch (error) {
    ended('error')
    log.error('A hook of the runtime extension failed', { error: messageOf(error) })
    end(response, 500, 'the hook failed; see the log of capi-vip-allocator')
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}
