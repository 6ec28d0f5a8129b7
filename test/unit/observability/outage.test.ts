import { describe, expect, it } from '@jest/globals'
import type { LogFields } from '../../../src/observability/log.ts'
import { createOutage, quietDuring, type Outage } from '../../../src/observability/outage.ts'
import { silentLog } from '../../support/silent-log.ts'

interface Told {
  readonly outage: Outage
  readonly lines: (readonly [level: string, message: string, fields: LogFields | undefined])[]
  /** Resolves when the outage is over. */
  readonly over: Promise<void>
}

function outageOf(who: string, calmMs: number): Told {
  const lines: (readonly [string, string, LogFields | undefined])[] = []
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const log = {
    warn: (message: string, fields?: LogFields) => void lines.push(['warn', message, fields]),
    info: (message: string, fields?: LogFields) => {
      lines.push(['info', message, fields])
      resolve()
    },
  }
  return { outage: createOutage({ who, log, calmMs }), lines, over }
}

describe('an outage', () => {
  it('is one line when it begins and one when it is over, with how many requests failed', async () => {
    const { outage, lines, over } = outageOf('the API server', 0)
    for (let request = 0; request < 1_000; request += 1) outage.failed('connection refused')
    expect(outage.current).toBe('connection refused')
    outage.answered()
    outage.answered()
    // Holds the process until the timer of the outage, which does not, has fired.
    const alive = setInterval(() => undefined, 1_000)
    await over
    clearInterval(alive)
    expect(outage.current).toBeUndefined()
    expect(lines).toEqual([
      ['warn', 'Cannot reach the API server; trying again', { error: 'connection refused' }],
      ['info', 'The API server is reached again', { failures: 1_000, seconds: expect.any(Number) }],
    ])
  })

  it('continues if the server answers now and then', () => {
    const { outage, lines } = outageOf('Temporal', 60_000)
    for (let turn = 0; turn < 10; turn += 1) {
      outage.failed(`failure ${turn}`)
      outage.answered()
    }
    outage.failed('the last')
    expect(outage.current).toBe('the last')
    expect(lines).toEqual([['warn', 'Cannot reach Temporal; trying again', { error: 'failure 0' }]])
  })

  it('does not begin while everything is answered', () => {
    const { outage, lines } = outageOf('Temporal', 0)
    outage.answered()
    expect(outage.current).toBeUndefined()
    expect(lines).toEqual([])
  })

  it.each([
    ['lets warnings pass while there is none', undefined, ['warn']],
    ['keeps warnings for the level debug while there is one', 'away', ['debug']],
  ])('%s', (_, current, expected) => {
    const levels: string[] = []
    const log = {
      ...silentLog,
      debug: () => void levels.push('debug'),
      warn: () => void levels.push('warn'),
    }
    quietDuring({ current }, log).warn('too old')
    expect(levels).toEqual(expected)
  })
})
