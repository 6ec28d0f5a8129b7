import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { Child } from '../../dev/stack/child-process.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { kubernetesApi, type KubernetesApi, type KubernetesObject } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { startRawWatch } from '../../dev/stack/raw-watch.ts'
import { makeAuthority } from './make-certificates.ts'
import { startPodProcess, type DescribedPod } from './pod-process.ts'

/** Runs Pods as processes, in place of the scheduler and a kubelet. */
export interface Kubelet {
  /** Ends all processes. @throws the first Error that a Pod could not be run for */
  readonly stop: () => Promise<void>
}

interface Pod extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & {
    readonly uid: string
    readonly deletionTimestamp?: string
  }
  readonly spec: DescribedPod
}

const nodeName = 'processes'

/**
 * Runs every Pod of a namespace once, to its end, and serves the logs to the API server. It cannot run a command in a Pod.
 *
 * @param options.env variables of all processes, in addition
 */
export async function startKubelet(
  stack: StackConnection,
  options: { readonly namespace: string; readonly env: Readonly<Record<string, string>> },
): Promise<Kubelet> {
  const { namespace, env } = options
  const api = kubernetesApi(stack)
  const children = new Map<string, Child>()
  const running = new Map<string, Promise<void>>()
  const server = await serveLogs(stack, api, (pod) => children.get(pod)?.logPath)
  const podPath = (name: string): string => `/api/v1/namespaces/${namespace}/pods/${name}`

  async function run({ metadata: { name, uid }, spec }: Pod): Promise<void> {
    const target = { apiVersion: 'v1', kind: 'Node', name: nodeName }
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target }
    await api.send({ method: 'POST', path: `${podPath(name)}/binding`, body: binding })
    const child = await startPodProcess(stack, { name: `${name}-${uid}`, namespace, pod: spec, env })
    children.set(name, child)
    await setPhase(api, podPath(name), 'Running')
    const outcome = await child.ended
    await setPhase(api, podPath(name), outcome === 'exit code 0' ? 'Succeeded' : 'Failed')
  }

  const watch = startRawWatch({
    stack,
    path: `/api/v1/namespaces/${namespace}/pods`,
    onVersion: ({ object, isGone }) => {
      const pod = object as unknown as Pod
      const { name, uid, deletionTimestamp } = pod.metadata
      if (isGone) return
      if (deletionTimestamp !== undefined) running.set(`${uid} ends`, forget(api, podPath(name)))
      else if (!running.has(uid)) running.set(uid, run(pod))
    },
  })
  await watch.listed
  return {
    stop: async () => {
      await watch.close()
      await Promise.all([...children.values()].map((child) => child.stop()))
      try {
        await Promise.all(running.values())
      } finally {
        server.close()
        server.closeAllConnections()
        await api.close()
      }
    },
  }
}

/** Registers a node, whose kubelet serves the logs of Pods. */
async function serveLogs(
  stack: StackConnection,
  api: KubernetesApi,
  logOf: (pod: string) => string | undefined,
): Promise<Server> {
  // The API server trusts any certificate of a kubelet, unless it has an authority for them.
  const server = createServer(makeAuthority('kubelet').issue('kubelet'), ({ url = '' }, response) => {
    const [, pod = ''] = /^\/containerLogs\/[^/]+\/([^/]+)\//.exec(url) ?? []
    const path = logOf(pod)
    if (path === undefined) response.writeHead(404).end(`no Pod ${pod}`)
    else response.end(readFileSync(path))
  })
  const port = await freePort()
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
  await applyManifests(stack, [{ apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } }])
  const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }]
  await patchStatus(api, `/api/v1/nodes/${nodeName}`, {
    addresses,
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  })
  return server
}

function setPhase(api: KubernetesApi, path: string, phase: string): Promise<void> {
  return patchStatus(api, path, { phase })
}

async function patchStatus(api: KubernetesApi, path: string, status: object): Promise<void> {
  await api.send({
    method: 'PATCH',
    path: `${path}/status`,
    body: { status },
    contentType: 'application/merge-patch+json',
  })
}

/** Confirms that nothing of a Pod is left. */
async function forget(api: KubernetesApi, path: string): Promise<void> {
  await api.send({ method: 'DELETE', path: `${path}?gracePeriodSeconds=0` })
}
