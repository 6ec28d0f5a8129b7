import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { RequestFacts } from './request-facts.ts'

/** An answer, or the beginning of one. */
export interface AnswerHead {
  readonly code: number
  readonly headers: IncomingHttpHeaders
}

/** The client's side of one request. What is told to a client that is gone, or left hanging, is thrown away. */
export interface Exchange {
  readonly facts: RequestFacts
  /** Aborted when nothing can be told any more: the answer is complete, or the client has gone. */
  readonly over: AbortSignal
  readonly begin: (head: AnswerHead) => void
  readonly write: (text: string) => void
  readonly end: (rest?: string | Uint8Array) => void
  /** Resets the connection. */
  readonly reset: () => void
  /** The client hears nothing any more, whatever comes, and no end either. */
  readonly hang: () => void
}

/**
 * Makes an exchange that has not been answered.
 *
 * @param gone aborted when the client has closed its connection
 * @param onAnswer told the code that the client is told
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
  const isHeard = (): boolean => !isHanging && !over.aborted
  return {
    facts,
    over,
    begin: ({ code, headers }) => {
      if (!isHeard()) return
      response.writeHead(code, headers)
      response.flushHeaders()
      options.onAnswer(code)
    },
    write: (text) => {
      if (isHeard()) response.write(text)
    },
    end: (rest = '') => {
      if (!isHeard()) return
      response.end(rest)
      complete.abort()
    },
    reset: () => {
      if (isHeard()) response.socket?.resetAndDestroy()
    },
    hang: () => {
      isHanging = true
    },
  }
}
