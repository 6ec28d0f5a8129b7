import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { closeAll } from '../../stack/close-all.ts'
import { openSilentPort } from '../../../test/support/silent-port.ts'
import type { AnsweringHost } from '../invariants/observations.ts'

/** A range of addresses of this machine. */
export const probedRange = '127.0.8.10-127.0.8.16'
/** Where a host always answers. */
const alwaysAnswering = '127.0.8.11'
/** The others in the range, where hosts come and go. */
export const changingAddresses = [
  '127.0.8.10',
  '127.0.8.12',
  '127.0.8.13',
  '127.0.8.14',
  '127.0.8.15',
  '127.0.8.16',
] as const

/** `silent`: connections hang, as at an address that nobody has. The others are answers. */
export type HostBehavior = 'accepts' | 'refuses' | 'silent'

/** Hosts at the addresses of a pool that is probed, which Kubernetes does not know. */
export interface ProbedHosts {
  /** The TCP port at which all of them answer, or do not. */
  readonly port: number
  readonly change: (address: string, behavior: HostBehavior) => Promise<void>
  /** Lets hosts answer only where they always do. */
  readonly reset: () => Promise<void>
  /** When and where hosts have answered so far. */
  readonly answered: () => readonly AnsweringHost[]
  readonly close: () => Promise<void>
}

interface Host {
  readonly behavior: HostBehavior
  readonly close: () => Promise<void>
}

/** Opens the hosts; at first, one of them answers. */
export async function openProbedHosts(): Promise<ProbedHosts> {
  const always = await listenAt(alwaysAnswering, 0)
  const { port } = always.address() as AddressInfo
  const hosts = new Map<string, Host>()
  const over: AnsweringHost[] = []
  const since = new Map([[alwaysAnswering, Date.now()]])
  let last: Promise<unknown> = Promise.resolve()

  async function replace(address: string, behavior: HostBehavior): Promise<void> {
    const before = hosts.get(address)
    if (before?.behavior === behavior) return
    if (behavior === 'silent') answersNoMore(address)
    await before?.close()
    hosts.set(address, { behavior, close: await openHost(address, port, behavior) })
    if (behavior !== 'silent' && !since.has(address)) since.set(address, Date.now())
  }

  /** Before it closes, so that no answer is missing; while one is closed and another opened, the port refuses. */
  function answersNoMore(address: string): void {
    const from = since.get(address)
    if (from !== undefined) over.push({ address, from, to: Date.now() })
    since.delete(address)
  }

  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
  const reset = (): Promise<void> =>
    inTurn(async () => void (await Promise.all(changingAddresses.map((each) => replace(each, 'silent')))))

  const close = (): Promise<void> =>
    inTurn(async () => {
      always.close()
      await closeAll([...hosts.values()].map((host) => host.close))
    })
  try {
    await reset()
  } catch (error) {
    await close()
    throw error
  }
  return {
    port,
    change: (address, behavior) => inTurn(() => replace(address, behavior)),
    reset,
    answered: () => [...over, ...[...since].map(([address, from]) => ({ address, from }))],
    close,
  }
}

/** @returns what closes it */
async function openHost(address: string, port: number, behavior: HostBehavior): Promise<() => Promise<void>> {
  if (behavior === 'silent') return (await openSilentPort(address, port)).close
  // Nobody listens: this machine refuses connections to its own addresses.
  if (behavior === 'refuses') return () => Promise.resolve()
  const server = await listenAt(address, port)
  return async () => {
    const closed = once(server, 'close')
    server.close()
    await closed
  }
}

async function listenAt(address: string, port: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.destroy()
  }).listen(port, address)
  await once(server, 'listening')
  return server
}
