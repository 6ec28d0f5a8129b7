import { errors } from 'undici'
import { objectOf, stringOf } from '../../domain/model/decode.ts'
import type { NamespacedName, ObjectMeta } from '../../domain/model/object-meta.ts'
import type { ApiVersions } from '../api-versions.ts'
import { isKubernetesError } from '../errors.ts'
import { getEach, listObjects } from '../objects.ts'
import { pathOf, type DecodedResource } from '../resources.ts'
import type { ApiRequest } from '../transport/api-request.ts'
import type { KubernetesConnection } from '../transport/connection.ts'
import { before } from '../transport/deadline.ts'
import { toKubernetesError } from '../transport/to-kubernetes-error.ts'
import type { InformerTuning } from './informer-types.ts'

/** What to list and watch: one kind in one namespace, or in all. Requests end with the signal. */
export interface ListWatchOptions<T> {
  readonly connection: KubernetesConnection
  readonly versions: ApiVersions
  readonly resource: DecodedResource<T>
  /** Empty: all namespaces. */
  readonly namespace: string
  readonly labelSelector?: string | undefined
  /** The objects to read one by one if the namespace may not be listed. */
  readonly named: () => readonly NamespacedName[]
  /** An object that is here already as it is listed, and is not decoded: in a relist, nearly all are. */
  readonly unchanged?: (listed: unknown) => T | undefined
  readonly signal: AbortSignal
  readonly tuning: InformerTuning
}

/** The objects, and the position from which a watch can start; undefined if they were read one by one. */
export async function list<T extends ObjectMeta>(
  options: ListWatchOptions<T>,
): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string | undefined }> {
  const { connection, versions, resource, namespace, labelSelector, named, signal, tuning } = options
  await servedVersion(options)
  const decode = (listed: unknown): T => options.unchanged?.(listed) ?? resource.decode(listed)
  const query = { namespace, labelSelector, pageSize: tuning.pageSize, signal }
  const listed = await versions
    .using(resource, (apiVersion) => listObjects(connection, { ...resource, decode }, apiVersion, query))
    .catch(async (error: unknown) => {
      if (!isKubernetesError(error, 'forbidden')) throw error
      const items = await getEach({ connection, versions }, resource, named(), error)
      return { items, resourceVersion: undefined }
    })
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
    action: namespace === '' ? `watch ${resource.plural}` : `watch ${resource.plural} in ${namespace}`,
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

/** One line of a watch. The `object` of an `ERROR` is a Status. */
export interface WatchEvent {
  readonly type: string
  readonly object: unknown
}

export interface WatchListener {
  readonly onOpen: () => void
  /** May throw, which ends the watch with that error. */
  readonly onEvent: (event: WatchEvent) => void
}

/** How a watch ended: by the server; silent for too long (a quiet kind, or an unnoticed death); or by our signal. */
export type WatchEnd = 'ended' | 'silent' | 'stopped'

/** Reads one watch to its end; no event follows. Rejects with a KubernetesError if the watch cannot be opened or breaks. */
export async function readWatch(
  connection: Pick<KubernetesConnection, 'open'>,
  request: ApiRequest & { readonly signal: AbortSignal },
  silenceMs: number,
  listener: WatchListener,
): Promise<WatchEnd> {
  try {
    const watch = await connection.open(request, silenceMs)
    try {
      listener.onOpen()
      for await (const line of linesOf(watch.body)) listener.onEvent(eventFrom(line))
      return 'ended'
    } finally {
      await watch.close()
    }
  } catch (error) {
    if (request.signal.aborted) return 'stopped'
    if (error instanceof errors.BodyTimeoutError) return 'silent'
    throw toKubernetesError(error, request.action)
  }
}

/** The network can cut a line anywhere, even within a character. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

function eventFrom(line: string): WatchEvent {
  const event = objectOf(JSON.parse(line))
  return { type: stringOf(event['type']), object: event['object'] }
}
