import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import type { StackConnection } from '../../dev/stack/connection.ts'
import type { StoredObject } from './objects.ts'
import type { Testbed } from './testbed.ts'

/**
 * Every version of a Cluster from the given one on, none left out, up to the first that `is` what is waited for.
 *
 * @throws Error where the API server ends the watch before
 */
export async function everyVersion(
  stack: StackConnection,
  testbed: Testbed,
  from: StoredObject,
  is: (version: StoredObject) => boolean,
): Promise<readonly StoredObject[]> {
  const { name, resourceVersion } = from.metadata
  const query = new URLSearchParams({
    watch: 'true',
    resourceVersion,
    fieldSelector: `metadata.name=${name}`,
  }).toString()
  const dispatcher = new Agent({ connect: { ca: readFileSync(stack.caPath, 'utf8') } })
  try {
    const { body } = await request(`${stack.apiServerUrl}${testbed.path('clusters')}?${query}`, {
      dispatcher,
      headers: { authorization: `Bearer ${stack.token}` },
      bodyTimeout: 0,
    })
    const versions = [from]
    let unread = ''
    for await (const chunk of body.setEncoding('utf8')) {
      const lines = (unread + String(chunk)).split('\n')
      unread = lines.pop() ?? ''
      for (const line of lines) {
        const event = JSON.parse(line) as { type: string; object: StoredObject }
        if (event.type === 'ERROR') throw new Error(`the watch of ${name} failed: ${line}`)
        versions.push(event.object)
        if (is(event.object)) return versions
      }
    }
    throw new Error(`the watch of ${name} ended after ${versions.length} versions`)
  } finally {
    await dispatcher.close()
  }
}
