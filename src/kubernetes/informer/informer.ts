import type { Log } from '../../observability/log.ts'
import { discoverApiVersions } from '../api-versions.ts'
import type { KubernetesError } from '../errors.ts'
import { resources, type DecodedResource } from '../resources.ts'
import type { KubernetesConnection } from '../transport/connection.ts'
import {
  defaultTuning,
  type Informer,
  type InformerHealth,
  type InformerTuning,
  type ResourceEventHandler,
} from './informer-types.ts'
import { startReflector } from './reflector.ts'
import { createStore } from './store.ts'

/** The kinds that can be watched, each with the type of its decoded objects. */
export type WatchedObjects = {
  readonly [R in Exclude<keyof typeof resources, 'events'>]: ReturnType<(typeof resources)[R]['decode']>
}

const watched: { readonly [R in keyof WatchedObjects]: DecodedResource<WatchedObjects[R]> } = resources

export interface InformerOptions<R extends keyof WatchedObjects> {
  readonly connection: KubernetesConnection
  readonly resource: R
  /** Empty or absent: all namespaces. Ignored for a cluster-scoped kind. */
  readonly namespaces?: readonly string[]
  readonly labelSelector?: string | undefined
  readonly handler: ResourceEventHandler<WatchedObjects[R]>
  /** Stops the informer. */
  readonly signal: AbortSignal
  readonly log: Log
  /** Whether a failure is part of an outage that is logged elsewhere. Default: none is. */
  readonly isOutage?: (failure: KubernetesError) => boolean
  readonly tuning?: Partial<InformerTuning>
}

/**
 * Starts an informer, which runs until the signal is aborted. It survives an API server that is away at the start or
 * later, and a missing CustomResourceDefinition. It lists and watches each of several namespaces separately, since our
 * permissions may be limited to them.
 */
export function startInformer<R extends keyof WatchedObjects>(
  options: InformerOptions<R>,
): Informer<WatchedObjects[R]> {
  const { connection, handler, log } = options
  const resource = watched[options.resource]
  const namespaces = [...new Set(resource.namespaced ? options.namespaces : [])]
  const objects = new Map<string, WatchedObjects[R]>()
  const versions = discoverApiVersions(connection)
  const tuning = { ...defaultTuning, ...options.tuning }

  /** The list is not full before every namespace has been listed. */
  const onListed = (): void => {
    if (!health().synced) return
    try {
      handler.onListed?.([...objects.values()])
    } catch (error) {
      log.error('A watch handler failed on a list', { resource: options.resource, error: String(error) })
    }
  }
  const reflectors = (namespaces.length === 0 ? [''] : namespaces).map((namespace) => {
    const store = createStore(objects, namespace, handler, log)
    return startReflector({ ...options, versions, resource, namespace, store, onListed, tuning })
  })
  const health = (): InformerHealth => reflectors.map((each) => each.health()).reduce(combineHealth)
  return {
    objects,
    health,
    done: Promise.all(reflectors.map((each) => each.done)).then(() => undefined),
  }
}

/** The health of two reflectors of one kind: that of the worse one. */
function combineHealth(a: InformerHealth, b: InformerHealth): InformerHealth {
  return {
    resource: a.resource,
    synced: a.synced && b.synced,
    lastListAt: ifBoth(a.lastListAt, b.lastListAt, Math.min),
    lastContactAt: ifBoth(a.lastContactAt, b.lastContactAt, Math.min),
    lists: a.lists + b.lists,
    reconnects: a.reconnects + b.reconnects,
    expired: a.expired + b.expired,
    failures: a.failures + b.failures,
    drift: a.drift + b.drift,
    undelivered: [...a.undelivered, ...b.undelivered],
    lastError: a.lastError ?? b.lastError,
    lastSyncResourceVersion: ifBoth(a.lastSyncResourceVersion, b.lastSyncResourceVersion, (one, other) =>
      one < other ? one : other,
    ),
    listResourceVersion: ifBoth(a.listResourceVersion, b.listResourceVersion, (one, other) =>
      one > other ? one : other,
    ),
  }
}

function ifBoth<T>(a: T | undefined, b: T | undefined, combine: (a: T, b: T) => T): T | undefined {
  return a === undefined || b === undefined ? undefined : combine(a, b)
}
