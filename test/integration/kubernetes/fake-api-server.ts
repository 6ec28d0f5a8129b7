import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connectTo, type KubernetesConnection } from '../../../src/kubernetes/transport/connection.ts'
import { kubeConfigOf } from '../../../src/kubernetes/transport/kube-config-fields.ts'

/** Responds to one list or watch; the response stays open if it does not end it. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A fake server for responses that no real API server can be made to send. It serves only claims. */
export interface FakeApiServer {
  readonly connection: KubernetesConnection
  readonly close: () => Promise<void>
}

/** Starts a fake; the n-th watch gets the n-th answer, and later ones the last. */
export async function startFakeApiServer(answers: {
  readonly lists?: readonly Answer[]
  readonly watches: readonly Answer[]
}): Promise<FakeApiServer> {
  let lists = 0
  let watches = 0
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://fake')
    const answer = url.pathname.endsWith('/v1beta2')
      ? resources
      : url.searchParams.get('watch') === 'true'
        ? answers.watches[Math.min(watches++, answers.watches.length - 1)]
        : (answers.lists?.[lists++] ?? emptyList)
    answer?.(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const kubeConfig = kubeConfigOf({ name: 'fake', server: url, skipTLSVerify: true }, { name: 'fake' })
  const connection = connectTo({ kubeConfig, version: '0.0.0-test' })
  return {
    connection,
    close: async () => {
      await connection.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function refusal(code: number, fields: object = {}, headers: Record<string, string> = {}): Answer {
  return (response) =>
    void response.writeHead(code, headers).end(JSON.stringify({ kind: 'Status', code, ...fields }))
}

/** A watch with these events, which then stays open. */
export function events(...lines: object[]): Answer {
  return (response) => {
    response.writeHead(200)
    response.flushHeaders()
    for (const line of lines) response.write(`${JSON.stringify(line)}\n`)
  }
}

export function claimEvent(type: string, name: string, resourceVersion: string): object {
  const metadata = { namespace: 'clusters', name, uid: `uid-of-${name}`, resourceVersion }
  return { type, object: { metadata, spec: {} } }
}

function emptyList(response: ServerResponse): void {
  response.end(JSON.stringify({ metadata: { resourceVersion: '100' }, items: [] }))
}

function resources(response: ServerResponse): void {
  response.end(JSON.stringify({ resources: [{ name: 'ipaddressclaims' }] }))
}
