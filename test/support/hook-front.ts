import { Agent, createServer, request } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KeyPair } from './make-certificates.ts'

/** Takes the place of a Service in front of replicas of the runtime extension, and injects faults. */
export interface HookFront {
  readonly url: string
  /** Ports of the replicas. A call goes to the first that can be connected to. */
  targets: readonly number[]
  /** How calls are treated; hanging ones stay unanswered. */
  mode: 'pass' | 'hang' | 'error'
  /** All calls that were answered or cut so far. */
  readonly calls: readonly HookCallRecord[]
  /** Ends all connections and listens no more, until `up`. */
  down(): Promise<void>
  up(): Promise<void>
  close(): Promise<void>
}

export interface HookCallRecord {
  readonly path: string
  readonly ms: number
  /** HTTP status; 0 without an answer. */
  readonly status: number
  readonly request: string
  readonly response: string
}

export interface HookFrontOptions {
  readonly certificate: KeyPair
  /** Of the replicas' certificates. */
  readonly authority: string
  /** Presented to the replicas. */
  readonly client?: KeyPair
}

export async function startHookFront(options: HookFrontOptions): Promise<HookFront> {
  const { certificate, authority, client } = options
  const agent = new Agent({ keepAlive: true, ca: authority, ...client })
  const calls: HookCallRecord[] = []
  const server = createServer({ ...certificate }, (incoming, outgoing) => void serve(incoming, outgoing))
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  await listen(0)
  const { port } = server.address() as AddressInfo
  const down = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  const front: HookFront = {
    url: `https://127.0.0.1:${port}`,
    targets: [],
    mode: 'pass',
    calls,
    down,
    up: () => listen(port),
    close: async () => {
      await down()
      agent.destroy()
    },
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const started = performance.now()
    const body = await textOf(incoming)
    const path = incoming.url ?? '/'
    if (front.mode === 'hang') return
    const answer =
      front.mode === 'error' ? { status: 500, text: 'injected' } : await forward(path, body, front.targets)
    calls.push({
      path,
      ms: performance.now() - started,
      status: answer?.status ?? 0,
      request: body,
      response: answer?.text ?? '',
    })
    if (answer === undefined) incoming.socket.destroy()
    else outgoing.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.text)
  }

  /** Tries one replica after another; undefined if none answers. */
  async function forward(
    path: string,
    body: string,
    [target, ...others]: readonly number[],
  ): Promise<Answer | undefined> {
    if (target === undefined) return undefined
    return (await send(agent, target, path, body)) ?? forward(path, body, others)
  }

  return front
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** Undefined if the replica does not take the call. */
function send(agent: Agent, port: number, path: string, body: string): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const sent = request({ agent, port, path, method: 'POST', host: '127.0.0.1' }, (response) => {
      textOf(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, text }),
        () => resolve(undefined),
      )
    })
    sent.on('error', () => resolve(undefined))
    sent.end(body)
  })
}

async function textOf(message: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of message) text += String(chunk)
  return text
}
