import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { NativeConnection, Runtime, type Logger } from '@temporalio/worker'
import { doubledMs } from '../../domain/back-off.ts'
import type { Log } from '../../observability/log.ts'
import type { Outage } from '../../observability/outage.ts'
import { describeError, loadTemporalConfig } from '../temporal/config.ts'

/** A connection that Worker and Client can share. */
export interface TemporalConnection {
  readonly connection: NativeConnection
  readonly namespace: string
  /** host:port on which Temporal Core serves its metrics. */
  readonly coreMetricsAddress: string
}

/** Between attempts to connect. */
const backOff = { firstMs: 500, longestMs: 10_000 }

/**
 * Connects to Temporal as the `temporal` CLI does, and retries until it succeeds, since Temporal may start after us.
 *
 * @returns undefined if the signal is aborted first
 * @throws Error if the configuration cannot be read; it quotes nothing of the file
 */
export async function connectToTemporal<T>(options: {
  readonly log: Log
  /** Receives the lines of Temporal's SDK and of workflows. */
  readonly logger: Logger
  /** Receives the result of every attempt. */
  readonly outage: Pick<Outage, 'failed' | 'answered'>
  readonly signal: AbortSignal
  /** Runs over a new connection; if it rejects, the attempt to connect has failed. */
  readonly prepare: (temporal: TemporalConnection) => Promise<T>
}): Promise<{ readonly temporal: TemporalConnection; readonly prepared: T } | undefined> {
  const { connectionOptions, namespace, address } = loadTemporalConfig()
  let lastMessage: string | undefined
  for (let failures = 0; !options.signal.aborted; failures += 1) {
    const coreMetricsAddress = `127.0.0.1:${await freePort()}`
    // A failed connection destroys the Runtime with its metrics listener, so each attempt installs a new one.
    installRuntime(options.logger, coreMetricsAddress)
    try {
      const connection = await NativeConnection.connect(connectionOptions)
      const temporal = { connection, namespace, coreMetricsAddress }
      const prepared = await options.prepare(temporal).catch(async (error: unknown) => {
        await connection.close()
        throw error
      })
      options.outage.answered()
      options.log.info('Connected to Temporal', { server: address, temporalNamespace: namespace })
      return { temporal, prepared }
    } catch (error) {
      const message = `Temporal at ${address}: ${describeError(error)}`
      const retryInMs = doubledMs(backOff, failures)
      options.outage.failed(message)
      // The outage is logged once; a different reason, such as a missing namespace, is worth another line.
      const isNewReason = lastMessage !== undefined && message !== lastMessage
      options.log[isNewReason ? 'warn' : 'debug']('Cannot connect to Temporal; trying again', {
        error: message,
        retryInMs,
      })
      lastMessage = message
      await delay(retryInMs, undefined, { signal: options.signal }).catch(() => undefined)
    }
  }
  return undefined
}

function installRuntime(logger: Logger, coreMetricsAddress: string): void {
  Runtime.install({
    logger,
    // The program itself shuts its Workers down.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} },
      metrics: {
        prometheus: {
          bindAddress: coreMetricsAddress,
          countersTotalSuffix: true,
          useSecondsForDurations: true,
        },
      },
    },
  })
}

/** Temporal Core does not report its port, so it gets one that is free now. */
async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
