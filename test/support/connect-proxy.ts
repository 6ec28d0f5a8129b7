import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

/** A forward proxy, which knows names that no resolver knows: tests use it for servers on 127.0.0.1, which need no proxy. */
export interface ConnectProxy {
  readonly port: number
  /** The targets that it was asked for, `host:port`, each as often as it was asked. */
  readonly targets: readonly string[]
  /** The `proxy-authorization` headers that it got. */
  readonly authorizations: readonly (string | undefined)[]
  readonly close: () => Promise<void>
}

/** @param hosts ports of 127.0.0.1 by the name of the target; any other name is answered with 502 */
export async function startConnectProxy(hosts: Readonly<Record<string, number>>): Promise<ConnectProxy> {
  const targets: string[] = []
  const authorizations: (string | undefined)[] = []
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    // 'close' reports the end of a connection.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  }
  const server = createServer().on('connect', ({ url = '', headers }: IncomingMessage, client: Socket) => {
    targets.push(url)
    authorizations.push(headers['proxy-authorization'])
    const port = hosts[url.replace(/:\d+$/, '')]
    if (port === undefined) {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
      return
    }
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    keep(upstream)
    keep(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    targets,
    authorizations,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
