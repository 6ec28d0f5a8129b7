import { setTimeout as delay } from 'node:timers/promises'
import { arrayOf, objectOf } from '../../src/domain/model/decode.ts'
import type { KubernetesApi } from '../stack/kubernetes-api.ts'
import { createPartSet, type PartSet } from '../stack/part-set.ts'
import { type Progress, timed } from '../stack/progress.ts'
import { runCommand } from '../stack/run-command.ts'
import type { ProxyMode } from './configurations.ts'
import {
  containerdPart,
  kubeletPart,
  kubeProxyPart,
  kubeSchedulerPart,
  type NodePartName,
  type NodePrograms,
} from './parts.ts'
import { containerdSocket, nodeName, type NodeDirectory } from './place.ts'
import { sandboxImage } from './sandbox-image.ts'

const readyWithinMs = 60_000
const readyIntervalMs = 100

export interface NodeOptions {
  readonly programs: NodePrograms
  readonly directory: NodeDirectory
  /** The cgroup of all Pods, below the root of each hierarchy. */
  readonly cgroupRoot: string
  readonly proxyMode: ProxyMode
  readonly kubeconfigPath: string
  readonly api: KubernetesApi
  /** Archives of images, of the sandbox too. */
  readonly images: readonly string[]
  readonly progress: Progress
}

/** A node that runs Pods. Its programs end with the namespaces that it was started in. */
export interface DemoNode {
  readonly runDirectory: string
  readonly stop: () => Promise<void>
}

/** Starts what makes this machine a node, in namespaces that are prepared for it. Returns when Pods can run. */
export async function startNode(options: NodeOptions): Promise<DemoNode> {
  const parts = createPartSet<NodePartName>(options.progress)
  try {
    await Promise.all([startRuntime(parts, options), startScheduler(parts, options)])
    await startKubelet(parts, options)
    await startProxy(parts, options)
    return { runDirectory: parts.runDirectory, stop: parts.stop }
  } catch (error) {
    await parts.stop()
    throw error
  }
}

async function startRuntime(parts: PartSet<NodePartName>, options: NodeOptions): Promise<void> {
  const { programs, directory, progress } = options
  const { runDirectory } = parts
  await parts.start('containerd', containerdPart({ programs, directory, runDirectory, sandboxImage }))
  await timed(progress, { during: 'images: importing', after: 'images: imported' }, async () => {
    for (const archive of options.images) {
      const args = [`--address=${containerdSocket}`, '--namespace=k8s.io', 'images', 'import', archive]
      await runCommand({ command: programs.ctr, args, cwd: '/' })
    }
  })
}

async function startScheduler(parts: PartSet<NodePartName>, options: NodeOptions): Promise<void> {
  const { programs, kubeconfigPath } = options
  const { runDirectory } = parts
  const program = programs['kube-scheduler']
  await parts.start('kube-scheduler', kubeSchedulerPart({ program, runDirectory, kubeconfigPath }))
}

/** Not healthy before there is its node. */
async function startProxy(parts: PartSet<NodePartName>, options: NodeOptions): Promise<void> {
  const { programs, kubeconfigPath, proxyMode: mode } = options
  const { runDirectory } = parts
  const program = programs['kube-proxy']
  await parts.start('kube-proxy', kubeProxyPart({ program, runDirectory, kubeconfigPath, mode }))
}

async function startKubelet(parts: PartSet<NodePartName>, options: NodeOptions): Promise<void> {
  const { programs, kubeconfigPath, cgroupRoot, api, progress } = options
  const { runDirectory } = parts
  const part = kubeletPart({ program: programs.kubelet, runDirectory, kubeconfigPath, cgroupRoot })
  await parts.start('kubelet', part)
  const words = { during: `node ${nodeName}: not ready`, after: `node ${nodeName}: ready` }
  await timed(progress, words, () => untilReady(api))
}

async function untilReady(api: KubernetesApi): Promise<void> {
  const deadline = performance.now() + readyWithinMs
  for (;;) {
    const condition = await readiness(api)
    if (condition['status'] === 'True') return
    if (performance.now() > deadline) {
      throw new Error(
        `node ${nodeName} is not ready after ${readyWithinMs / 1000} s: ${JSON.stringify(condition)}`,
      )
    }
    await delay(readyIntervalMs)
  }
}

async function readiness(api: KubernetesApi): Promise<Readonly<Record<string, unknown>>> {
  const list = await api.send<unknown>({ method: 'GET', path: '/api/v1/nodes' })
  const [node] = arrayOf(objectOf(list)['items']).map(objectOf)
  const conditions = arrayOf(objectOf(node?.['status'])['conditions']).map(objectOf)
  return conditions.find(({ type }) => type === 'Ready') ?? {}
}
