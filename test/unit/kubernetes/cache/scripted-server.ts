import type { JsonObject } from '../../../../src/domain/model/decode.ts'
import type { ApiRequest } from '../../../../src/kubernetes/transport/api-request.ts'
import type { KubernetesConnection } from '../../../../src/kubernetes/transport/connection.ts'
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
}

export function scriptServer(): ScriptedServer {
  const lists = new Map<string, JsonObject>()
  const watches = new Map<string, Feed>()
  const opened: string[] = []
  return {
    list(resource, resourceVersion, items) {
      lists.set(resource, { metadata: { resourceVersion: String(resourceVersion) }, items: [...items] })
    },
    send: (resource, type, object) => feedOf(watches, resource).push({ type, object }),
    opened: (resource) => opened.filter((each) => each === resource).length,
    expire(resource) {
      void feedOf(watches, resource).push({ type: 'ERROR', object: { code: 410, message: 'too old' } })
    },
    connection: {
      async request({ resource }: ApiRequest) {
        if (resource === 'apiresources') {
          return { resources: Object.values(resources).map(({ plural }) => ({ name: plural })) }
        }
        return lists.get(resource) ?? { metadata: { resourceVersion: '1' }, items: [] }
      },
      async open({ resource, signal }) {
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
