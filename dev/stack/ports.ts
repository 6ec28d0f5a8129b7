import { randomInt } from 'node:crypto'

import getPort, { portNumbers } from 'get-port'

// Below the ranges from which systems take source ports: otherwise a connection could sit on the port of a part that is
// down for a moment, or even connect to itself.
const firstPort = 20_000
const lastPort = 32_000
const rangeSize = 100

/**
 * A port that somebody asked for.
 *
 * @throws Error if it is in use: whoever has it would otherwise be taken for the part that should listen there
 */
export async function requestedPort(port: number): Promise<number> {
  if ((await getPort({ port, host: '127.0.0.1' })) === port) return port
  throw new Error(`port ${port} on 127.0.0.1 is in use, expected a free one`)
}

/** A free TCP port for a part that may be stopped and started again on it. */
export async function freePort(): Promise<number> {
  // A random place, so that two stacks that start at the same time hardly ever look at the same port.
  const from = randomInt(firstPort, lastPort - rangeSize)
  return await getPort({ port: portNumbers(from, from + rangeSize), host: '127.0.0.1', reserve: true })
}
