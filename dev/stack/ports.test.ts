import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { freePort, untilPortIsFree } from './ports.ts'

const neededBy = 'a-program'
let port: number
let other: Server
let lines: string[]

const progress = (line: string): void => void lines.push(line)

beforeEach(async () => {
  lines = []
  port = await freePort()
  other = createServer()
})

afterEach(() => {
  other.close()
})

/** As CAPD does: on all interfaces. */
async function occupy(): Promise<void> {
  other.listen({ port })
  await once(other, 'listening')
}

describe('untilPortIsFree', () => {
  it('says nothing of a port that is free', async () => {
    await untilPortIsFree(port, { neededBy, progress })

    expect(lines).toEqual([])
  })

  it('waits until another program releases it, and says so', async () => {
    await occupy()
    const release = (line: string): void => {
      progress(line)
      other.close()
    }
    await untilPortIsFree(port, { neededBy, progress: release })

    expect(lines).toEqual([
      `a-program: waiting for port ${port}`,
      expect.stringMatching(new RegExp(`^a-program: port ${port} is free \\(`)),
    ])
  })

  it('gives up on a port that stays in use, and names it and who needs it', async () => {
    await occupy()

    await expect(untilPortIsFree(port, { neededBy, progress, withinMs: 50 })).rejects.toThrow(
      `port ${port} on 127.0.0.1 has been in use for 50 ms, expected it to be free: a-program has no other`,
    )
  })
})
