import { counted, few } from '../../domain/quote.ts'
import type { Worker } from '@temporalio/worker'
import type { AllocatorCommand } from '../../config.ts'
import type { InformerHealth } from '../../kubernetes/informer/informer-types.ts'
import type { Check, HealthSources } from '../../observability/health.ts'
import type { LoopWatch } from '../../observability/loop-watch.ts'
import type { Outage } from '../../observability/outage.ts'
import type { RequestQueue } from '../../watcher/request-queue.ts'
import type { StrayRun } from '../../watcher/run-check.ts'
import type { Watcher } from '../../watcher/watcher.ts'
import type { ManagementClusterIdentity } from './management-cluster-identity.ts'
import type { Neighbors } from './neighbors.ts'
import type { TemporalConnection } from './temporal-connection.ts'

/** The parts of the program, each undefined until it has started. */
export interface ProgramState {
  temporal?: TemporalConnection
  worker?: Worker | undefined
  watcher?: ObservedWatcher | undefined
  managementCluster?: {
    readonly identity: Pick<ManagementClusterIdentity, 'trouble'>
    readonly neighbors: Pick<Neighbors, 'collision'>
  }
  /** The watcher, as the runtime extension uses it. */
  watched?: Pick<Watcher, 'queries' | 'requestRun'> | undefined
  /** Undefined also if it is not served. */
  runtimeExtension?: {
    readonly port: number
    readonly handlers: readonly string[]
    /** Why it is not registered with core. */
    readonly unregistered?: string | undefined
  }
  /** How the Worker has ended without being asked to. */
  workerDeath?: string
}

/** The part of the watcher that its checks read. */
type ObservedWatcher = Pick<Watcher, 'health'> & {
  readonly queue: Pick<RequestQueue, 'lastError' | 'strays'>
}

/** The servers whose outage makes the program unready. */
type Servers = Readonly<Record<'apiServer' | 'temporal', Pick<Outage, 'current'>>>

/** Milliseconds without contact after which a watch is stale. A quiet one ends and is renewed well before. */
const watchStaleAfterMs = 120_000

/** How many objects or runs a detail names. */
const mostNamed = 3

/** The health of the program, for its health pages. It follows `state`. */
export function healthOf(
  command: AllocatorCommand,
  state: ProgramState,
  servers: Servers,
  loop: Pick<LoopWatch, 'eventLoopBlocked'>,
): HealthSources {
  let hasBeenReady = false
  const checks = (): Readonly<Record<string, Check>> => ({
    temporal: temporalCheck(state.temporal !== undefined, servers.temporal.current),
    'api-server': reachedCheck(servers.apiServer.current),
    'management-cluster': managementClusterCheck(state.managementCluster),
    ...(command !== 'watcher' && { worker: workerCheck(state.worker) }),
    ...(command !== 'worker' && watcherChecks(state.watcher)),
    ...(state.runtimeExtension !== undefined && { 'runtime-extension': extensionCheck(state) }),
  })
  return {
    broken: () => {
      if (state.workerDeath !== undefined) return `the Worker has died: ${state.workerDeath}`
      return state.worker?.getState() === 'FAILED' ? 'the Worker has failed' : loop.eventLoopBlocked()
    },
    checks,
    // A replica that has served goes on to answer while a server is away, and so does one that starts then: no other one
    // could do better, and core waits for an answer.
    runtimeExtension: () => {
      hasBeenReady ||= Object.values(checks()).every(({ ok: isOk }) => isOk)
      const isAway = [servers.apiServer, servers.temporal].some(({ current }) => current !== undefined)
      const isServed = state.runtimeExtension !== undefined
      return isServed && !hasBeenReady && !isAway ? waiting('not ready yet') : extensionCheck(state)
    },
  }
}

function extensionCheck({ runtimeExtension }: ProgramState): Check {
  if (runtimeExtension === undefined) return waiting('not served')
  const { handlers, port, unregistered } = runtimeExtension
  const trouble = unregistered === undefined ? '' : `, but is not registered: ${unregistered}`
  // Always ok, since neither a restart nor another replica could register it.
  return ok(`serves ${handlers.join(', ')} at port ${port}${trouble}`)
}

function temporalCheck(isConnected: boolean, outage: string | undefined): Check {
  return isConnected ? reachedCheck(outage) : waiting(outage ?? 'not connected yet')
}

function reachedCheck(outage: string | undefined): Check {
  return outage === undefined ? ok('reached') : waiting(outage)
}

/** Always ok, since Clusters are served all the same, and neither a restart nor another replica could help. */
function managementClusterCheck(managementCluster: ProgramState['managementCluster']): Check {
  const collision = managementCluster?.neighbors.collision()
  if (collision !== undefined) return ok(collision)
  const trouble = managementCluster?.identity.trouble()
  if (trouble !== undefined) return ok(`unknown, so runs name none: ${trouble}`)
  return ok('no other one uses this task queue')
}

function workerCheck(worker: Worker | undefined): Check {
  const state = worker?.getState() ?? 'not started yet'
  return state === 'RUNNING' ? ok('polling') : waiting(state)
}

function watcherChecks(watcher: ObservedWatcher | undefined): Readonly<Record<string, Check>> {
  if (watcher === undefined) return { watcher: waiting('not started yet') }
  const lastError = watcher.queue.lastError()
  return {
    ...Object.fromEntries(
      watcher.health().map((watch) => [`watch-${watch.resource}`, watchCheck(watch, Date.now())]),
    ),
    dispatch: lastError === undefined ? ok('all requests arrived') : waiting(lastError),
    runs: runsCheck(watcher.queue.strays()),
  }
}

function watchCheck(watch: InformerHealth, now: number): Check {
  const { refusals, loss } = watch
  const unread = refusals.length === 0 ? '' : `${few(refusals)}; tried again every half minute`
  if (!watch.synced) {
    // Neither a restart nor another replica could read it.
    return unread !== '' && loss !== undefined
      ? ok(`not read, so that ${loss}: ${unread}`)
      : waiting(watch.lastError ?? 'first list under way')
  }
  const silentMs = now - (watch.lastContactAt ?? 0)
  if (silentMs > watchStaleAfterMs) {
    return waiting(`heard nothing for ${Math.round(silentMs / 1000)} s: ${watch.lastError ?? 'no error'}`)
  }
  const { undelivered, lastError } = watch
  const what = lastError === undefined ? 'listening' : `not listening at the moment: ${lastError}`
  const elsewhere = unread === '' ? '' : `; not everywhere: ${unread}`
  if (undelivered.length === 0) return ok(`${what}${elsewhere}`)
  const named = [...undelivered.slice(0, mostNamed), ...(undelivered.length > mostNamed ? ['…'] : [])]
  // The next list, which comes by itself, repairs it: the program stays ready.
  return ok(`${what}, but the change of ${named.join(', ')} is taken in only with the next list${elsewhere}`)
}

/** Always ok, since neither a restart nor another replica could help such a run. */
function runsCheck(strays: readonly StrayRun[]): Check {
  if (strays.length === 0) return ok('no run is on another task queue, or fails its workflow task')
  const shown = strays.slice(0, mostNamed).map(({ message }) => message)
  const more = strays.length - shown.length
  const rest = more === 0 ? [] : [`${more} more, which capi-vip-allocator doctor names`]
  return ok(
    `${counted(strays.length, 'run')} that only a person can get further: ${[...shown, ...rest].join('; ')}`,
  )
}

function ok(detail: string): Check {
  return { ok: true, detail }
}

function waiting(detail: string): Check {
  return { ok: false, detail }
}
