import { arrayOf, objectOf, type JsonObject } from '../../../../src/domain/model/decode.ts'
import { KubernetesError } from '../../../../src/kubernetes/errors.ts'
import type { ApiRequest } from '../../../../src/kubernetes/transport/api-request.ts'
import type { KubernetesConnection } from '../../../../src/kubernetes/transport/connection.ts'
import { inClusterPoolKinds } from '../../../../src/domain/model/pool-kinds.ts'
import { poolResourceOf } from '../../../../src/kubernetes/pool-resources.ts'
import { resources } from '../../../../src/kubernetes/resources.ts'

/** A server whose lists and watch events a test dictates one by one, which no real API server allows. */
export interface ScriptedServer {
  readonly connection: KubernetesConnection
  /** Sets the content of the next lists of a kind. */
  list(resource: string, resourceVersion: number, objects: readonly JsonObject[]): void
  /** Sends an event to the open watch of a kind. Resolves when the informer has processed it. */
  send(resource: string, type: string, object: JsonObject): Promise<void>
  /** Number of watches of a kind opened so far. */
  opened(resource: string): number
  /** Expires the open watch of a kind, so that the reflector relists. */
  expire(resource: string): void
  /**
   * Refuses requests, each `verb plural` or `verb plural in namespace`, and serves no kind of `serve plural`. Replaces what
   * was refused before.
   */
  refuse(...permissions: readonly string[]): void
  /** The requests so far, in the same words. */
  readonly asked: readonly string[]
}

/** `list clusters`, or `list clusters in staging`. */
function wordsOf({ verb, resource, path }: ApiRequest): string {
  const [, namespace] = /\/namespaces\/([^/]+)/.exec(path) ?? []
  return namespace === undefined ? `${verb} ${resource}` : `${verb} ${resource} in ${namespace}`
}

export function scriptServer(): ScriptedServer {
  const lists = new Map<string, JsonObject>()
  const watches = new Map<string, Feed>()
  const opened: string[] = []
  const asked: string[] = []
  let refused: readonly string[] = []

  /** @throws KubernetesError if the request is refused */
  const admit = (request: ApiRequest): void => {
    const words = wordsOf(request)
    asked.push(words)
    const [inAll = words] = words.split(' in ')
    if (!refused.includes(words) && !refused.includes(inAll)) return
    throw new KubernetesError(`${request.action}: no`, { kind: 'forbidden', status: 403 })
  }

  /** The listed objects of a kind at the namespace and name of a path. */
  const objectsAt = ({ resource, path }: ApiRequest): readonly unknown[] => {
    const [, namespace, , own] = /\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+))?/.exec(path) ?? []
    const [, name = own] = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path) ?? []
    return arrayOf(lists.get(resource)?.['items']).filter((item) => {
      const metadata = objectOf(objectOf(item)['metadata'])
      return (
        (namespace === undefined || metadata['namespace'] === namespace) &&
        (name === undefined || metadata['name'] === name)
      )
    })
  }

  return {
    asked,
    refuse: (...permissions) => (refused = permissions),
    list(resource, resourceVersion, items) {
      lists.set(resource, { metadata: { resourceVersion: String(resourceVersion) }, items: [...items] })
    },
    send: (resource, type, object) => feedOf(watches, resource).push({ type, object }),
    opened: (resource) => opened.filter((each) => each === resource).length,
    expire(resource) {
      void feedOf(watches, resource).push({ type: 'ERROR', object: { code: 410, message: 'too old' } })
    },
    connection: {
      async request(request: ApiRequest) {
        const { verb, resource } = request
        if (resource === 'apiresources') {
          const served = [...Object.values(resources), ...inClusterPoolKinds.map(poolResourceOf)].filter(
            ({ plural }) => !refused.includes(`serve ${plural}`),
          )
          return { resources: served.map(({ plural }) => ({ name: plural })) }
        }
        admit(request)
        const objects = objectsAt(request)
        if (verb !== 'get')
          return { metadata: { resourceVersion: '1' }, ...lists.get(resource), items: [...objects] }
        if (objects.length > 0) return objectOf(objects[0])
        throw new KubernetesError(`${request.action}: not found`, { kind: 'notFound', status: 404 })
      },
      async open(request) {
        admit(request)
        const { resource, signal } = request
        const feed = createFeed(signal)
        watches.set(resource, feed)
        opened.push(resource)
        return { body: feed.body, close: async () => undefined }
      },
      close: async () => undefined,
    },
  }
}

interface Feed {
  readonly body: AsyncIterable<Uint8Array>
  push(event: object): Promise<void>
}

function feedOf(watches: ReadonlyMap<string, Feed>, resource: string): Feed {
  const feed = watches.get(resource)
  if (feed === undefined) throw new Error(`nobody watches ${resource}`)
  return feed
}

function createFeed(signal: AbortSignal | undefined): Feed {
  const lines: { readonly text: string; readonly taken: () => void }[] = []
  let more = Promise.withResolvers<void>()
  signal?.addEventListener('abort', () => more.resolve())
  async function* body(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (signal?.aborted === true) return
      const line = lines.shift()
      if (line === undefined) {
        await more.promise
        more = Promise.withResolvers()
        continue
      }
      yield new TextEncoder().encode(`${line.text}\n`)
      line.taken()
    }
  }
  return {
    body: body(),
    push(event) {
      const { promise, resolve } = Promise.withResolvers<void>()
      lines.push({ text: JSON.stringify(event), taken: resolve })
      more.resolve()
      return promise
    },
  }
}
