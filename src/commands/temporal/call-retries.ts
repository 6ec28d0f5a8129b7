import { setTimeout as delay } from 'node:timers/promises'
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client'

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number]

export interface CallRetries {
  /** For the option `interceptors` of a connection, in place of the client's own. */
  readonly interceptor: Interceptor
  /** What gRPC says of the attempt that failed last; undefined if none has. */
  readonly lastFailure: () => string | undefined
  /** Resolves when no call is under way, after so many milliseconds at the latest. */
  settled(longestMs: number): Promise<void>
}

/**
 * Retries failed calls as Temporal's client does, until the signal is aborted. The client waits between two attempts with a
 * timer that nothing clears, and that outlives a call whose result nobody awaits.
 */
export function createCallRetries(signal: AbortSignal): CallRetries {
  const { delayFunction, retryableDecider } = defaultGrpcRetryOptions()
  const underWay = new Set<Promise<void>>()
  let lastFailure: string | undefined
  const interceptor: Interceptor = (options, nextCall) => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    underWay.add(ended)
    void ended.then(() => underWay.delete(ended))
    const retried = makeGrpcRetryInterceptor({
      delayFunction,
      retryableDecider(attempt, status) {
        const isRetryable = retryableDecider(attempt, status)
        if (isRetryable) lastFailure = reasonIn(status.details)
        const again = isRetryable && !signal.aborted
        if (!again) end()
        return again
      },
    })
    return retried(options, nextCall)
  }
  return {
    interceptor,
    lastFailure: () => lastFailure,
    async settled(longestMs) {
      const over = new AbortController()
      const late = delay(longestMs, undefined, { signal: over.signal }).catch(() => undefined)
      await Promise.race([Promise.all(underWay), late])
      over.abort()
    },
  }
}

/** Of a connection that could not be opened, gRPC says much around the reason. */
function reasonIn(details: string): string {
  const [, reason = details] = /Last error: (?:Error: )?(.*?)\.? Resolution note:/s.exec(details) ?? []
  return reason
}
