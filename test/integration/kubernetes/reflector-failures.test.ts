import { afterEach, describe, expect, it } from '@jest/globals'
import { createCleanup, createJournal } from './support.ts'
import { claimEvent, events, refusal, startFakeApiServer, type Answer } from './fake-api-server.ts'
import { isList, isWatch, watchClaims, type WatchedClaims } from './watched.ts'

const cleanup = createCleanup()
afterEach(() => cleanup.run())

async function watched(
  answers: Parameters<typeof startFakeApiServer>[0],
  options: Partial<Parameters<typeof watchClaims>[0]> = {},
): Promise<WatchedClaims> {
  const server = await startFakeApiServer(answers)
  cleanup.after(() => server.close())
  const claims = watchClaims({ connection: server.connection, ...options })
  cleanup.after(() => claims.stop())
  return claims
}

const healthy = events(claimEvent('ADDED', 'alive', '200'))

function positions(claims: WatchedClaims): (string | undefined)[] {
  return claims.sent.entries.filter(isWatch).map((request) => request.query?.['resourceVersion'])
}

function inStream(code: number, message: string): Answer {
  return events({ type: 'ERROR', object: { kind: 'Status', code, message } })
}

describe('a watch', () => {
  it.each([
    { what: 'does not know who asks', answer: refusal(401, { message: 'no' }) },
    { what: 'has too much to do', answer: refusal(429, { message: 'no' }) },
    { what: 'fails', answer: refusal(500, { message: 'no' }) },
    { what: 'is not ready', answer: refusal(503, { message: 'no' }) },
  ])('resumes from its position when the server $what', async ({ answer }) => {
    const claims = await watched({ watches: [answer, answer, healthy] })
    await claims.delivered.until((line) => line === 'upsert alive')
    expect(positions(claims)).toEqual(['100', '100', '100'])
    expect(claims.watch.health()).toMatchObject({
      lists: 1,
      failures: 2,
      reconnects: 0,
      lastError: undefined,
    })
    expect(claims.logged.entries.map(([message]) => message)).toEqual(['watch ipaddressclaims: no'])
  })

  it.each([
    { what: 'a resourceVersion it cannot read', answer: refusal(400, { message: 'no' }) },
    { what: 'an error within the watch', answer: inStream(500, 'no') },
    { what: 'a missing permission', answer: refusal(403, { message: 'no' }) },
    { what: 'an error of 403 within the watch', answer: inStream(403, 'no') },
  ])('relists when the server complains of $what', async ({ answer }) => {
    const claims = await watched({ watches: [answer, healthy] })
    await claims.delivered.until((line) => line === 'upsert alive')
    expect(claims.watch.health()).toMatchObject({ lists: 2, failures: 1, expired: 0 })
    expect(claims.logged.entries.map(([message]) => message)).toEqual(['watch ipaddressclaims: no'])
  })

  it.each([
    { where: 'as its answer', answer: refusal(410, { reason: 'Expired' }) },
    { where: 'within the watch', answer: inStream(410, 'too old resource version') },
  ])('relists without a failure when the server responds 410 $where', async ({ answer }) => {
    const claims = await watched({ watches: [answer, healthy] })
    await claims.delivered.until((line) => line === 'upsert alive')
    expect(claims.watch.health()).toMatchObject({ lists: 2, expired: 1, failures: 0 })
  })

  it('waits as long as the server asks for', async () => {
    const busy = refusal(429, { message: 'busy' }, { 'retry-after': '3600' })
    const claims = await watched({ watches: [busy] })
    const [, fields] = await claims.logged.until(() => true)
    expect(fields).toEqual({ resource: 'ipaddressclaims', retryInMs: 3_600_000 })
  })

  it('waits longer from failure to failure, and the shortest time again after an event', async () => {
    const flaky = (response: Parameters<Answer>[0]): void => {
      response.writeHead(200).end(`${JSON.stringify(claimEvent('ADDED', 'a', '150'))}\nnot JSON\n`)
    }
    const claims = await watched(
      { watches: [refusal(500, { message: 'one' }), refusal(500, { message: 'two' }), flaky, healthy] },
      { tuning: { random: () => 0, relistMs: 3_600_000, backOff: { firstMs: 4, longestMs: 1_000 } } },
    )
    await claims.delivered.until((line) => line === 'upsert alive')
    expect(claims.logged.entries.map(([, fields]) => fields['retryInMs'])).toEqual([2, 4, 2])
  })

  it('resumes after the last event when a line is not JSON', async () => {
    const garbled = (response: Parameters<Answer>[0]): void => {
      response.writeHead(200).end(`${JSON.stringify(claimEvent('ADDED', 'a', '150'))}\n<html>\n`)
    }
    const claims = await watched({ watches: [garbled, healthy] })
    await claims.delivered.until((line) => line === 'upsert alive')
    expect(positions(claims)).toEqual(['100', '150'])
    expect(claims.delivered.entries).toEqual(['listed ', 'upsert a', 'upsert alive'])
  })

  it('resumes from a bookmark, which it does not deliver', async () => {
    const bookmark = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '175' } } }
    const ended = (response: Parameters<Answer>[0]): void => {
      response.writeHead(200).end(`${JSON.stringify(bookmark)}\n`)
    }
    const claims = await watched({ watches: [ended, healthy] })
    await claims.delivered.until((line) => line === 'upsert alive')
    expect(positions(claims)).toEqual(['100', '175'])
    expect(claims.delivered.entries).toEqual(['listed ', 'upsert alive'])
    expect(claims.watch.health()).toMatchObject({ lists: 1, reconnects: 1, failures: 0 })
  })

  it('backs off, without a failure, if the server ends a watch at once', async () => {
    const ended: Answer = (response) => void response.writeHead(200).end()
    const pauses = createJournal<true>()
    const backOff = {
      get firstMs() {
        pauses.add(true)
        return 3_600_000
      },
      longestMs: 3_600_000,
    }
    const claims = await watched({ watches: [ended] }, { tuning: { backOff } })
    await pauses.until(() => true)
    await claims.stop()
    expect(claims.sent.entries.filter(isWatch)).toHaveLength(1)
    expect(claims.watch.health()).toMatchObject({ failures: 0, lastError: undefined })
  })

  it('lists until a list comes through', async () => {
    const away = refusal(503, { message: 'away' })
    const claims = await watched({ lists: [away, away], watches: [healthy] })
    await claims.delivered.until((line) => line === 'upsert alive')
    expect(claims.sent.entries.filter(isList)).toHaveLength(3)
    expect(claims.watch.health()).toMatchObject({ lists: 1, failures: 2 })
  })

  it('relists when it is due, and counts what no event had reported', async () => {
    const list = (names: string[]): Answer => {
      const items = names.map((name) => (claimEvent('', name, '90') as { object: object }).object)
      return (response) => void response.end(JSON.stringify({ metadata: { resourceVersion: '100' }, items }))
    }
    const claims = await watched(
      { lists: [list(['a', 'b']), list(['b', 'c'])], watches: [events()] },
      { tuning: { relistMs: 50, random: () => 0 } },
    )
    await claims.delivered.until((line) => line === 'listed b,c')
    expect(claims.delivered.entries.slice(0, 6)).toEqual([
      'upsert a',
      'upsert b',
      'listed a,b',
      'delete a',
      'upsert c',
      'listed b,c',
    ])
    expect(claims.watch.health().drift).toBeGreaterThanOrEqual(2)
  })
})
