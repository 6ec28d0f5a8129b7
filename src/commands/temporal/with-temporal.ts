import { Client, Connection, isGrpcServiceError } from '@temporalio/client'
import { loadTemporalConfig } from './config.ts'

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
  readonly bounded: <T>(call: () => Promise<T>) => Promise<T>
  /**
   * Asks whether Temporal is there and knows the namespace, which a first call in a command does well to know.
   *
   * @throws Error that names the address
   */
  readonly check: () => Promise<void>
}

/** No answer from Temporal, with its address. */
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
 * @param signal ends every call
 * @throws Error where the configuration cannot be read
 */
export async function withTemporal<T>(
  signal: AbortSignal,
  use: (temporal: TemporalClient) => Promise<T>,
): Promise<T> {
  const { connectionOptions, namespace, address } = loadTemporalConfig()
  const connection = Connection.lazy(connectionOptions)
  const client = new Client({ connection, namespace })
  const bounded = async <R>(call: () => Promise<R>): Promise<R> => {
    try {
      return await connection.withAbortSignal(signal, () =>
        connection.withDeadline(Date.now() + deadlineMs, call),
      )
    } catch (error) {
      if (signal.aborted || !isUnreachable(error)) throw error
      throw new TemporalUnreachableError(
        `Temporal at ${address} does not answer within ${deadlineMs / 1000} s; TEMPORAL_ADDRESS says where it is`,
      )
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
    return await use({ client, address, namespace, bounded, check })
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
