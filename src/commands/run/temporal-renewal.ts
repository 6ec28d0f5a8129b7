import { describeRoute } from '../../domain/proxy-route.ts'
import type { Log } from '../../observability/log.ts'
import { quietDelay } from '../../watcher/work-queue.ts'
import { describeConnectError, renewedIn, type TemporalConfig } from '../temporal/config.ts'
import { connectedInTime, type Closable } from '../temporal/native-connection.ts'

const unusable = 'Cannot use the changed credentials for Temporal; the old ones stay in use'

export interface TemporalRenewal<C extends Closable> {
  /** The settings in use. */
  readonly config: TemporalConfig
  /** Reads the settings again. @throws Error that names what cannot be read */
  readonly load: () => TemporalConfig
  /** Connects; rejects if the server refuses the credentials. */
  readonly connect: (config: TemporalConfig) => Promise<C>
  /** Puts a connection in the place of the one in use. */
  readonly adopt: (connection: C) => void
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly signal: AbortSignal
  /** Milliseconds from one check to the next. */
  readonly intervalMs?: number
}

/**
 * Follows the files with the credentials for Temporal until the signal is aborted. A connection keeps the credentials that
 * it began with, so changed ones get a new connection, which takes over only once the server has accepted it. Never
 * rejects.
 */
export async function renewTemporal<C extends Closable>(options: TemporalRenewal<C>): Promise<void> {
  const { load, connect, adopt, log, signal, intervalMs = 5_000 } = options
  let inUse = options.config
  let lastFault: string | undefined
  while (!signal.aborted) {
    await quietDelay(intervalMs, signal)
    if (signal.aborted) return
    try {
      const config = sameServer(inUse, load())
      const changed = renewedIn(inUse, config)
      if (changed.length > 0) {
        await takeOver(await connectedInTime(connect(config), signal), adopt)
        inUse = config
        log.info('Read the credentials for Temporal again', {
          changed: changed.join(', '),
          server: config.address,
        })
      }
      lastFault = undefined
    } catch (error) {
      const fault = `${describeConnectError(error)}${describeRoute(inUse.route)}`
      if (fault !== lastFault && !signal.aborted) log.warn(unusable, { error: fault })
      lastFault = fault
    }
  }
}

/** Another server or namespace would have none of the runs that the Worker holds. */
function sameServer(inUse: TemporalConfig, next: TemporalConfig): TemporalConfig {
  for (const field of ['address', 'namespace'] as const) {
    if (next[field] !== inUse[field]) {
      throw new Error(
        `the ${field} is ${next[field]}, no longer ${inUse[field]}; only a restart changes the ${field}`,
      )
    }
  }
  return next
}

async function takeOver<C extends Closable>(connection: C, adopt: (connection: C) => void): Promise<void> {
  try {
    adopt(connection)
  } catch (error) {
    await connection.close()
    throw error
  }
}
