import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { renewTemporal } from '../../../../src/commands/run/temporal-renewal.ts'
import type { TemporalConfig } from '../../../../src/commands/temporal/config.ts'
import { eventually } from '../../../support/eventually.ts'

interface FakeConnection {
  readonly apiKey: string | undefined
  readonly close: () => Promise<void>
}

let over: AbortController
let onDisk: TemporalConfig | Error
let refusal: Error | undefined
let adopted: string[]
let closed: string[]
let attempts: number
let loads: number
let lines: (readonly [string, unknown])[]
let ended: Promise<void> | undefined

beforeEach(() => {
  over = new AbortController()
  refusal = undefined
  ;[adopted, closed, lines] = [[], [], []]
  ;[attempts, loads] = [0, 0]
})
afterEach(async () => {
  over.abort()
  await ended
})

function settings(apiKey: string, more: Partial<TemporalConfig> = {}): TemporalConfig {
  const address = 'temporal:7233'
  return {
    connectionOptions: { address, apiKey, tls: true },
    ...{ namespace: 'default', address, route: { direct: true } },
    ...more,
  }
}

function start(adopt: (connection: FakeConnection) => void = () => {}): void {
  onDisk = settings('first')
  ended = renewTemporal<FakeConnection>({
    config: settings('first'),
    load: () => {
      loads += 1
      if (onDisk instanceof Error) throw onDisk
      return onDisk
    },
    connect: async ({ connectionOptions: { apiKey } }) => {
      attempts += 1
      if (refusal !== undefined) throw refusal
      return Promise.resolve({ apiKey, close: async () => void closed.push(String(apiKey)) })
    },
    adopt: (connection) => {
      adopt(connection)
      adopted.push(String(connection.apiKey))
    },
    log: {
      info: (message, fields) => void lines.push([message, fields?.changed]),
      warn: (message, fields) => void lines.push([message, fields?.error]),
    },
    signal: over.signal,
    intervalMs: 1,
  })
}

async function untilLoaded(more: number): Promise<void> {
  const enough = loads + more
  await eventually('the settings to be read again', async () => Promise.resolve(loads >= enough || undefined))
}

const renewed = 'Read the credentials for Temporal again'
const unusable = 'Cannot use the changed credentials for Temporal; the old ones stay in use'

describe('credentials for Temporal', () => {
  it('get a new connection once they change, and none before', async () => {
    start()
    await untilLoaded(3)
    expect(attempts).toBe(0)
    onDisk = settings('second')
    await untilLoaded(3)
    expect([adopted, attempts]).toEqual([['second'], 1])
    expect(lines).toEqual([[renewed, 'API key']])
  })

  it('that Temporal refuses are named once, and tried again until it accepts them', async () => {
    start()
    refusal = new Error('Unauthenticated')
    onDisk = settings('second')
    await untilLoaded(4)
    expect(attempts).toBeGreaterThan(2)
    expect([adopted, lines]).toEqual([[], [[unusable, 'Unauthenticated']]])
    refusal = undefined
    await untilLoaded(3)
    expect(adopted).toEqual(['second'])
    expect(lines.map(([message]) => message)).toEqual([unusable, renewed])
  })

  it('that cannot be read are named once, and again if something else is wrong', async () => {
    start()
    onDisk = new Error('client key /tls/tls.key holds no private key')
    await untilLoaded(3)
    onDisk = new Error('ENOENT')
    await untilLoaded(3)
    onDisk = settings('first')
    await untilLoaded(3)
    expect([adopted, attempts]).toEqual([[], 0])
    expect(lines).toEqual([
      [unusable, 'client key /tls/tls.key holds no private key'],
      [unusable, 'ENOENT'],
    ])
  })

  it.each([
    [{ address: 'other:7233' }, 'the address is other:7233, no longer temporal:7233'],
    [{ namespace: 'other' }, 'the namespace is other, no longer default'],
  ])('of another server or namespace are left alone: %j', async (more, words) => {
    start()
    onDisk = settings('second', more)
    await untilLoaded(3)
    expect([adopted, attempts]).toEqual([[], 0])
    expect(lines).toEqual([[unusable, expect.stringContaining(`${words}; only a restart`)]])
  })

  it('whose connection the Worker does not take are given up, and it is closed', async () => {
    start(() => {
      throw new Error('the Worker is gone')
    })
    onDisk = settings('second')
    await untilLoaded(3)
    expect(closed).toContain('second')
    expect(lines).toEqual([[unusable, 'the Worker is gone']])
  })
})
