import { ipAddressFrom, type IPAddress } from '../../domain/model/ip-address.ts'
import { ipAddressClaimFrom, type IPAddressClaim } from '../../domain/model/claim.ts'
import { clusterClassFrom, type ClusterClass } from '../../domain/model/cluster-class.ts'
import { clusterFrom, type Cluster } from '../../domain/model/cluster.ts'
import { ipPoolFrom, type IPPool } from '../../domain/model/pool.ts'
import type { Log } from '../../observability/log.ts'
import { discoverApiVersions } from '../api-versions.ts'
import type { KubernetesConnection } from '../transport/connection.ts'
import type { KubernetesError } from '../errors.ts'
import { combineHealth } from './health-record.ts'
import { startReflector, type ListWatch } from './reflector.ts'
import { createStore } from './store.ts'
import { resources } from '../resources.ts'
import type { Watch, WatchHandler, WatchHealth } from './informer-types.ts'
import { combinePositions, type WatchPosition } from './resource-version.ts'
import { defaultTuning, type WatchTuning } from './informer-tuning.ts'

/** What can be watched, and as which facts it is told. */
export interface WatchedObjects {
  readonly clusters: Cluster
  readonly clusterclasses: ClusterClass
  readonly ipaddressclaims: IPAddressClaim
  readonly ipaddresses: IPAddress
  readonly inclusterippools: IPPool
  readonly globalinclusterippools: IPPool
}

const decoders: { readonly [R in keyof WatchedObjects]: (object: unknown) => WatchedObjects[R] } = {
  clusters: clusterFrom,
  clusterclasses: clusterClassFrom,
  ipaddressclaims: ipAddressClaimFrom,
  ipaddresses: ipAddressFrom,
  inclusterippools: (object) => ipPoolFrom('InClusterIPPool', object),
  globalinclusterippools: (object) => ipPoolFrom('GlobalInClusterIPPool', object),
}

export interface WatchOptions<R extends keyof WatchedObjects> {
  readonly connection: KubernetesConnection
  readonly resource: R
  /** Empty or absent: all namespaces. Of no meaning for a cluster-scoped kind. */
  readonly namespaces?: readonly string[]
  readonly labelSelector?: string | undefined
  readonly handler: WatchHandler<WatchedObjects[R]>
  /** Ends the watch. */
  readonly signal: AbortSignal
  readonly log: Log
  /** Whether a failure is part of an outage that has lines of its own. Default: none is. */
  readonly isOutage?: (failure: KubernetesError) => boolean
  readonly tuning?: Partial<WatchTuning>
}

/**
 * Keeps hearing of all objects of a kind until the signal is aborted: survives an API server that is away
 * at the start or later, and a missing CustomResourceDefinition. Several namespaces are listed and watched
 * each on its own, since the permissions may go no further.
 */
export function startInformer<R extends keyof WatchedObjects>(
  options: WatchOptions<R>,
): Watch<WatchedObjects[R]> {
  const resource = resources[options.resource]
  const namespaces = resource.namespaced ? new Set(options.namespaces) : []
  const objects = new Map<string, WatchedObjects[R]>()
  const versions = discoverApiVersions(options.connection)

  const start = (namespace: string): ListWatch =>
    startReflector({
      connection: options.connection,
      versions,
      resource,
      namespace,
      labelSelector: options.labelSelector,
      decode: decoders[options.resource],
      cache: createStore(objects, namespace, options.handler, options.log),
      onListed,
      signal: options.signal,
      log: options.log,
      isOutage: options.isOutage,
      tuning: { ...defaultTuning, ...options.tuning },
    })

  /** Before every namespace was listed, what is known is no full list. */
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
  const loops = [start(first ?? ''), ...others.map(start)] as const
  const health = (): WatchHealth =>
    combineHealth([loops[0].health(), ...loops.slice(1).map((loop) => loop.health())])
  const position = (): WatchPosition => combinePositions(loops.map((loop) => loop.position()))
  return {
    objects,
    health,
    position,
    done: Promise.all(loops.map((loop) => loop.done)).then(() => undefined),
  }
}
