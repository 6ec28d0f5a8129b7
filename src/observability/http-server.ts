import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Server } from 'node:net'
import { messageOf } from '../domain/quote.ts'

export interface Page {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export type Routes = Readonly<Record<string, () => Page | Promise<Page>>>

export interface HttpServer {
  /** The bound port, which is chosen by the system if 0 was requested. */
  readonly port: number
  close(): Promise<void>
}

/** An empty host means every interface; port 0 is any free one. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** Serves exact paths. @throws Error that names the address if it cannot be bound */
export async function startHttpServer(address: ServerAddress, routes: Routes): Promise<HttpServer> {
  const server = createServer((request, response) => void respond(routes, request, response))
  return {
    port: await listenAt(server, address),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Resolves with the bound port. @throws Error that names the address if it cannot be bound */
export async function listenAt(server: Server, { host, port }: ServerAddress): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`cannot listen on ${host}:${port}: ${error.message}`, { cause: error })),
    )
    server.listen(host === '' ? { port } : { host, port }, resolve)
  })
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : port
}

/** Plain text with a final line break. */
export function textPage(status: number, text: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` }
}

/** A JSON object with a final line break. */
export function jsonPage(status: number, value: unknown): Page {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}

async function respond(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, contentType, body } = await pageAt(routes, request.url ?? '/')
  response.writeHead(status, { 'content-type': contentType }).end(body)
}

async function pageAt(routes: Routes, url: string): Promise<Page> {
  const [path = '/'] = url.split('?')
  const route = routes[path]
  if (route === undefined) return textPage(404, `no page ${path}, expected ${Object.keys(routes).join(', ')}`)
  try {
    return await route()
  } catch (error) {
    return textPage(500, messageOf(error))
  }
}
