import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { NativeConnection, Runtime, type Logger } from '@temporalio/worker'
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

export interface ConnectOptions<T> {
  readonly log: Log
  /** Takes the lines of Temporal's SDK and of workflows. */
  readonly logger: Logger
  /** Told of every attempt. */
  readonly outage: Pick<Outage, 'failed' | 'answered'>
  readonly signal: AbortSignal
  /** What has to succeed over a new connection before it counts; its failure is one more failed attempt. */
  readonly prepare: (temporal: TemporalConnection) => Promise<T>
}

/** Milliseconds between two attempts to connect: first, and at most. */
const backoffMs = { first: 500, most: 10_000 } as const

/**
 * Connects to Temporal as the `temporal` CLI would, and tries again until it succeeds: a Temporal that starts
 * later than we do is no fault.
 *
 * @returns undefined where the signal was aborted first
 * @throws Error where the configuration itself cannot be read; it quotes nothing of the file
 */
export async function connectToTemporal<T>(
  options: ConnectOptions<T>,
): Promise<{ readonly temporal: TemporalConnection; readonly prepared: T } | undefined> {
  const { connectionOptions, namespace, address } = loadTemporalConfig()
  let lastMessage: string | undefined
  for (let failures = 0; !options.signal.aborted; failures += 1) {
    const coreMetricsAddress = `127.0.0.1:${await freePort()}`
    // A failed connection takes the Runtime and its metrics listener with it, so each attempt brings its own.
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
      const retryInMs = Math.min(backoffMs.first * 2 ** failures, backoffMs.most)
      options.outage.failed(message)
      // The outage has its line; another reason is news, as when the namespace is missing once the server is there.
      const isNews = lastMessage !== undefined && message !== lastMessage
      options.log[isNews ? 'warn' : 'debug']('Cannot connect to Temporal; trying again', {
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
    // The program stops its Workers itself, in order.
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

/** Temporal Core does not say which port it got, so it is given one that is free now. */
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
