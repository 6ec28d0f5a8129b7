import { Agent, request } from 'undici'
import type { Cleanup } from '../../test/integration/kubernetes/support.ts'

/** A watch as it comes over the wire, which is never opened again. */
export interface RawWatch {
  readonly lines: readonly string[]
  /** Names of the objects heard of, in order. */
  readonly names: () => readonly string[]
  /** Resolves when so many lines have been heard. */
  readonly heard: (count: number) => Promise<void>
  /** Resolves when the server has ended the watch, rejects when it broke. */
  readonly end: Promise<void>
}

/** Opens a watch, without any limit of time. */
export async function openRawWatch(url: string, token: string, cleanup: Cleanup): Promise<RawWatch> {
  const dispatcher = new Agent({ bodyTimeout: 0 })
  cleanup.after(() => dispatcher.destroy())
  const { body } = await request(url, { dispatcher, headers: { authorization: `Bearer ${token}` } })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const read = async (): Promise<void> => {
    let rest = ''
    for await (const text of body.setEncoding('utf8') as AsyncIterable<string>) {
      const whole = (rest + text).split('\n')
      rest = whole.pop() ?? ''
      lines.push(...whole)
      for (const check of waiting) check()
    }
  }
  const end = read()
  // That it broke is told to those who await the end, if any.
  end.catch(() => undefined)
  return {
    lines,
    names: () => lines.map(nameIn),
    heard: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (lines.length >= count) resolve()
        }
        waiting.add(check)
        check()
      }),
    end,
  }
}

function nameIn(line: string): string {
  const event: { object: { metadata: { name: string } } } = JSON.parse(line)
  return event.object.metadata.name
}
