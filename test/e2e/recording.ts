import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { withKubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { linesOf } from '../../dev/stack/raw-watch.ts'
import type { StoredObject } from './objects.ts'
import type { Testbed } from './testbed.ts'

/** All versions of the objects in one collection, from a watch without any cache in between. */
export interface Recording<T> {
  /** All versions of an object since the start, oldest first; the last one may be that of its deletion. */
  readonly versionsOf: (name: string) => readonly T[]
  /**
   * Resolves with the object as soon as it matches; undefined stands for a missing one.
   *
   * @throws Error if the watch ends first
   */
  readonly until: (name: string, is: (now: T | undefined) => boolean) => Promise<T | undefined>
  readonly close: () => Promise<void>
}

interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string }
}

/** Records a collection, from now on or from the given version of an object in it. */
export async function record<T extends Stored>(
  stack: StackConnection,
  path: string,
  from?: T,
): Promise<Recording<T>> {
  const start =
    from === undefined
      ? await withKubernetesApi(stack, (api) =>
          api.send<{ metadata: { resourceVersion: string }; items: readonly T[] }>({ method: 'GET', path }),
        )
      : { metadata: from.metadata, items: [from] }
  const versions = new Map<string, T[]>()
  const present = new Map<string, T>()
  const listeners = new Set<(name: string) => void>()
  const add = (type: string, object: T): void => {
    const { name } = object.metadata
    versions.set(name, [...(versions.get(name) ?? []), object])
    if (type === 'DELETED') present.delete(name)
    else present.set(name, object)
    for (const listener of listeners) listener(name)
  }
  for (const object of start.items) add('ADDED', object)

  const over = new AbortController()
  const dispatcher = new Agent({ connect: { ca: readFileSync(stack.caPath, 'utf8') }, bodyTimeout: 0 })
  const { body } = await request(
    `${stack.apiServerUrl}${path}?watch=true&resourceVersion=${start.metadata.resourceVersion}`,
    { dispatcher, signal: over.signal, headers: { authorization: `Bearer ${stack.token}` } },
  )
  const ended = (async (): Promise<never> => {
    for await (const line of linesOf(body)) {
      const event: { type: string; object: T } = JSON.parse(line)
      if (event.type === 'ERROR') throw new Error(`the watch of ${path} failed: ${line}`)
      add(event.type, event.object)
    }
    throw new Error(`the watch of ${path} ended`)
  })()
  // Only `until` reports it.
  ended.catch(() => undefined)
  return {
    versionsOf: (name) => versions.get(name) ?? [],
    until: (name, is) => {
      const found = new Promise<T | undefined>((resolve) => {
        const listener = (changed: string): void => {
          const now = present.get(name)
          if (changed !== name || !is(now)) return
          listeners.delete(listener)
          resolve(now)
        }
        listeners.add(listener)
        listener(name)
      })
      return Promise.race([found, ended])
    },
    close: async () => {
      over.abort()
      await ended.catch(() => undefined)
      await dispatcher.close()
    },
  }
}

/** All versions of a Cluster from the given one to the first that matches. */
export async function versionsUntil(
  stack: StackConnection,
  testbed: Testbed,
  from: StoredObject,
  is: (version: StoredObject) => boolean,
): Promise<readonly StoredObject[]> {
  const { name } = from.metadata
  const recording = await record(stack, testbed.path('clusters'), from)
  let checked = 1
  try {
    await recording.until(name, () => {
      for (const version of recording.versionsOf(name).slice(checked)) {
        checked += 1
        if (is(version)) return true
      }
      return false
    })
    return recording.versionsOf(name).slice(0, checked)
  } finally {
    await recording.close()
  }
}
