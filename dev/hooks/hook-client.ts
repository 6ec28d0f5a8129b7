import { Agent, request } from 'node:https'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import type { HookCertificates } from './hook-certificates.ts'

/** Calls hooks as Cluster API core does. */
export interface HookClient {
  /** Resolves with the endpoint in the answer, or with why there is none. Rejects without an answer. */
  endpointOf(port: number, cluster: CalledCluster, signal?: AbortSignal): Promise<HookEndpoint>
  close(): void
}

export interface CalledCluster {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export type HookEndpoint = { readonly host: string; readonly port: number } | { readonly failure: string }

const path = '/hooks.runtime.cluster.x-k8s.io/v1alpha1/generatepatches/patch?timeout=10s'

export function openHookClient({ authority: ca, client }: HookCertificates): HookClient {
  const agent = new Agent({ keepAlive: true, ca, ...client })
  return {
    endpointOf: async (port, cluster, signal) => {
      const answer = await send(agent, port, JSON.stringify(patchRequestFor(cluster)), signal)
      return endpointIn(answer)
    },
    close: () => agent.destroy(),
  }
}

/** About as large as core's for a Cluster with a kubeadm control plane. */
export function patchRequestFor(cluster: CalledCluster): JsonObject {
  const { namespace, name } = cluster
  const item = (uid: string, fieldPath: string): JsonObject => ({
    uid,
    holderReference: { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', namespace, name, fieldPath },
    object: {
      kind: 'DemoTemplate',
      metadata: { namespace, name: 'demo' },
      spec: { template: { spec: { files: [{ path: '/manifest.yaml', content: '#'.repeat(1_500) }] } } },
    },
  })
  return {
    apiVersion: 'hooks.runtime.cluster.x-k8s.io/v1alpha1',
    kind: 'GeneratePatchesRequest',
    variables: [{ name: 'builtin', value: { cluster } }],
    items: [
      item('infrastructure', 'spec.infrastructureRef'),
      item('control-plane', 'spec.controlPlaneRef'),
      item('machines', 'spec.machineTemplate.spec.infrastructureRef'),
    ],
  }
}

function endpointIn(text: string): HookEndpoint {
  const { status, message, items } = objectOf(JSON.parse(text))
  if (status !== 'Success') return { failure: stringOf(message) }
  const [item] = arrayOf(items).map(objectOf)
  if (item === undefined) return { failure: 'no patch' }
  const patch: unknown = JSON.parse(Buffer.from(stringOf(item['patch']), 'base64').toString())
  const { spec } = objectOf(objectOf(objectOf(patch)['spec'])['template'])
  const { host, port } = objectOf(objectOf(spec)['controlPlaneEndpoint'])
  return { host: stringOf(host), port: Number(port) }
}

function send(agent: Agent, port: number, body: string, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port, path, method: 'POST', ...(signal && { signal }) }
    const sent = request(options, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('error', reject)
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`${response.statusCode}: ${text}`)),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
