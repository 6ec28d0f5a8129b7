import { Client } from '@temporalio/client'
import type { Tracing } from '../../observability/tracing.ts'
import type { TemporalConnection } from '../run/temporal-connection.ts'

/** A client over a connection that is there; its requests are part of a trace where traces are asked for. */
export function createClient(
  { connection, namespace }: TemporalConnection,
  tracing: Tracing | undefined,
): Client {
  return new Client({
    connection,
    namespace,
    ...(tracing !== undefined && { interceptors: { workflow: [tracing.clientInterceptor] } }),
  })
}
