import { describe, expect, it } from '@jest/globals'
import { watchLoop } from '../../../src/observability/loop-watch.ts'

interface Turn {
  readonly blocked?: number
  readonly works?: number
}

/** A loop on its own clock that is blocked for so many seconds, works for so many, and so on. */
function blockedAfter(turns: readonly Turn[]): string {
  let now = 0
  let beat = (): void => undefined
  const watch = watchLoop({
    now: () => now,
    every: (ms, tick) => {
      beat = () => {
        now += ms
        tick()
      }
      return () => undefined
    },
  })
  for (const { blocked = 0, works = 0 } of turns) {
    now += blocked * 1000
    for (let beats = works * 2; beats > 0; beats -= 1) beat()
  }
  return watch.eventLoopBlocked() ?? 'well'
}

describe('an event loop', () => {
  it.each<[string, readonly Turn[], string]>([
    ['that works', [{ works: 300 }], 'well'],
    ['that was busy for seconds', [{ works: 300 }, { blocked: 8, works: 2 }], 'well'],
    [
      'that is blocked, before the timer has fired again',
      [{ works: 300 }, { blocked: 32 }],
      'the event loop was blocked for 32 s of the last 60 s',
    ],
    [
      'that was blocked, and answers again',
      [{ works: 300 }, { blocked: 32, works: 5 }],
      'the event loop was blocked for 32 s of the last 60 s',
    ],
    [
      'that was blocked for longer than a minute',
      [{ works: 300 }, { blocked: 500, works: 5 }],
      'the event loop was blocked for 56 s of the last 60 s',
    ],
    ['that has worked again for most of a minute', [{ blocked: 40, works: 31 }], 'well'],
    [
      'that works now and then',
      Array.from({ length: 20 }, () => ({ blocked: 8, works: 2 })),
      'the event loop was blocked for 48 s of the last 60 s',
    ],
    [
      'that stalls often, and works most of the time',
      Array.from({ length: 20 }, () => ({ blocked: 3, works: 7 })),
      'well',
    ],
  ])('%s is recognized', (_, turns, expected) => {
    expect(blockedAfter(turns)).toBe(expected)
  })
})
