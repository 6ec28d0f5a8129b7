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

/** An HTTP proxy between clients and an API server, which injects the faults of API servers and networks. */
export interface ApiProxy extends Omit<RequestRecord, 'add'> {
  /** Plain HTTP on 127.0.0.1; clients send their own bearer tokens. */
  readonly url: string
  /**
   * Injects a fault into all matching requests.
   *
   * @returns ends the fault
   */
  readonly inject: (fault: Fault, match?: RequestMatch, options?: FaultOptions) => () => void
  /** Ends all faults, and cancels the actions of `atWrite` that have not run. */
  readonly heal: () => void
  /** Resets all open connections. */
  readonly cut: () => void
  /**
   * Runs `action` at the n-th (matching) write from now on that no fault stops. The write waits for the action,
   * either `before` it is forwarded, or `after` the server has responded and before the client receives the response.
   * If the action kills the client, the server gets nothing `before`, and the client receives nothing `after`.
   *
   * @returns the write, after the action; undefined if `heal` or `close` came first
   */
  readonly atWrite: WriteHooks['at']
  readonly close: () => Promise<void>
}

/** Starts a proxy without faults on a free port. */
export async function startApiProxy(
  stack: Pick<StackConnection, 'apiServerUrl' | 'caPath'>,
): Promise<ApiProxy> {
  const ca = readFileSync(stack.caPath, 'utf8')
  // Time limits are the clients' business.
  const upstream = new Agent({ allowH2: false, connect: { ca }, headersTimeout: 0, bodyTimeout: 0 })
  const faults = createFaultSet()
  const hooks = createWriteHooks()
  const record = createRequestRecord()
  const passage = createPassage({ origin: stack.apiServerUrl, upstream, faults, hooks })
  /** Open connections; the signal is aborted when the client closes one. */
  const connections = new Map<Socket, AbortController>()

  const server = createServer((request, response) => {
    const facts = factsOf(request.method ?? '', request.url ?? '')
    const gone = connections.get(request.socket)?.signal ?? AbortSignal.abort()
    const exchange = createExchange({ facts, response, gone, onAnswer: record.add(facts) })
    // An unavailable API server looks like a broken network.
    passage.pass(request, exchange).catch(() => exchange.reset())
  })
  // Closing an idle connection at the moment of a request would be an unwanted fault.
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
