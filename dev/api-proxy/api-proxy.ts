import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { Agent } from 'undici'
import type { StackConnection } from '../stack/connection.ts'
import { freePort } from '../stack/ports.ts'
import { createExchange } from './exchange.ts'
import { createFaultSet, type Fault, type FaultOptions } from './fault-set.ts'
import { createPassage } from './passage.ts'
import { factsOf, type RequestMatch } from './request-facts.ts'
import { createRequestRecord, type RequestRecord } from './request-record.ts'
import { createWriteHooks, type WriteHooks } from './write-hooks.ts'

/** An HTTP proxy between clients and an API server, that can go wrong in the ways API servers and networks do. */
export interface ApiProxy extends Omit<RequestRecord, 'add'> {
  /** Plain HTTP on 127.0.0.1; clients bring their own bearer tokens. */
  readonly url: string
  /**
   * Puts a fault in force for all requests that match.
   *
   * @returns ends it
   */
  readonly inject: (fault: Fault, match?: RequestMatch, options?: FaultOptions) => () => void
  /** Ends all faults and withdraws what `atWrite` has not run yet. */
  readonly heal: () => void
  /** Resets every open connection now. */
  readonly cut: () => void
  /**
   * Runs `action` at the n-th write from now on that faults let through (of those that match, where a match is
   * given), and has the write wait for it: `before` it is passed on, or `after` the server has answered and before
   * the client hears. A client that is gone then (killed by the action) has sent nothing `before`, and hears nothing `after`.
   *
   * @returns that write, once the action is done; undefined where `heal` or `close` came before
   */
  readonly atWrite: WriteHooks['at']
  readonly close: () => Promise<void>
}

/** Starts a proxy without faults on a free port. */
export async function startApiProxy(
  stack: Pick<StackConnection, 'apiServerUrl' | 'caPath'>,
): Promise<ApiProxy> {
  const ca = readFileSync(stack.caPath, 'utf8')
  // How long to wait is for clients to know.
  const upstream = new Agent({ allowH2: false, connect: { ca }, headersTimeout: 0, bodyTimeout: 0 })
  const faults = createFaultSet()
  const hooks = createWriteHooks()
  const record = createRequestRecord()
  const passage = createPassage({ origin: stack.apiServerUrl, upstream, faults, hooks })
  /** Each with what tells that the client has closed it. */
  const connections = new Map<Socket, AbortController>()

  const server = createServer((request, response) => {
    const facts = factsOf(request.method ?? '', request.url ?? '')
    const gone = connections.get(request.socket)?.signal ?? AbortSignal.abort()
    const exchange = createExchange({ facts, response, gone, onAnswer: record.add(facts) })
    // An API server that is away, or goes away, looks like a network that does.
    passage.pass(request, exchange).catch(() => exchange.reset())
  })
  // A connection that is closed for idleness just when a request comes would be a fault nobody asked for.
  server.keepAliveTimeout = 0
  server.on('connection', (socket) => {
    const gone = new AbortController()
    connections.set(socket, gone)
    for (const event of ['end', 'error', 'close']) socket.on(event, () => gone.abort())
    socket.on('close', () => connections.delete(socket))
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))

  const heal = (): void => {
    faults.heal()
    hooks.withdraw()
  }
  const cut = (): void => {
    for (const socket of connections.keys()) socket.resetAndDestroy()
  }
  return {
    url: `http://127.0.0.1:${port}`,
    requests: record.requests,
    count: record.count,
    until: record.until,
    inject: (fault, match = {}, options = {}) => {
      const active = faults.add(fault, match, options)
      passage.strikeOpen(active)
      return active.end
    },
    heal,
    cut,
    atWrite: hooks.at,
    close: async () => {
      heal()
      cut()
      await new Promise((resolve) => server.close(resolve))
      await upstream.destroy()
    },
  }
}
