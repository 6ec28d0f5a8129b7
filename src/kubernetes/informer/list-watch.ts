import type { ObjectMeta } from '../../domain/model/object-meta.ts'
import type { ApiVersions } from '../api-versions.ts'
import { listObjects } from '../objects.ts'
import { pathOf, type DecodedResource } from '../resources.ts'
import type { KubernetesConnection } from '../transport/connection.ts'
import { before } from '../transport/deadline.ts'
import type { InformerTuning } from './informer-types.ts'
import { readWatch, type WatchEnd, type WatchListener } from './watch-stream.ts'

/** What to list and watch: one kind in one namespace, or in all. Requests end with the signal. */
export interface ListWatchOptions<T> {
  readonly connection: KubernetesConnection
  readonly versions: ApiVersions
  readonly resource: DecodedResource<T>
  /** Empty: all namespaces. */
  readonly namespace: string
  readonly labelSelector: string | undefined
  readonly signal: AbortSignal
  readonly tuning: InformerTuning
}

export async function list<T extends ObjectMeta>(
  options: ListWatchOptions<T>,
): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }> {
  const { connection, versions, resource, namespace, labelSelector, signal, tuning } = options
  await servedVersion(options)
  const query = { namespace, labelSelector, pageSize: tuning.pageSize, signal }
  const listed = await versions.using(resource, (apiVersion) =>
    listObjects(connection, resource, apiVersion, query),
  )
  signal.throwIfAborted()
  return listed
}

/** Watches from a resourceVersion until the server ends the watch or `until` is aborted. */
export async function watch<T extends ObjectMeta>(
  options: ListWatchOptions<T>,
  resourceVersion: string,
  until: AbortSignal,
  listener: WatchListener,
): Promise<WatchEnd> {
  const { connection, resource, namespace, labelSelector, signal, tuning } = options
  const request = {
    verb: 'watch',
    resource: resource.plural,
    action: `watch ${resource.plural}`,
    path: pathOf(resource, await servedVersion(options), { namespace }),
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
}

/** Other callers share this request, so our signal ends only our wait for it. */
function servedVersion<T>({ versions, resource, signal }: ListWatchOptions<T>): Promise<string> {
  return before(signal, versions.of(resource))
}
