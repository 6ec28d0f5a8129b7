import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { StackConnection } from '../../dev/stack/connection.ts'

/** A way to the API server on which somebody can act between what an allocator has read and what it writes. */
export interface Front {
  /** The given kubeconfig, by way of the front. */
  readonly kubeconfigPath: string
  close(): Promise<void>
}

/**
 * Starts a front: every request passes unchanged, each one when `before` has resolved.
 *
 * @param before told the request's method and path, with query
 */
export async function startFront(
  stack: StackConnection,
  kubeconfigPath: string,
  before: (method: string, path: string) => Promise<void>,
): Promise<Front> {
  const ca = readFileSync(stack.caPath)
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/', headers } = incoming
    await before(method, url)
    const upstream = request(`${stack.apiServerUrl}${url}`, { method, headers, ca }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders()
      answer.pipe(outgoing)
    })
    upstream.once('error', () => outgoing.destroy())
    outgoing.once('close', () => upstream.destroy())
    incoming.pipe(upstream)
  }
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch((error: unknown) => {
      outgoing.writeHead(502).end(String(error))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const config = parse(readFileSync(kubeconfigPath, 'utf8')) as { clusters: { name: string }[] }
  const clusters = config.clusters.map(({ name }) => ({
    name,
    // client-node sends no credentials over plain HTTP without this word.
    cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true },
  }))
  const path = join(stack.runDirectory, `front-${port}.kubeconfig`)
  writeFileSync(path, stringify({ ...config, clusters }), { mode: 0o600 })
  return {
    kubeconfigPath: path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
