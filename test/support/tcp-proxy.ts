import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP proxy that injects network faults. */
export interface TcpProxy {
  readonly port: number
  /** Number of connections accepted so far. */
  readonly accepted: () => number
  /** Number of open connections. */
  readonly open: () => number
  /** Resolves when the n-th connection has been accepted. */
  readonly whenAccepted: (count: number) => Promise<void>
  /** Resolves when no connection is open. */
  readonly whenIdle: () => Promise<void>
  /** Resets all open connections, and accepts new ones. */
  readonly cut: () => void
  /** Resets all open and new connections until `resume`. */
  readonly refuse: () => void
  /** Accepts and acknowledges everything, but forwards nothing in either direction, until `resume`. */
  readonly swallow: () => void
  /** Forwards everything again over new connections. Swallowed data is lost; its connections stay dead. */
  readonly resume: () => void
  readonly close: () => Promise<void>
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startTcpProxy(target: { readonly port: number }): Promise<TcpProxy> {
  const links = new Set<Link>()
  const waiting = new Set<() => void>()
  let mode: 'pass' | 'refuse' | 'swallow' = 'pass'
  let accepted = 0

  const server = createServer((client) => {
    // 'close' reports the end of a connection.
    client.on('error', () => undefined)
    accepted++
    for (const check of waiting) check()
    if (mode === 'refuse') {
      client.resetAndDestroy()
      return
    }
    const link = linkTo(target.port, client, mode === 'swallow')
    links.add(link)
    client.on('close', () => {
      links.delete(link)
      for (const check of waiting) check()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const when = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })
  const cut = (): void => {
    for (const link of links) link.reset()
  }
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    open: () => links.size,
    whenAccepted: (count) => when(() => accepted >= count),
    whenIdle: () => when(() => links.size === 0),
    cut,
    refuse: () => {
      mode = 'refuse'
      cut()
    },
    swallow: () => {
      mode = 'swallow'
      for (const link of links) link.swallow()
    },
    resume: () => {
      mode = 'pass'
    },
    close: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A client's connection, and ours to the server. */
interface Link {
  readonly reset: () => void
  /** Reads, and so acknowledges, all further data, and drops it. */
  readonly swallow: () => void
}

function linkTo(port: number, client: Socket, isDead: boolean): Link {
  const upstream = connect({ host: '127.0.0.1', port })
  upstream.on('error', () => undefined)
  let swallowing = isDead
  const pass = (from: Socket, to: Socket): void => {
    from.on('data', (data) => {
      if (!swallowing) to.write(data)
    })
    from.on('close', () => {
      if (!swallowing) to.destroy()
    })
  }
  pass(client, upstream)
  pass(upstream, client)
  client.on('close', () => upstream.destroy())
  return {
    reset: () => {
      client.resetAndDestroy()
      upstream.destroy()
    },
    swallow: () => {
      swallowing = true
    },
  }
}
