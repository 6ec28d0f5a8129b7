import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import type { StackConnection } from './connection.ts'
import { ApiError, kubernetesApi } from './kubernetes-api.ts'

/** One version of an object, or its end, as it was seen. */
export interface RawSighting {
  /** Local time in milliseconds. */
  readonly at: number
  /**
   * Orders all sightings of all kinds, since one etcd counts them all. The end of an object that only a list told
   * has the last version up to which the watch had vouched for it.
   */
  readonly resourceVersion: bigint
  /** By a list, after which versions may have been missed; or by the watch, which misses none. */
  readonly by: 'list' | 'watch'
  /** The object is gone; `object` is the last that is known of it. */
  readonly isGone: boolean
  readonly object: JsonObject
}

export interface RawWatchOptions {
  readonly stack: Pick<StackConnection, 'apiServerUrl' | 'caPath' | 'token'>
  /** Of the collection, from the root of the API server. */
  readonly path: string
  readonly onSighting: (sighting: RawSighting) => void
}

/** A list and watch of one collection, that goes on through every failure. */
export interface RawWatch {
  /** Whether a watch is open, so that nothing can happen unseen. */
  readonly isOpen: () => boolean
  /** Versions that exist now as far as it has seen, by uid. */
  readonly known: () => ReadonlyMap<string, JsonObject>
  /** Whether the object was seen to go. */
  readonly isGone: (uid: string) => boolean
  /** Resolves when it has listed for the first time. */
  readonly listed: Promise<void>
  readonly close: () => Promise<void>
}

/** The API server says nothing for longer only on a connection that is dead: it is asked to end each watch before. */
const watchSeconds = 30
const pauseMs = 200

/** Starts to watch; an eye of its own, which shares nothing with the product's. */
export function startRawWatch(options: RawWatchOptions): RawWatch {
  const { stack, path, onSighting } = options
  const over = new AbortController()
  const api = kubernetesApi(stack)
  const dispatcher = new Agent({
    connect: { ca: readFileSync(stack.caPath, 'utf8') },
    bodyTimeout: (watchSeconds + 15) * 1000,
  })
  const known = new Map<string, JsonObject>()
  const gone = new Set<string>()
  const listed = Promise.withResolvers<void>()
  let position: string | undefined
  let isOpen = false

  const see = (by: RawSighting['by'], object: JsonObject, resourceVersion: string, isGone: boolean): void => {
    const uid = uidOf(object)
    if (isGone) {
      known.delete(uid)
      gone.add(uid)
    } else {
      known.set(uid, object)
    }
    onSighting({ at: Date.now(), resourceVersion: BigInt(resourceVersion), by, isGone, object })
  }

  /** What is gone is said to be gone since the watch last vouched for it, so that no sharing is made up. */
  async function listAll(vouchedFor: string | undefined): Promise<string> {
    const list = await api.send<JsonObject>({ method: 'GET', path })
    const items = arrayOf(list['items']).map(objectOf)
    const there = new Set(items.map(uidOf))
    for (const [uid, object] of known) {
      if (!there.has(uid)) see('list', object, vouchedFor ?? versionOf(object), true)
    }
    for (const item of items) {
      const last = known.get(uidOf(item))
      if (last === undefined || versionOf(last) !== versionOf(item)) see('list', item, versionOf(item), false)
    }
    listed.resolve()
    return versionOf(list)
  }

  async function watchFrom(resourceVersion: string): Promise<void> {
    const query = new URLSearchParams({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(watchSeconds),
    }).toString()
    const { statusCode, body } = await request(`${stack.apiServerUrl}${path}?${query}`, {
      dispatcher,
      headers: { authorization: `Bearer ${stack.token}` },
      signal: over.signal,
    })
    if (statusCode !== 200) {
      throw new ApiError({ method: 'GET', path }, statusCode, await body.text())
    }
    isOpen = true
    for await (const line of linesOf(body)) onEvent(objectOf(JSON.parse(line)))
  }

  function onEvent(event: JsonObject): void {
    const object = objectOf(event['object'])
    if (event['type'] === 'ERROR') throw new ExpiredError(stringOf(object['message']))
    const resourceVersion = versionOf(object)
    if (event['type'] !== 'BOOKMARK') see('watch', object, resourceVersion, event['type'] === 'DELETED')
    position = resourceVersion
  }

  async function run(): Promise<void> {
    let mustList = true
    while (!over.signal.aborted) {
      try {
        if (mustList || position === undefined) position = await listAll(position)
        mustList = false
        await watchFrom(position)
      } catch (error) {
        mustList = error instanceof ExpiredError || error instanceof ApiError
        isOpen = false
        await delay(pauseMs, undefined, { signal: over.signal }).catch(() => undefined)
      }
      isOpen = false
    }
  }

  const done = run()
  return {
    isOpen: () => isOpen,
    known: () => known,
    isGone: (uid) => gone.has(uid),
    listed: listed.promise,
    close: async () => {
      over.abort()
      await done
      await Promise.all([dispatcher.close(), api.close()])
    },
  }
}

/** The server no longer knows the versions to go on from. */
class ExpiredError extends Error {
  override readonly name = 'ExpiredError'
}

/** What tells an object from others that had its name. */
export function uidOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])['uid'])
}

function versionOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])['resourceVersion'])
}

async function* linesOf(body: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
