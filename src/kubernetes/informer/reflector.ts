import { setTimeout as delay } from 'node:timers/promises'
import { objectOf, stringOf } from '../../domain/model/decode.ts'
import type { ObjectMeta } from '../../domain/model/object-meta.ts'
import type { Log } from '../../observability/log.ts'
import type { ApiVersions } from '../api-versions.ts'
import { backOffMs } from './back-off.ts'
import type { KubernetesConnection } from '../transport/connection.ts'
import type { ApiRequest } from '../transport/api-request.ts'
import { before } from '../transport/deadline.ts'
import { isKubernetesError, type KubernetesError } from '../errors.ts'
import { createHealthRecord } from './health-record.ts'
import type { Store } from './store.ts'
import { listObjects } from '../objects.ts'
import { createRelistTimer } from './relist-timer.ts'
import { pathOf, type Resource } from '../resources.ts'
import { errorFromStatus, toKubernetesError } from '../transport/to-kubernetes-error.ts'
import { versionNumber, type WatchPosition } from './resource-version.ts'
import { readWatch, type WatchEnd, type WatchEvent } from './watch-stream.ts'
import type { WatchTuning } from './informer-tuning.ts'
import type { WatchHealth } from './informer-types.ts'

/** A watch that the server ends sooner than this, with nothing to say, is not opened again at once. */
const shortWatchMs = 1_000

export interface ListWatchOptions<T extends ObjectMeta> {
  readonly connection: KubernetesConnection
  readonly versions: ApiVersions
  readonly resource: Resource
  /** Empty: all namespaces. */
  readonly namespace: string
  readonly labelSelector: string | undefined
  readonly decode: (object: unknown) => T
  readonly cache: Store<T>
  readonly onListed: () => void
  readonly signal: AbortSignal
  readonly log: Log
  /** Whether a failure is part of an outage that has lines of its own. Default: none is. */
  readonly isOutage?: ((failure: KubernetesError) => boolean) | undefined
  readonly tuning: WatchTuning
}

/** One running loop over one namespace, or over all. */
export interface ListWatch {
  health(): WatchHealth
  position(): WatchPosition
  /** Resolves soon after the signal was aborted. Never rejects. */
  readonly done: Promise<void>
}

/**
 * Starts to list and watch until the signal is aborted, whatever fails. One round of the loop is a list
 * where one is due, and a watch until it ends. Only the running round touches the cache: there are no
 * late events of an earlier one.
 */
export function startReflector<T extends ObjectMeta>(options: ListWatchOptions<T>): ListWatch {
  const { connection, versions, resource, namespace, cache, signal, log, tuning } = options
  const health = createHealthRecord(resource.plural, tuning.now)
  const relist = createRelistTimer(tuning)
  /** The resourceVersion the next watch goes on from; undefined where only a list can tell. */
  let position: string | undefined
  /** That of the last list. */
  let listedAt = ''
  /** In a row, without a sign of life in between. */
  let failures = 0

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = await round().catch((error: unknown) => afterFailure(error))
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal }).catch(() => undefined)
    }
    relist.clear()
  }

  /** Returns the milliseconds to wait before the next round. */
  async function round(): Promise<number> {
    const from = position === undefined || relist.due().aborted ? await listAll() : position
    const started = tuning.now()
    const end = await watchFrom(from)
    if (end === 'ended') health.contacted()
    if (end === 'ended' && tuning.now() - started < shortWatchMs) return nextPauseMs(undefined)
    failures = 0
    return 0
  }

  async function listAll(): Promise<string> {
    const query = { namespace, labelSelector: options.labelSelector, pageSize: tuning.pageSize, signal }
    await servedVersion()
    const listed = await versions.using(resource, (apiVersion) =>
      listObjects(connection, resource, apiVersion, query, options.decode),
    )
    signal.throwIfAborted()
    health.listed(cache.replaceAll(listed.items))
    relist.restart()
    position = listed.resourceVersion
    listedAt = position
    options.onListed()
    return position
  }

  /** The question is shared with others, so our signal ends only the waiting. */
  function servedVersion(): Promise<string> {
    return before(signal, versions.of(resource))
  }

  async function watchFrom(from: string): Promise<WatchEnd> {
    const request = watchRequest(options, await servedVersion(), from, relist.due())
    return readWatch(connection, request, tuning.silenceMs, { onOpen: () => health.opened(), onEvent })
  }

  function onEvent(event: WatchEvent): void {
    const object = objectOf(event.object)
    if (event.type === 'ERROR') {
      position = undefined
      throw errorFromStatus(`watch ${resource.plural}`, object)
    }
    if (event.type === 'DELETED') cache.remove(options.decode(object))
    else if (event.type !== 'BOOKMARK') cache.upsert(options.decode(object))
    position = stringOf(objectOf(object['metadata'])['resourceVersion'])
    failures = 0
    health.contacted()
  }

  function afterFailure(error: unknown): number {
    if (signal.aborted) return 0
    const failure = toKubernetesError(error, `watch ${resource.plural}`)
    const isNew = options.isOutage?.(failure) !== true && failure.message !== health.snapshot().lastError
    if (!canGoOn(failure)) position = undefined
    const pauseMs = nextPauseMs(failure.retryAfterSeconds)
    log[isNew ? 'warn' : 'debug'](failure.message, {
      resource: resource.plural,
      retryInMs: Math.round(pauseMs),
    })
    health.failed(failure)
    return pauseMs
  }

  function nextPauseMs(retryAfterSeconds: number | undefined): number {
    return backOffMs(tuning.backOff, failures++, tuning.random(), retryAfterSeconds)
  }

  return {
    health: () => ({ ...health.snapshot(), untold: cache.untold() }),
    position: () => ({ heard: versionNumber(position ?? ''), listed: versionNumber(listedAt) }),
    done: run(),
  }
}

function watchRequest(
  options: Pick<
    ListWatchOptions<ObjectMeta>,
    'resource' | 'namespace' | 'labelSelector' | 'signal' | 'tuning'
  >,
  apiVersion: string,
  resourceVersion: string,
  relistDue: AbortSignal,
): ApiRequest & { readonly signal: AbortSignal } {
  const { resource, namespace, labelSelector, signal, tuning } = options
  return {
    verb: 'watch',
    resource: resource.plural,
    action: `watch ${resource.plural}`,
    path: pathOf(resource, apiVersion, { namespace }),
    query: {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(Math.ceil((tuning.watchMs / 1000) * (1 + tuning.random() / 5))),
      ...(labelSelector !== undefined && { labelSelector }),
    },
    signal: AbortSignal.any([signal, relistDue]),
  }
}

/** Whether the next watch can go on from where the last one was; all else is cured by a list. */
function canGoOn(failure: KubernetesError): boolean {
  return isKubernetesError(failure, 'unavailable', 'throttled', 'forbidden')
}
