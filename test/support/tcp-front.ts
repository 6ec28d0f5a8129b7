import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Takes the place of a Service in front of replicas: each new connection goes to the next one. TLS ends at the replicas. */
export interface TcpFront {
  readonly port: number
  targets: readonly number[]
  close(): Promise<void>
}

export async function startTcpFront(): Promise<TcpFront> {
  const open = new Set<Socket>()
  let turn = 0
  const server = createServer((incoming) => {
    const target = front.targets[turn++ % front.targets.length] ?? 0
    const outgoing = connect(target, '127.0.0.1')
    for (const socket of [incoming, outgoing]) {
      open.add(socket)
      socket.on('close', () => {
        open.delete(socket)
        incoming.destroy()
        outgoing.destroy()
      })
      socket.on('error', () => socket.destroy())
    }
    incoming.pipe(outgoing)
    outgoing.pipe(incoming)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const front: TcpFront & { targets: readonly number[] } = {
    port: (server.address() as AddressInfo).port,
    targets: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
  return front
}
