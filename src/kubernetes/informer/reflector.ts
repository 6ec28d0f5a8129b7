import { setTimeout as delay } from 'node:timers/promises'
import { backOffMs } from '../../domain/back-off.ts'
import { objectOf, stringOf } from '../../domain/model/decode.ts'
import type { ObjectMeta } from '../../domain/model/object-meta.ts'
import type { Log } from '../../observability/log.ts'
import { isKubernetesError, type KubernetesError } from '../errors.ts'
import { errorFromStatus, toKubernetesError } from '../transport/to-kubernetes-error.ts'
import { versionNumber, type Informer, type InformerHealth } from './informer-types.ts'
import { list, watch, type ListWatchOptions, type WatchEvent } from './list-watch.ts'
import type { Store } from './store.ts'

/** After a watch that the server ends sooner than this without a failure, the reflector backs off. */
const shortWatchMs = 1_000

interface ReflectorOptions<T extends ObjectMeta> extends ListWatchOptions<T> {
  readonly store: Store<T>
  readonly onListed: () => void
  readonly log: Log
  /** Whether a failure is part of an outage that is logged elsewhere. Default: none is. */
  readonly isOutage?: ((failure: KubernetesError) => boolean) | undefined
}

/** A running list+watch loop over one namespace, or over all. */
type Reflector = Omit<Informer<ObjectMeta>, 'objects'>

/**
 * Lists and watches until the signal is aborted, whatever fails. One round is a list, if one is due, and a watch until it
 * ends. Only the running round writes to the store, so no late event of an earlier round can arrive.
 */
export function startReflector<T extends ObjectMeta>(options: ReflectorOptions<T>): Reflector {
  const { resource, store, signal, tuning } = options
  const health = createHealthRecord(resource.plural, tuning.now)
  /** The next watch starts from here; undefined if a list has to come first. */
  let lastSync: string | undefined
  let lastList: string | undefined
  let relistDue = AbortSignal.abort()
  /** In a row, without contact in between. */
  let failures = 0

  /** Returns the milliseconds to wait before the next round. */
  async function listAndWatch(): Promise<number> {
    const from = lastSync === undefined || relistDue.aborted ? await relist() : lastSync
    const started = tuning.now()
    const end = await watch(options, from, relistDue, { onOpen: () => health.opened(), onEvent })
    if (end === 'ended') health.contacted()
    if (end === 'ended' && tuning.now() - started < shortWatchMs) return nextPauseMs()
    failures = 0
    return 0
  }

  async function relist(): Promise<string> {
    const listed = await list(options)
    health.listed(store.replaceAll(listed.items))
    relistDue = AbortSignal.timeout(Math.round(tuning.relistMs * (1 + tuning.random())))
    lastSync = lastList = listed.resourceVersion
    options.onListed()
    return lastSync
  }

  function onEvent(event: WatchEvent): void {
    if (event.type === 'ERROR') lastSync = undefined
    lastSync = applyEvent(options, event)
    failures = 0
    health.contacted()
  }

  function afterFailure(error: unknown): number {
    if (signal.aborted) return 0
    const failure = toKubernetesError(error, `watch ${resource.plural}`)
    if (!canResume(failure)) lastSync = undefined
    const pauseMs = nextPauseMs(failure.retryAfterSeconds)
    report(options, health, failure, pauseMs)
    return pauseMs
  }

  const nextPauseMs = (retryAfterSeconds?: number): number =>
    backOffMs(tuning.backOff, failures++, tuning.random(), retryAfterSeconds)

  return {
    health: () => ({
      ...health.snapshot(),
      undelivered: store.undelivered(),
      lastSyncResourceVersion: versionNumber(lastSync),
      listResourceVersion: versionNumber(lastList),
    }),
    done: repeat(signal, () => listAndWatch().catch(afterFailure)),
  }
}

/** Runs rounds until the signal is aborted. Each returns the milliseconds to wait before the next one. */
async function repeat(signal: AbortSignal, round: () => Promise<number>): Promise<void> {
  while (!signal.aborted) {
    const pauseMs = await round()
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}

/** Writes one event to the store, and returns its resourceVersion. @throws KubernetesError if the watch has failed */
function applyEvent<T extends ObjectMeta>(
  { resource, store }: Pick<ReflectorOptions<T>, 'resource' | 'store'>,
  event: WatchEvent,
): string {
  const object = objectOf(event.object)
  if (event.type === 'ERROR') throw errorFromStatus(`watch ${resource.plural}`, object)
  if (event.type === 'DELETED') store.remove(resource.decode(object))
  else if (event.type !== 'BOOKMARK') store.upsert(resource.decode(object))
  return stringOf(objectOf(object['metadata'])['resourceVersion'])
}

/** Whether the next watch can resume from the last position; after any other failure, only a list helps. */
function canResume(failure: KubernetesError): boolean {
  return isKubernetesError(failure, 'unavailable', 'throttled', 'forbidden')
}

/** Records a failure, and logs it as a warning if it is not the same as the last one. */
function report(
  { log, resource, isOutage }: Pick<ReflectorOptions<ObjectMeta>, 'log' | 'resource' | 'isOutage'>,
  health: ReturnType<typeof createHealthRecord>,
  failure: KubernetesError,
  pauseMs: number,
): void {
  const isNew = failure.message !== health.snapshot().lastError
  const level = isNew && isOutage?.(failure) !== true ? 'warn' : 'debug'
  log[level](failure.message, { resource: resource.plural, retryInMs: Math.round(pauseMs) })
  health.failed(failure)
}

/** The health of one reflector's connection to the server. */
type ReflectorHealth = Omit<InformerHealth, 'undelivered' | 'lastSyncResourceVersion' | 'listResourceVersion'>

/** @param now milliseconds since the epoch */
function createHealthRecord(resource: string, now: () => number) {
  let health: ReflectorHealth = {
    resource,
    synced: false,
    lastListAt: undefined,
    lastContactAt: undefined,
    lists: 0,
    reconnects: 0,
    expired: 0,
    failures: 0,
    drift: 0,
    lastError: undefined,
  }
  let opened = false
  const set = (changes: Partial<ReflectorHealth>): void => {
    health = { ...health, ...changes }
  }
  return {
    listed(drift: number) {
      const at = now()
      // Every object of the first list is new; none was missed.
      const missed = health.synced ? drift : 0
      set({ synced: true, lastListAt: at, lastContactAt: at })
      set({ lists: health.lists + 1, drift: health.drift + missed })
    },
    opened() {
      set({ lastContactAt: now(), lastError: undefined, reconnects: health.reconnects + (opened ? 1 : 0) })
      opened = true
    },
    contacted: () => set({ lastContactAt: now() }),
    failed(error: KubernetesError) {
      if (error.status === 410) set({ expired: health.expired + 1 })
      else set({ failures: health.failures + 1, lastError: error.message })
    },
    snapshot: () => health,
  }
}
