import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP proxy in front of a server, that can take the network away in the ways networks do. */
export interface TcpProxy {
  readonly port: number
  /** Connections accepted so far. */
  readonly accepted: () => number
  /** Connections that are open now. */
  readonly open: () => number
  /** Resolves when the n-th connection has been accepted. */
  readonly whenAccepted: (count: number) => Promise<void>
  /** Resolves when no connection is open any more. */
  readonly whenIdle: () => Promise<void>
  /** Resets all open connections; new ones are served. */
  readonly cut: () => void
  /** Resets all connections, the new ones too, until `resume`. */
  readonly refuse: () => void
  /** Accepts and acknowledges everything, and passes nothing on in either direction, until `resume`. */
  readonly swallow: () => void
  /** Passes everything on again over new connections; what was swallowed is lost, its connections stay dead. */
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
    // What ends a connection is told by 'close'.
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

/** One client's connection and ours to the server. */
interface Link {
  readonly reset: () => void
  /** From now on data is read, so that it is acknowledged, and thrown away. */
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
