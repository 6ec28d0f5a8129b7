import { Client, Connection, isGrpcServiceError } from '@temporalio/client'
import { describeError, loadTemporalConfig } from './temporal-config.ts'

/** Temporal, as a command for people reaches it. */
export interface TemporalClient {
  readonly client: Client
  /** host:port of the frontend. */
  readonly address: string
  readonly namespace: string
  /**
   * Makes a call that ends in time. Every call has to go through here, since none has a deadline of its own.
   *
   * @throws TemporalUnreachableError where no answer came; else what the call throws
   */
  bounded<T>(call: () => Promise<T>): Promise<T>
}

/** No answer from Temporal, with its address and why. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError'
}

/** Milliseconds for one call, the client's own retries included. */
const deadlineMs = 5_000

/** gRPC status codes DEADLINE_EXCEEDED and UNAVAILABLE. */
const unreachableCodes: readonly number[] = [4, 14]

/**
 * Lets `use` work with Temporal, and closes the connection whatever comes. Nothing is sent before the first call.
 *
 * @throws Error where the configuration cannot be read
 */
export async function withTemporal<T>(use: (temporal: TemporalClient) => Promise<T>): Promise<T> {
  const { connectionOptions, namespace, address } = loadTemporalConfig()
  const connection = Connection.lazy(connectionOptions)
  const client = new Client({ connection, namespace })
  const bounded = async <R>(call: () => Promise<R>): Promise<R> => {
    try {
      return await connection.withDeadline(Date.now() + deadlineMs, call)
    } catch (error) {
      throw isUnreachable(error)
        ? new TemporalUnreachableError(`Temporal at ${address} does not answer: ${describeError(error)}`)
        : error
    }
  }
  try {
    return await use({ client, address, namespace, bounded })
  } finally {
    await connection.close()
  }
}

/** The client wraps what gRPC says in an error of its own, once or twice. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (isGrpcServiceError(error) && unreachableCodes.includes(error.code)) return true
  return isUnreachable(error.cause)
}
