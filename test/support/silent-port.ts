import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A port at which no connection is accepted or refused. */
export interface SilentPort {
  readonly port: number
  readonly close: () => Promise<void>
}

/** Milliseconds after which a connection counts as unanswered. */
const silentAfterMs = 300
/** More connections than the system keeps for a program that accepts none. */
const mostConnections = 20

const listener = `
const server = require('node:net').createServer()
server.listen(Number(process.argv[2]), process.argv[1], 1, () => process.stdout.write(String(server.address().port)))`

/**
 * Opens a port on an address of this machine that answers nothing: a stopped program listens, and its queue is full. Networks of
 * test machines may answer in the name of any other address.
 *
 * @param port 0: any
 */
export async function openSilentPort(address: string, port: number): Promise<SilentPort> {
  const child = spawn(process.execPath, ['--eval', listener, address, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [listening] = (await once(child.stdout, 'data')) as [Buffer]
  const opened = Number(listening.toString())
  child.kill('SIGSTOP')
  const sockets: Socket[] = []
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  while (sockets.length < mostConnections) {
    const socket = connect({ host: address, port: opened })
    // The system may give up one that nobody accepts.
    socket.on('error', () => undefined)
    sockets.push(socket)
    const isAccepted = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), silentAfterMs)),
    ])
    if (!isAccepted) return { port: opened, close }
  }
  await close()
  throw new Error(`${address}:${opened} accepts ${mostConnections} connections of a program that is stopped`)
}
