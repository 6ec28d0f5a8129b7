import { randomInt } from 'node:crypto'

import getPort, { portNumbers } from 'get-port'

// Below the ephemeral ports of common systems: otherwise a connection could occupy the port of a part during its
// restart, or even connect to itself.
const firstPort = 20_000
const lastPort = 32_000
const rangeSize = 100

/**
 * Checks a requested port.
 *
 * @throws Error if it is in use: the program that has it would be mistaken for the part
 */
export async function requestedPort(port: number): Promise<number> {
  if ((await getPort({ port, host: '127.0.0.1' })) === port) return port
  throw new Error(`port ${port} on 127.0.0.1 is in use, expected a free one`)
}

/** Finds a free TCP port for a part that may be restarted on it. */
export async function freePort(): Promise<number> {
  // Starts at a random port, so that concurrent stacks rarely try the same one.
  const from = randomInt(firstPort, lastPort - rangeSize)
  return await getPort({ port: portNumbers(from, from + rangeSize), host: '127.0.0.1', reserve: true })
}
