import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import getPort from 'get-port'

import { formatDuration, type Progress, timed } from './progress.ts'

/** Where the parts serve, unless a node needs to reach them. */
export const loopback = '127.0.0.1'
const host = loopback

// Below the ephemeral ports of common systems: otherwise a connection could occupy the port of a part during its
// restart, or even connect to itself.
const firstPort = 20_000
const ports = 6_000

/**
 * Checks a requested port.
 *
 * @throws Error if it is in use: the program that has it would be mistaken for the part
 */
export async function requestedPort(port: number): Promise<number> {
  if ((await getPort({ port, host })) === port) return port
  throw new Error(`port ${port} on ${host} is in use, expected a free one`)
}

const freeWithinMs = 180_000
const freeIntervalMs = 200

/**
 * Waits for a port that a program insists on: another stack on this machine may be about to release it.
 *
 * @throws Error if it stays in use
 */
export async function untilPortIsFree(
  port: number,
  {
    neededBy,
    progress,
    withinMs = freeWithinMs,
  }: { readonly neededBy: string; readonly progress: Progress; readonly withinMs?: number },
): Promise<void> {
  if (await isFree(port)) return
  const words = {
    during: `${neededBy}: waiting for port ${port}`,
    after: `${neededBy}: port ${port} is free`,
  }
  progress(words.during)
  await timed(progress, words, async () => {
    const deadline = performance.now() + withinMs
    while (!(await isFree(port))) {
      if (performance.now() > deadline) {
        throw new Error(
          `port ${port} on ${host} has been in use for ${formatDuration(withinMs)}, expected it to be free: ${neededBy} has no other`,
        )
      }
      await delay(freeIntervalMs)
    }
  })
}

/**
 * Finds a free TCP port for a part, which may be restarted on it. Until this process ends, no other one gets the port: it is
 * free between its choice and the start of the part, and while the part is down.
 *
 * @throws Error if all ports are taken
 */
export async function freePort(): Promise<number> {
  const start = randomInt(ports)
  for (let index = 0; index < ports; index += 1) {
    const port = firstPort + ((start + index) % ports)
    if ((await isReserved(port)) && (await getPort({ port, host })) === port) return port
  }
  throw new Error(`no port from ${firstPort} to ${firstPort + ports - 1} on ${host} is free`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  server.listen({ host, port, exclusive: true })
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

/** Reserves a port for this process, by listening on the one that stands for it; false if another process has. */
async function isReserved(port: number): Promise<boolean> {
  const token = createServer().unref()
  token.listen({ host, port: port + ports, exclusive: true })
  try {
    await once(token, 'listening')
    return true
  } catch {
    return false
  }
}
