import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { TemporalUnreachableError, withTemporal } from '../../../../src/commands/temporal/with-temporal.ts'
import { noProxies } from '../../../../src/domain/proxy-settings.ts'

const saved = process.env['TEMPORAL_ADDRESS']
const sessions = new Set<ServerHttp2Session>()
let server: Http2Server
let calls: string[]

/** By method: gRPC's status, with a message; another method is answered by an empty message. */
let refusals: Readonly<Record<string, readonly [status: number, message: string]>>

beforeEach(async () => {
  ;[calls, refusals] = [[], {}]
  server = createServer()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream, headers) => {
    const method = String(headers[':path']).split('/').at(-1) ?? ''
    calls.push(method)
    const [status, message] = refusals[method] ?? [0, '']
    const trailers = { 'grpc-status': String(status), 'grpc-message': message }
    const head = { ':status': 200, 'content-type': 'application/grpc' }
    if (status !== 0) return stream.respond({ ...head, ...trailers }, { endStream: true })
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    stream.respond(head, { waitForTrailers: true })
    stream.end(Buffer.alloc(5))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.env['TEMPORAL_ADDRESS'] = `127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  for (const session of sessions) session.destroy()
  sessions.clear()
  server.close()
  if (saved === undefined) delete process.env['TEMPORAL_ADDRESS']
  else process.env['TEMPORAL_ADDRESS'] = saved
  await once(server, 'close')
})

function open<T>(use: Parameters<typeof withTemporal<T>>[1]): Promise<T> {
  return withTemporal({ proxies: noProxies, signal: new AbortController().signal }, use)
}

describe('a connection to Temporal', () => {
  it('stays open until a call that is tried again has ended, although nobody awaits it', async () => {
    refusals = {
      DescribeTaskQueue: [14, 'Not enough hosts to serve the request'],
      DescribeNamespace: [5, 'there is none'],
    }
    let outcome = 'is under way'
    await expect(
      open(async ({ client: { workflowService }, bounded }) => {
        const asked = bounded(() => workflowService.describeTaskQueue({ namespace: 'default' }))
        asked.catch(() => (outcome = 'has ended'))
        // The first attempt has failed, and the next one is to come.
        while (!calls.includes('DescribeTaskQueue')) await nextTurn()
        await bounded(() => workflowService.describeNamespace({ namespace: 'default' }))
      }),
    ).rejects.toThrow('there is none')
    await nextTurn()
    const tried = calls.length
    expect(outcome).toBe('has ended')
    expect(sessions.size).toBe(1)
    await Promise.all([...sessions].map(async (session) => session.closed || once(session, 'close')))
    expect(calls).toHaveLength(tried)
  })

  it('says what the server answers instead, where that does not end', async () => {
    refusals = { DescribeTaskQueue: [14, 'Not enough hosts to serve the request'] }
    const asked = open(({ client: { workflowService }, bounded }) =>
      bounded(() => workflowService.describeTaskQueue({ namespace: 'default' })),
    )
    await expect(asked).rejects.toThrow(
      `Temporal at ${process.env['TEMPORAL_ADDRESS']} does not answer within 5 s (Not enough hosts to serve the request); TEMPORAL_ADDRESS says where it is`,
    )
    await expect(asked).rejects.toBeInstanceOf(TemporalUnreachableError)
  })

  it('says of a server that nobody runs what the system says', async () => {
    process.env['TEMPORAL_ADDRESS'] = '127.0.0.1:1'
    const asked = open(({ client: { workflowService }, bounded }) =>
      bounded(() => workflowService.getSystemInfo({})),
    )
    await expect(asked).rejects.toThrow(
      /within 5 s \(connect ECONNREFUSED 127\.0\.0\.1:1\); TEMPORAL_ADDRESS/,
    )
  })
})
