import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Dispatcher } from 'undici'
import type { Exchange } from './exchange.ts'
import {
  isWatchFault,
  watchFaultKinds,
  type ActiveFault,
  type FaultSet,
  type StatusFault,
} from './fault-set.ts'
import { isWrite } from './request-facts.ts'
import { statusObject } from './status-object.ts'
import { createWatchRelay, pause, type WatchRelay } from './watch-relay.ts'
import type { WriteHooks } from './write-hooks.ts'

/** Headers of a single connection. */
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'host', 'expect', 'upgrade']

/** Forwards requests to the server and its responses back, subject to all faults. */
export interface Passage {
  /** Returns when the exchange is over or left hanging. Rejects if the server's response breaks off. */
  readonly pass: (request: IncomingMessage, exchange: Exchange) => Promise<void>
  /** Applies a fault to open exchanges. */
  readonly strikeOpen: (active: ActiveFault) => void
}

export function createPassage(to: {
  readonly origin: string
  readonly upstream: Dispatcher
  readonly faults: FaultSet
  readonly hooks: WriteHooks
}): Passage {
  const { faults } = to
  const exchanges = new Set<Exchange>()
  const watches = new Map<Exchange, WatchRelay>()

  async function pass(request: IncomingMessage, exchange: Exchange): Promise<void> {
    exchanges.add(exchange)
    exchange.over.addEventListener('abort', () => exchanges.delete(exchange))
    const body = await buffer(request)
    if (await isStopped(exchange)) return
    const hook = isWrite(exchange.facts) ? to.hooks.next(exchange.facts) : undefined
    await hook?.('before')
    exchange.over.throwIfAborted()
    const answer = await to.upstream.request({
      origin: to.origin,
      path: request.url ?? '',
      method: request.method ?? 'GET',
      headers: endToEnd(request.headers),
      body: body.length === 0 ? null : body,
      signal: exchange.over,
    })
    await hook?.('after')
    await respond(exchange, answer)
  }

  /** Whether a fault prevents the request from being forwarded. */
  async function isStopped(exchange: Exchange): Promise<boolean> {
    const { facts, over } = exchange
    const hang = faults.strike('hang', facts)
    if (hang !== undefined) {
      exchange.hang()
      return true
    }
    const latency = faults.strike('latency', facts)
    if (latency !== undefined) await pause(latency.fault.ms, [latency.over, over])
    const cut = faults.strike('cut', facts)
    if (cut !== undefined) {
      exchange.reset()
      return true
    }
    const refusal = faults.strike('status', facts)
    if (refusal !== undefined) refuse(exchange, refusal.fault)
    return refusal !== undefined
  }

  async function respond(exchange: Exchange, answer: Dispatcher.ResponseData): Promise<void> {
    const { statusCode: code, body } = answer
    const isOpenWatch = exchange.facts.verb === 'watch' && code === 200
    const whole = isOpenWatch ? undefined : await body.bytes()
    if (faults.strike('cut-after', exchange.facts) !== undefined) {
      exchange.reset()
      return
    }
    exchange.begin({ code, headers: endToEnd(answer.headers) })
    if (whole === undefined) await relay(exchange, body)
    else exchange.end(whole)
  }

  async function relay(exchange: Exchange, body: Dispatcher.ResponseData['body']): Promise<void> {
    const watch = createWatchRelay(exchange, faults)
    watches.set(exchange, watch)
    exchange.over.addEventListener('abort', () => watches.delete(exchange))
    for (const kind of watchFaultKinds) {
      const active = faults.strike(kind, exchange.facts)
      if (active !== undefined) watch.apply(active)
    }
    await watch.relay(body)
  }

  function strikeOpen(active: ActiveFault): void {
    if (active.fault.kind === 'hang') {
      for (const exchange of exchanges) if (active.strikes(exchange.facts)) exchange.hang()
    } else if (isWatchFault(active)) {
      for (const [{ facts }, watch] of watches) if (active.strikes(facts)) watch.apply(active)
    }
  }

  return { pass, strikeOpen }
}

function refuse(exchange: Exchange, refusal: StatusFault): void {
  const { code, retryAfterSeconds } = refusal
  const retryAfter = retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }
  exchange.begin({ code, headers: { 'content-type': 'application/json', ...retryAfter } })
  exchange.end(JSON.stringify(statusObject(refusal, exchange.facts)))
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)))
}
