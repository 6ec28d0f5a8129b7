import { DefaultLogger, IllegalStateError, NativeConnection, Runtime } from '@temporalio/worker'
import type { ProxySettings } from '../../domain/proxy-settings.ts'
import { before, deadlineAfter } from '../../kubernetes/transport/deadline.ts'
import { describeError, loadTemporalConfig, type TemporalConfig } from './config.ts'
import { nativeProxy } from './proxy.ts'

/** Milliseconds for an attempt to connect that must end. */
const longestConnectMs = 10_000

/** A connection as far as its end is concerned. */
export interface Closable {
  close(): Promise<void>
}

/** No answer came in time. The attempt goes on, and keeps the process alive. */
export class ConnectTimeoutError extends Error {
  override readonly name = 'ConnectTimeoutError'
}

/** Opens a connection as a Worker has it; it resolves when the server has answered. */
export async function openNativeConnection({
  connectionOptions,
  route,
}: TemporalConfig): Promise<NativeConnection> {
  return NativeConnection.connect({ ...connectionOptions, ...nativeProxy(route) })
}

/** Waits for a connection, which cannot be aborted. @throws ConnectTimeoutError after 10 s, or the signal's reason */
export async function connectedInTime<C extends Closable>(
  connecting: Promise<C>,
  signal: AbortSignal,
): Promise<C> {
  const deadline = deadlineAfter(longestConnectMs, signal)
  try {
    return await before(deadline.signal, connecting)
  } catch (error) {
    // One that comes too late is of no use.
    connecting.then((late) => late.close()).catch(() => undefined)
    throw deadline.isOver() ? new ConnectTimeoutError(describeError(error)) : error
  } finally {
    deadline.clear()
  }
}

/** Connects to Temporal as a Worker does, and closes the connection. @throws Error of the SDK, or if none answers in time */
export async function tryNativeConnection(proxies: ProxySettings, signal: AbortSignal): Promise<true> {
  const config = loadTemporalConfig(proxies)
  installQuietRuntime()
  const connection = await connectedInTime(openNativeConnection(config), signal)
  await connection.close()
  return true
}

/** The SDK's own one writes to standard error, and exits by signals of its own. */
function installQuietRuntime(): void {
  try {
    Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), shutdownSignals: [] })
  } catch (error) {
    // There is one already.
    if (!(error instanceof IllegalStateError)) throw error
  }
}
