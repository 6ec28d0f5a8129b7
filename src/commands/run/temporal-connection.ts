import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { IllegalStateError, Runtime, type Logger, type NativeConnection } from '@temporalio/worker'
import { doubledMs } from '../../domain/back-off.ts'
import { describeRoute } from '../../domain/proxy-route.ts'
import type { ProxySettings } from '../../domain/proxy-settings.ts'
import type { Log } from '../../observability/log.ts'
import type { Outage } from '../../observability/outage.ts'
import { describeConnectError, loadTemporalConfig, type TemporalConfig } from '../temporal/config.ts'
import { openNativeConnection } from '../temporal/native-connection.ts'

/** A connection that Worker and Client can share. */
export interface TemporalConnection {
  readonly connection: NativeConnection
  /** What it was made from. */
  readonly config: TemporalConfig
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
  readonly proxies: ProxySettings
  readonly log: Log
  /** Receives the lines of Temporal's SDK and of workflows. */
  readonly logger: Logger
  /** Receives the result of every attempt. */
  readonly outage: Pick<Outage, 'failed' | 'answered'>
  readonly signal: AbortSignal
  /** Runs over a new connection; if it rejects, the attempt to connect has failed. */
  readonly prepare: (temporal: TemporalConnection) => Promise<T>
}): Promise<{ readonly temporal: TemporalConnection; readonly prepared: T } | undefined> {
  let config = loadTemporalConfig(options.proxies)
  let lastMessage: string | undefined
  let coreMetricsAddress = ''
  for (let failures = 0; !options.signal.aborted; failures += 1) {
    try {
      // The files may have been put right since the last attempt.
      if (failures > 0) config = loadTemporalConfig(options.proxies)
      coreMetricsAddress = (await installRuntime(options.logger)) ?? coreMetricsAddress
      const { namespace, address } = config
      const connection = await openNativeConnection(config)
      const temporal = { connection, config, namespace, coreMetricsAddress }
      const prepared = await options.prepare(temporal).catch(async (error: unknown) => {
        await connection.close()
        throw error
      })
      options.outage.answered()
      options.log.info('Connected to Temporal', { server: address, temporalNamespace: namespace })
      return { temporal, prepared }
    } catch (error) {
      const message = `Temporal at ${config.address}${describeRoute(config.route)}: ${describeConnectError(error)}`
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

/** Milliseconds for the request by which new credentials are verified. */
const verifyMs = 5_000

/** Opens a connection that Temporal accepts for its namespace: the first answer needs no permission. */
export async function openVerified(config: TemporalConfig): Promise<NativeConnection> {
  const { namespace } = config
  const connection = await openNativeConnection(config)
  try {
    const describe = () => connection.workflowService.describeNamespace({ namespace })
    await connection.withDeadline(Date.now() + verifyMs, describe)
    return connection
  } catch (error) {
    await connection.close()
    throw error
  }
}

/**
 * Installs the Runtime, which a failed connection destroys together with its metrics listener.
 *
 * @returns where it serves its metrics; undefined if the last one is still there, as settings that the SDK refuses leave it
 */
async function installRuntime(logger: Logger): Promise<string | undefined> {
  const bindAddress = `127.0.0.1:${await freePort()}`
  const prometheus = { bindAddress, countersTotalSuffix: true, useSecondsForDurations: true }
  try {
    Runtime.install({
      logger,
      // The program itself shuts its Workers down.
      shutdownSignals: [],
      telemetryOptions: {
        logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} },
        metrics: { prometheus },
      },
    })
    return bindAddress
  } catch (error) {
    if (error instanceof IllegalStateError) return undefined
    throw error
  }
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
