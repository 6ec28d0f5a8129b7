import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { RequestFacts } from './request-facts.ts'

/** Status and headers of a response. */
export interface AnswerHead {
  readonly code: number
  readonly headers: IncomingHttpHeaders
}

/** The client's side of one request. Output to a client that is gone, or left hanging, is dropped. */
export interface Exchange {
  readonly facts: RequestFacts
  /** Aborted when the response is complete, or the client is gone. */
  readonly over: AbortSignal
  readonly begin: (head: AnswerHead) => void
  readonly write: (text: string) => void
  readonly end: (rest?: string | Uint8Array) => void
  /** Resets the connection. */
  readonly reset: () => void
  /** Sends nothing any more, and never closes the connection. */
  readonly hang: () => void
}

/**
 * Creates an exchange without response.
 *
 * @param gone aborted when the client closes its connection
 * @param onAnswer called with the status that is sent to the client
 */
export function createExchange(options: {
  readonly facts: RequestFacts
  readonly response: ServerResponse
  readonly gone: AbortSignal
  readonly onAnswer: (code: number) => void
}): Exchange {
  const { facts, response } = options
  const complete = new AbortController()
  const over = AbortSignal.any([options.gone, complete.signal])
  let isHanging = false
  const isOpen = (): boolean => !isHanging && !over.aborted
  return {
    facts,
    over,
    begin: ({ code, headers }) => {
      if (!isOpen()) return
      response.writeHead(code, headers)
      response.flushHeaders()
      options.onAnswer(code)
    },
    write: (text) => {
      if (isOpen()) response.write(text)
    },
    end: (rest = '') => {
      if (!isOpen()) return
      response.end(rest)
      complete.abort()
    },
    reset: () => {
      if (isOpen()) response.socket?.resetAndDestroy()
    },
    hang: () => {
      isHanging = true
    },
  }
}
