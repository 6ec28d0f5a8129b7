import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import type { StackConnection } from './connection.ts'
import { ApiError, kubernetesApi } from './kubernetes-api.ts'

/** One version of an object, or its deletion. */
export interface ObservedVersion {
  /** Local time in milliseconds. */
  readonly at: number
  /**
   * Orders versions across all kinds, because one etcd counts them. If only a list shows the deletion, this is the last
   * version up to which the watch was complete.
   */
  readonly resourceVersion: bigint
  /** From a list, before which versions may have been missed, or from the watch, which misses none. */
  readonly by: 'list' | 'watch'
  /** Whether the object is deleted; `object` is then its last known version. */
  readonly isGone: boolean
  readonly object: JsonObject
}

export interface RawWatchOptions {
  readonly stack: Pick<StackConnection, 'apiServerUrl' | 'caPath' | 'token'>
  /** Path of the collection. */
  readonly path: string
  readonly onVersion: (version: ObservedVersion) => void
}

/** Lists and watches one collection, and recovers from every failure. */
export interface RawWatch {
  /** Whether a watch is open, so that no version is missed. */
  readonly isOpen: () => boolean
  /** The current objects by uid, as far as the watch has delivered them. */
  readonly current: () => ReadonlyMap<string, JsonObject>
  /** Whether the object was deleted. */
  readonly isGone: (uid: string) => boolean
  /** Resolves after the first list. */
  readonly listed: Promise<void>
  readonly close: () => Promise<void>
}

/** Every watch ends after this time, so a longer silence means that the connection is dead. */
const watchSeconds = 30
const pauseMs = 200

/** Starts to watch. It shares no code with the product, and so none of its faults. */
export function startRawWatch(options: RawWatchOptions): RawWatch {
  const { stack, path, onVersion } = options
  const over = new AbortController()
  const api = kubernetesApi(stack)
  const dispatcher = new Agent({
    connect: { ca: readFileSync(stack.caPath, 'utf8') },
    bodyTimeout: (watchSeconds + 15) * 1000,
  })
  const current = new Map<string, JsonObject>()
  const gone = new Set<string>()
  const listed = Promise.withResolvers<void>()
  let position: string | undefined
  let isOpen = false

  const record = (
    by: ObservedVersion['by'],
    object: JsonObject,
    resourceVersion: string,
    isGone: boolean,
  ): void => {
    const uid = uidOf(object)
    if (isGone) {
      current.delete(uid)
      gone.add(uid)
    } else {
      current.set(uid, object)
    }
    onVersion({ at: Date.now(), resourceVersion: BigInt(resourceVersion), by, isGone, object })
  }

  /** A missing object counts as deleted since the watch was last complete, so that no shared address is invented. */
  async function listAll(completeUpTo: string | undefined): Promise<string> {
    const list = await api.send<JsonObject>({ method: 'GET', path })
    const items = arrayOf(list['items']).map(objectOf)
    const there = new Set(items.map(uidOf))
    for (const [uid, object] of current) {
      if (!there.has(uid)) record('list', object, completeUpTo ?? versionOf(object), true)
    }
    for (const item of items) {
      const last = current.get(uidOf(item))
      if (last === undefined || versionOf(last) !== versionOf(item))
        record('list', item, versionOf(item), false)
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
    if (event['type'] !== 'BOOKMARK') record('watch', object, resourceVersion, event['type'] === 'DELETED')
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
    current: () => current,
    isGone: (uid) => gone.has(uid),
    listed: listed.promise,
    close: async () => {
      over.abort()
      await done
      await Promise.all([dispatcher.close(), api.close()])
    },
  }
}

/** The server has compacted the version to continue from. */
class ExpiredError extends Error {
  override readonly name = 'ExpiredError'
}

/** Distinguishes an object from others of the same name. */
export function uidOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])['uid'])
}

function versionOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])['resourceVersion'])
}

/** Splits a stream into lines; drops an incomplete last one. */
export async function* linesOf(body: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
