import { setTimeout as delay } from 'node:timers/promises'
import type { Registration } from '../../domain/extension/registration.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import { createExtensionConfigs } from '../../kubernetes/extension-configs.ts'
import { isVerifiedBy } from '../../runtime-extension/ca-bundle.ts'
import { createClusterChanges, type ClusterChanges } from '../../runtime-extension/cluster-changes.ts'
import { createHookHandlers, registeredCallAt } from '../../runtime-extension/hook-handlers.ts'
import { startHookServer } from '../../runtime-extension/hook-server.ts'
import { keepRegistered } from '../../runtime-extension/keep-registered.ts'
import { createVipReader } from '../../runtime-extension/vip-reader.ts'
import type { ProgramParts } from './program-parts.ts'

/** The runtime extension of this process. */
export interface RunningExtension {
  readonly changes: ClusterChanges
  /** Ends it, not before clients had the time to go to another replica. */
  close(): Promise<void>
}

/** Milliseconds until core calls with a new caBundle: it discovers the handlers again first. */
const learnMs = 3_000

/** Milliseconds from the request to stop for which calls are answered: so long a Service may still send some. */
const drainMs = 2_000

/**
 * Serves the hooks, from the start on and also while Temporal or the API server cannot be reached: core needs an answer to be
 * able to start. Undefined if they are not asked for.
 *
 * @throws Error if a certificate cannot be used, or the address cannot be bound
 */
export async function startRuntimeExtension({
  config,
  kubernetes,
  api,
  state,
  outages,
  metrics,
  log,
  signal,
}: Pick<ProgramParts, 'config' | 'kubernetes' | 'state' | 'outages' | 'metrics' | 'log' | 'signal'> & {
  readonly api: ClusterApi
}): Promise<RunningExtension | undefined> {
  const { runtimeExtension } = config
  if (runtimeExtension === undefined) return undefined
  const { address, handlers, registration, ...files } = runtimeExtension
  const changes = createClusterChanges()
  const closing = new AbortController()
  const vips = createVipReader({
    watched: () => state.watched,
    changes,
    api,
    settings: config,
    served: config,
    trouble: () => {
      if (outages.apiServer.current !== undefined) return 'the API server cannot be reached'
      return outages.temporal.current === undefined ? undefined : 'Temporal cannot be reached'
    },
    signal,
    closed: closing.signal,
  })
  const trust = createTrust()
  const server = await startHookServer({
    address,
    files,
    ...(registration !== undefined && { isTrusted: trust.isTrusted }),
    callAt: (path) => registeredCallAt(path, handlers),
    answer: createHookHandlers(handlers, vips),
    onAnswered: metrics.observeRuntimeExtension(),
    log,
  })
  state.runtimeExtension = { port: server.port, handlers }
  log.info('Serving the runtime extension', { server: `${address.host}:${server.port}` })
  if (registration !== undefined) {
    register(registration, { kubernetes, state, log, signal, onRegistered: trust.registered })
  }
  let stoppedAt = 0
  signal.addEventListener('abort', () => {
    stoppedAt = performance.now()
    server.drain()
  })
  return {
    changes,
    async close() {
      await delay(Math.max(0, signal.aborted ? stoppedAt + drainMs - performance.now() : 0))
      closing.abort()
      await server.close()
    },
  }
}

/** Keeps it registered with core while it is served. */
function register(
  registration: Registration,
  {
    kubernetes,
    state,
    log,
    signal,
    onRegistered,
  }: Pick<ProgramParts, 'kubernetes' | 'state' | 'log' | 'signal'> & {
    readonly onRegistered: (caBundle: string) => void
  },
): void {
  void keepRegistered({
    registration,
    configs: createExtensionConfigs(kubernetes),
    isReady: () => state.watched?.queries.isComplete() === true,
    onAttempt: (unregistered) => {
      const { runtimeExtension } = state
      if (runtimeExtension !== undefined) state.runtimeExtension = { ...runtimeExtension, unregistered }
    },
    onRegistered,
    log,
    signal,
  })
}

/** What core can verify: the authorities that are registered, once it has had the time to learn of them. */
function createTrust(): {
  readonly registered: (caBundle: string) => void
  readonly isTrusted: (certificate: string) => boolean
} {
  let bundle: string | undefined
  let since = 0
  return {
    registered(caBundle) {
      if (caBundle !== bundle) since = performance.now()
      bundle = caBundle
    },
    isTrusted: (certificate) =>
      bundle !== undefined && performance.now() - since >= learnMs && isVerifiedBy(bundle, certificate),
  }
}
