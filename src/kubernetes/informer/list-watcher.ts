import type { ObjectMeta } from '../../domain/model/object-meta.ts'
import type { ApiVersions } from '../api-versions.ts'
import { listObjects } from '../objects.ts'
import { pathOf, type DecodedResource } from '../resources.ts'
import type { KubernetesConnection } from '../transport/connection.ts'
import { before } from '../transport/deadline.ts'
import type { InformerTuning } from './informer-types.ts'
import { readWatch, type WatchEnd, type WatchListener } from './watch-stream.ts'

export interface ListWatcherOptions<T> {
  readonly connection: KubernetesConnection
  readonly versions: ApiVersions
  readonly resource: DecodedResource<T>
  /** Empty: all namespaces. */
  readonly namespace: string
  readonly labelSelector: string | undefined
  readonly signal: AbortSignal
  readonly tuning: InformerTuning
}

/** The list and watch requests of one kind in one namespace, or in all. They end with the signal. */
export interface ListWatcher<T> {
  list(): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }>
  /** Watches from a resourceVersion until the server ends the watch or `until` is aborted. */
  watch(resourceVersion: string, until: AbortSignal, listener: WatchListener): Promise<WatchEnd>
}

export function createListWatcher<T extends ObjectMeta>(options: ListWatcherOptions<T>): ListWatcher<T> {
  const { connection, versions, resource, namespace, labelSelector, signal, tuning } = options
  /** Other callers share this request, so our signal ends only our wait for it. */
  const servedVersion = (): Promise<string> => before(signal, versions.of(resource))
  return {
    async list() {
      await servedVersion()
      const query = { namespace, labelSelector, pageSize: tuning.pageSize, signal }
      const listed = await versions.using(resource, (apiVersion) =>
        listObjects(connection, resource, apiVersion, query, resource.decode),
      )
      signal.throwIfAborted()
      return listed
    },
    async watch(resourceVersion, until, listener) {
      const request = {
        verb: 'watch',
        resource: resource.plural,
        action: `watch ${resource.plural}`,
        path: pathOf(resource, await servedVersion(), { namespace }),
        query: {
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion,
          timeoutSeconds: String(Math.ceil((tuning.watchMs / 1000) * (1 + tuning.random() / 5))),
          ...(labelSelector !== undefined && { labelSelector }),
        },
        signal: AbortSignal.any([signal, until]),
      } as const
      return readWatch(connection, request, tuning.silenceMs, listener)
    },
  }
}
