import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { withKubernetesApi } from '../../dev/stack/kubernetes-api.ts'

/** Every version of every object at one path of an API server, as they came, without any cache in between. */
export interface Recording<T> {
  /** All versions of one object since the recording began, oldest first; the one it had when it was deleted included. */
  readonly versionsOf: (name: string) => readonly T[]
  /**
   * Resolves with the object as soon as it is so; undefined stands for one that is not there.
   *
   * @throws Error if the recording ends before
   */
  readonly until: (name: string, is: (now: T | undefined) => boolean) => Promise<T | undefined>
  readonly close: () => Promise<void>
}

interface Named {
  readonly metadata: { readonly name: string }
}

/** Begins to record a namespace's objects of one kind; `path` is the one at which they are listed. */
export async function record<T extends Named>(stack: StackConnection, path: string): Promise<Recording<T>> {
  const list = await withKubernetesApi(stack, (api) =>
    api.send<{ metadata: { resourceVersion: string }; items: readonly T[] }>({ method: 'GET', path }),
  )
  const versions = new Map<string, T[]>()
  const present = new Map<string, T>()
  const questions = new Set<(name: string) => void>()
  const tell = (type: string, object: T): void => {
    const { name } = object.metadata
    versions.set(name, [...(versions.get(name) ?? []), object])
    if (type === 'DELETED') present.delete(name)
    else present.set(name, object)
    for (const question of questions) question(name)
  }
  for (const object of list.items) tell('ADDED', object)

  const over = new AbortController()
  const dispatcher = new Agent({ connect: { ca: readFileSync(stack.caPath, 'utf8') }, bodyTimeout: 0 })
  const answer = await request(
    `${stack.apiServerUrl}${path}?watch=true&resourceVersion=${list.metadata.resourceVersion}`,
    { dispatcher, signal: over.signal, headers: { authorization: `Bearer ${stack.token}` } },
  )
  const ended = (async (): Promise<never> => {
    let begun = ''
    for await (const text of answer.body.setEncoding('utf8')) {
      const lines = `${begun}${text}`.split('\n')
      begun = lines.pop() ?? ''
      for (const line of lines) {
        const event: { type: string; object: T } = JSON.parse(line)
        if (event.type === 'ERROR') throw new Error(`the watch of ${path} failed: ${line}`)
        tell(event.type, event.object)
      }
    }
    throw new Error(`the watch of ${path} ended`)
  })()
  // Whoever waits is told by the race below; without anybody it is no fault.
  ended.catch(() => undefined)
  return {
    versionsOf: (name) => versions.get(name) ?? [],
    until: (name, is) => {
      const answered = new Promise<T | undefined>((resolve) => {
        const question = (about: string): void => {
          const now = present.get(name)
          if (about !== name || !is(now)) return
          questions.delete(question)
          resolve(now)
        }
        questions.add(question)
        question(name)
      })
      return Promise.race([answered, ended])
    },
    close: async () => {
      over.abort()
      await ended.catch(() => undefined)
      await dispatcher.close()
    },
  }
}
