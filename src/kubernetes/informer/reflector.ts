import { setTimeout as delay } from 'node:timers/promises'
import { backOffMs } from '../../domain/back-off.ts'
import { objectOf, stringOf } from '../../domain/model/decode.ts'
import type { ObjectMeta } from '../../domain/model/object-meta.ts'
import type { Log } from '../../observability/log.ts'
import { isKubernetesError, isUnreadable, type KubernetesError } from '../errors.ts'
import { errorFromStatus, toKubernetesError } from '../transport/to-kubernetes-error.ts'
import { versionNumber, type Informer, type InformerHealth } from './informer-types.ts'
import { list, watch, type ListWatchOptions, type WatchEvent } from './list-watch.ts'
import type { Store } from './store.ts'

/** After a watch that the server ends sooner than this without a failure, the reflector backs off. */
const shortWatchMs = 1_000

interface ReflectorOptions<T extends ObjectMeta> extends ListWatchOptions<T> {
  readonly store: Store<T>
  /** What is lost if the kind cannot be read; undefined if nothing works without it. */
  readonly loss: string | undefined
  readonly onListed: () => void
  /** The kind could not be read, and why. It is tried again. */
  readonly onRefused: (message: string) => void
  readonly log: Log
  /** Whether a failure is logged elsewhere. Default: none is. */
  readonly isReported?: ((failure: KubernetesError) => boolean) | undefined
}

/** A running list+watch loop over one namespace, or over all. */
type Reflector = Pick<Informer<ObjectMeta>, 'health' | 'done'>

/**
 * Lists and watches until the signal is aborted, whatever fails. One round is a list, if one is due, and a watch until it
 * ends. Only the running round writes to the store, so no late event of an earlier round can arrive.
 */
export function startReflector<T extends ObjectMeta>(options: ReflectorOptions<T>): Reflector {
  const { resource, store, signal, tuning } = options
  const health = createHealthRecord(resource.plural, options.loss, tuning.now)
  /** The next watch starts from here; undefined if a list has to come first. */
  let lastSync: string | undefined
  let lastList: string | undefined
  let relistDue = AbortSignal.abort()
  /** In a row, without contact in between. */
  let failures = 0

  /** Returns the milliseconds to wait before the next round. */
  async function listAndWatch(): Promise<number> {
    if (lastSync === undefined || relistDue.aborted) await relist()
    if (lastSync === undefined) return Math.round(tuning.pollMs * (1 + tuning.random() / 2))
    const started = tuning.now()
    const end = await watch(options, lastSync, relistDue, { onOpen: () => health.opened(), onEvent })
    if (end === 'ended') health.contacted()
    if (end === 'ended' && tuning.now() - started < shortWatchMs) return nextPauseMs()
    failures = 0
    return 0
  }

  async function relist(): Promise<void> {
    const listed = await list(options).catch((error: unknown) => rethrow(options, health, error))
    lastSync = lastList = listed.resourceVersion
    if (lastSync === undefined) failures = 0
    health.listed(store.replaceAll(listed.items), lastSync === undefined)
    relistDue = AbortSignal.timeout(Math.round(tuning.relistMs * (1 + tuning.random())))
    options.onListed()
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

/** @throws the failure of a list, after taking note of one that cannot be read as things are */
function rethrow(
  {
    store,
    loss,
    signal,
    onRefused,
  }: Pick<ReflectorOptions<ObjectMeta>, 'store' | 'loss' | 'signal' | 'onRefused'>,
  health: ReturnType<typeof createHealthRecord>,
  error: unknown,
): never {
  if (!isUnreadable(error) || signal.aborted) throw error
  // What may no longer be read is unknown, as if it never could. But Clusters, claims and addresses that seem to be gone
  // would be released: they stay as they were last observed.
  if (loss !== undefined) store.replaceAll([])
  health.refused(error.message)
  onRefused(error.message)
  throw error
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

/**
 * Whether the next watch can resume from the last position; after any other failure, only a list helps. It also takes the
 * place of a watch that is not permitted.
 */
function canResume(failure: KubernetesError): boolean {
  return isKubernetesError(failure, 'unavailable', 'throttled')
}

/** Records a failure, and logs it as a warning if it is not the same as the last one. */
function report(
  { log, resource, isReported }: Pick<ReflectorOptions<ObjectMeta>, 'log' | 'resource' | 'isReported'>,
  health: ReturnType<typeof createHealthRecord>,
  failure: KubernetesError,
  pauseMs: number,
): void {
  const isNew = failure.message !== health.snapshot().lastError
  const level = isNew && isReported?.(failure) !== true ? 'warn' : 'debug'
  log[level](failure.message, { resource: resource.plural, retryInMs: Math.round(pauseMs) })
  health.failed(failure)
}

/** The health of one reflector's connection to the server. */
type ReflectorHealth = Omit<InformerHealth, 'undelivered' | 'lastSyncResourceVersion' | 'listResourceVersion'>

/** @param now milliseconds since the epoch */
function createHealthRecord(resource: string, loss: string | undefined, now: () => number) {
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
    refusals: [],
    loss,
  }
  let opened = false
  const set = (changes: Partial<ReflectorHealth>): void => {
    health = { ...health, ...changes }
  }
  return {
    /** @param isPolled no watch follows */
    listed(drift: number, isPolled: boolean) {
      const at = now()
      // Every object of the first list is new, and no watch could have reported those that were polled.
      const missed = health.synced && !isPolled ? drift : 0
      set({ synced: true, lastListAt: at, lastContactAt: at, refusals: [] })
      set({ lists: health.lists + 1, drift: health.drift + missed })
      if (isPolled) set({ lastError: undefined })
    },
    refused(message: string) {
      set({ refusals: [message] })
      // Nothing is left of it.
      if (loss !== undefined) set({ synced: false, lastListAt: undefined, lastContactAt: undefined })
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
