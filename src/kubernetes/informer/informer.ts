import type { Log } from '../../observability/log.ts'
import { discoverApiVersions } from '../api-versions.ts'
import type { KubernetesConnection } from '../transport/connection.ts'
import type { KubernetesError } from '../errors.ts'
import { combineHealth } from './health-record.ts'
import { startReflector, type Reflector } from './reflector.ts'
import { createStore } from './store.ts'
import { resources, type DecodedResource } from '../resources.ts'
import {
  type Informer,
  type ResourceEventHandler,
  type InformerHealth,
  defaultTuning,
  type InformerTuning,
} from './informer-types.ts'
import { combinePositions } from './resource-version.ts'

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
  const resource = watched[options.resource]
  const namespaces = resource.namespaced ? new Set(options.namespaces) : []
  const objects = new Map<string, WatchedObjects[R]>()
  const versions = discoverApiVersions(options.connection)

  const start = (namespace: string): Reflector =>
    startReflector({
      connection: options.connection,
      versions,
      resource,
      namespace,
      labelSelector: options.labelSelector,
      store: createStore(objects, namespace, options.handler, options.log),
      onListed,
      signal: options.signal,
      log: options.log,
      isOutage: options.isOutage,
      tuning: { ...defaultTuning, ...options.tuning },
    })

  /** The list is not full before every namespace has been listed. */
  function onListed(): void {
    if (!health().synced) return
    try {
      options.handler.onListed?.([...objects.values()])
    } catch (error) {
      options.log.error('A watch handler failed on a list', {
        resource: options.resource,
        error: String(error),
      })
    }
  }

  const [first, ...others] = namespaces
  const reflectors = [start(first ?? ''), ...others.map(start)] as const
  const health = (): InformerHealth =>
    combineHealth([reflectors[0].health(), ...reflectors.slice(1).map((each) => each.health())])
  return {
    objects,
    health,
    position: () => combinePositions(reflectors.map((each) => each.position())),
    done: Promise.all(reflectors.map((each) => each.done)).then(() => undefined),
  }
}
