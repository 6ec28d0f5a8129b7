import { afterEach, describe, expect, it } from '@jest/globals'
import { createWorkQueue, type WorkQueue, type WorkQueueOptions } from '../../../src/watcher/work-queue.ts'
import { eventually } from '../../support/eventually.ts'

let stop = new AbortController()
afterEach(() => {
  stop.abort()
  stop = new AbortController()
})

/** A queue of texts, of which merged ones are joined. */
function queueOfTexts(options: Partial<WorkQueueOptions<string>> = {}): {
  readonly queue: WorkQueue<string>
  readonly processed: string[]
  readonly dropped: string[]
} {
  const processed: string[] = []
  const dropped: string[] = []
  const queue = createWorkQueue<string>({
    process: async (item) => {
      processed.push(item)
      return true
    },
    around: (_, attempts) => attempts(),
    merge: (earlier, later) => `${earlier}+${later}`,
    isNeeded: () => true,
    onDropped: (item) => dropped.push(item),
    limits: { concurrency: 2, coolDownMs: 1, backOff: { firstMs: 1, longestMs: 2 } },
    signal: stop.signal,
    ...options,
  })
  return { queue, processed, dropped }
}

async function untilLength(list: readonly string[], length: number): Promise<void> {
  await eventually(`${length} items`, () => Promise.resolve(list.length >= length || undefined))
}

describe('the work queue', () => {
  it('merges what waits under one key, and keeps the order of the keys', async () => {
    const { queue, processed } = queueOfTexts()
    queue.add('a', '1')
    queue.add('b', '2')
    queue.add('a', '3')
    await untilLength(processed, 2)
    expect(processed).toEqual(['1+3', '2'])
  })

  it('adds later what is to be added after a while, merged under one key, at the time of the first', async () => {
    const { queue, processed } = queueOfTexts()
    queue.addAfter('a', '1', 5)
    queue.addAfter('a', '2', 600_000)
    queue.add('a', '0')
    await untilLength(processed, 2)
    expect(processed).toEqual(['0', '1+2'])
  })

  it('processes a key once at a time, and what is added meanwhile after that', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    const processed: string[] = []
    const { queue } = queueOfTexts({
      process: async (item) => {
        processed.push(item)
        await held
        return true
      },
    })
    queue.add('a', '1')
    await untilLength(processed, 1)
    queue.add('a', '2')
    queue.add('a', '3')
    await Promise.resolve()
    expect(processed).toEqual(['1'])
    letGo()
    await untilLength(processed, 2)
    expect(processed).toEqual(['1', '2+3'])
  })

  it('repeats what fails with a growing delay, and drops it once it is not needed', async () => {
    const delays: number[] = []
    const { queue, dropped } = queueOfTexts({
      process: async (_, retryInMs) => {
        delays.push(retryInMs)
        return false
      },
      isNeeded: () => delays.length < 3,
      limits: { concurrency: 1, coolDownMs: 1, backOff: { firstMs: 8, longestMs: 16 } },
    })
    queue.add('a', '1')
    await untilLength(dropped, 1)
    const [first = 0, second = 0, third = 0] = delays
    expect(first).toBeGreaterThanOrEqual(4)
    expect(first).toBeLessThanOrEqual(8)
    for (const each of [second, third]) {
      expect(each).toBeGreaterThanOrEqual(8)
      expect(each).toBeLessThanOrEqual(16)
    }
    expect(dropped).toEqual(['1'])
  })
})
