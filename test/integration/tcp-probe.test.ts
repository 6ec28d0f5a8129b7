import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { openSilentPort } from '../support/silent-port.ts'
import { probeTcp } from '../../src/commands/run/tcp-probe.ts'

let server: Server
let port: number

beforeAll(async () => {
  server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterAll(async () => {
  server.close()
  await once(server, 'close')
})

describe('a probe by TCP', () => {
  it('finds a port that accepts connections', async () => {
    expect(await probeTcp('127.0.0.1', port, 1_000)).toBe('accepted')
  })

  it('finds a host that refuses them', async () => {
    expect(await probeTcp('127.0.0.2', port, 1_000)).toBe('refused')
  })

  it('finds an answer that came while this process stood still for longer than it waits', async () => {
    const probe = probeTcp('127.0.0.1', port, 50)
    // The connection begins in the next tick.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    expect(await probe).toBe('accepted')
  })

  it('finds nothing where nobody answers in time', async () => {
    const silent = await openSilentPort('127.0.0.3', 0)
    try {
      expect(await probeTcp('127.0.0.3', silent.port, 200)).toBeUndefined()
    } finally {
      await silent.close()
    }
  })
})
