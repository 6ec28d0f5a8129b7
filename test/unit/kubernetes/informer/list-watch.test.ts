import { describe, expect, it } from '@jest/globals'
import { readWatch, type WatchEvent } from '../../../../src/kubernetes/informer/list-watch.ts'

const request = {
  verb: 'watch',
  resource: 'clusters',
  action: 'watch clusters',
  path: '/',
  signal: new AbortController().signal,
} as const

/** A watch whose body is cut into pieces of `size` bytes. */
function watchOf(
  text: string,
  size: number,
): { open: () => Promise<{ body: AsyncIterable<Uint8Array>; close: () => Promise<void> }> } {
  async function* body(): AsyncGenerator<Uint8Array> {
    const bytes = new TextEncoder().encode(text)
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  return { open: () => Promise.resolve({ body: body(), close: () => Promise.resolve() }) }
}

async function read(text: string, size: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = []
  const listener = { onOpen: () => undefined, onEvent: (event: WatchEvent) => void events.push(event) }
  await readWatch(watchOf(text, size), request, 1_000, listener)
  return events
}

describe('readWatch', () => {
  it.each([1, 2, 3, 7, 1_000])('reads events that come in pieces of %i bytes', async (size) => {
    const text = '{"type":"ADDED","object":{"a":"äöü €"}}\n{"type":"DELETED","object":{"b":"🚀"}}\n'
    expect(await read(text, size)).toEqual([
      { type: 'ADDED', object: { a: 'äöü €' } },
      { type: 'DELETED', object: { b: '🚀' } },
    ])
  })

  it('leaves out an event that was cut off by the end', async () => {
    expect(await read('{"type":"ADDED","object":{}}\n{"type":"DEL', 10)).toHaveLength(1)
  })

  it('rejects at a line that is not JSON, after delivering the lines before', async () => {
    const events: WatchEvent[] = []
    const listener = { onOpen: () => undefined, onEvent: (event: WatchEvent) => void events.push(event) }
    const reading = readWatch(watchOf('{"type":"ADDED"}\n<html>\n', 100), request, 1_000, listener)
    const message = 'watch clusters: the response is not JSON'
    await expect(reading).rejects.toMatchObject({ kind: 'unavailable', message })
    expect(events).toHaveLength(1)
  })
})
