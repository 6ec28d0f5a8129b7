import { Client, Connection, isGrpcServiceError } from '@temporalio/client'
import { describeRoute, type ProxyRoute } from '../../domain/proxy-route.ts'
import type { ProxySettings } from '../../domain/proxy-settings.ts'
import { printable } from '../../domain/quote.ts'
import { tlsFailureIn } from '../../domain/tls-failure.ts'
import { loadTemporalConfig } from './config.ts'
import { createCallRetries } from './call-retries.ts'
import { grpcChannelThrough } from './proxy.ts'

/** Temporal as CLI commands use it. */
export interface TemporalClient {
  readonly client: Client
  /** host:port of the frontend. */
  readonly address: string
  readonly route: ProxyRoute
  readonly namespace: string
  /** Makes a call with a deadline, which every call needs. @throws TemporalUnreachableError if no answer comes */
  readonly bounded: <T>(call: () => Promise<T>) => Promise<T>
  /** Checks that Temporal is reachable and knows the namespace. @throws Error that names the address */
  readonly check: () => Promise<void>
}

/** Temporal did not answer; the message names its address. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError'
}

/** Milliseconds for one call, including the client's retries. */
const deadlineMs = 5_000

/** gRPC status codes DEADLINE_EXCEEDED and UNAVAILABLE. */
const unreachableCodes: readonly number[] = [4, 14]

/**
 * Opens a connection to Temporal, and closes it when `use` settles. Nothing is sent before the first call.
 *
 * @param options `signal` aborts all calls
 * @throws Error if the configuration cannot be read
 */
export async function withTemporal<T>(
  { proxies, signal }: { readonly proxies: ProxySettings; readonly signal: AbortSignal },
  use: (temporal: TemporalClient) => Promise<T>,
): Promise<T> {
  const { connectionOptions, namespace, address, route } = loadTemporalConfig(proxies)
  const ending = new AbortController()
  const retries = createCallRetries(AbortSignal.any([signal, ending.signal]))
  const connection = Connection.lazy({
    ...connectionOptions,
    ...grpcChannelThrough(route, address),
    interceptors: [retries.interceptor],
  })
  const client = new Client({ connection, namespace })
  const bounded = async <R>(call: () => Promise<R>): Promise<R> => {
    try {
      return await connection.withAbortSignal(signal, () =>
        connection.withDeadline(Date.now() + deadlineMs, call),
      )
    } catch (error) {
      if (signal.aborted || !isUnreachable(error)) throw error
      const server = `Temporal at ${address}${describeRoute(route)}`
      throw new TemporalUnreachableError(`${server} ${describeSilence(retries.lastFailure())}`)
    }
  }
  const check = async (): Promise<void> => {
    try {
      await bounded(() => client.workflowService.describeNamespace({ namespace }))
    } catch (error) {
      throw isGrpcServiceError(error) && !signal.aborted
        ? new Error(`Temporal at ${address} refuses namespace ${namespace}: ${error.details}`, {
            cause: error,
          })
        : error
    }
  }
  try {
    return await use({ client, address, route, namespace, bounded, check })
  } finally {
    ending.abort()
    // A retry over a closed connection throws where nobody can catch it.
    await retries.settled(deadlineMs)
    await connection.close()
  }
}

/** @param failure what gRPC says of the last attempt */
function describeSilence(failure: string | undefined): string {
  const tls = failure === undefined ? undefined : tlsFailureIn(failure)
  if (tls !== undefined) return `cannot be reached: ${tls}`
  const reason = failure === undefined ? '' : ` (${printable(failure)})`
  return `does not answer within ${deadlineMs / 1000} s${reason}; TEMPORAL_ADDRESS says where it is`
}

/** Whether an error means that no answer came. The client wraps a gRPC error once or twice. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof TemporalUnreachableError) return true
  if (isGrpcServiceError(error) && unreachableCodes.includes(error.code)) return true
  return isUnreachable(error.cause)
}
