import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { AllocatorCommand } from '../src/config.ts'
import { arrayOf, objectOf } from '../src/domain/model/decode.ts'
import { startChild, waitUntilReady, type Child } from './stack/child-process.ts'
import type { StackConnection } from './stack/connection.ts'
import type { ManifestSource } from './stack/manifests.ts'
import { freePort } from './stack/ports.ts'
import { answersOk } from './stack/readiness.ts'

const root = join(import.meta.dirname, '..')

const manifests = join(root, 'deploy', 'manifests')

/** What a user applies to deploy the allocator, its ServiceAccount and rules among them, in the kustomization's order. */
export const allocatorManifests: readonly ManifestSource[] = arrayOf(
  objectOf(parse(readFileSync(join(manifests, 'kustomization.yaml'), 'utf8')))['resources'],
).map((file) => ({ path: join(manifests, String(file)) }))

/** The ServiceAccount of those manifests. */
export const allocatorAccount = {
  namespace: 'capi-vip-allocator-system',
  name: 'capi-vip-allocator',
} as const

export interface AllocatorOptions {
  readonly stack: Pick<StackConnection, 'temporal' | 'runDirectory'>
  readonly kubeconfigPath: string
  readonly command?: AllocatorCommand
  readonly taskQueue?: string
  /** More flags. */
  readonly flags?: readonly string[]
  /** More environment variables. */
  readonly env?: Readonly<Record<string, string>>
  /** Do not wait until it is ready. */
  readonly unready?: boolean
}

/** The allocator as a user runs it: a process of its own, `node dist/main.js`. */
export interface Allocator extends Child {
  readonly metricsUrl: string
  readonly healthUrl: string
  readonly readyUrl: string
}

/** Longest time until the allocator is ready, in milliseconds: it waits for parts that are still starting. */
const readyWithinMs = 60_000

/**
 * Starts the allocator that `build` has made, on ports of its own.
 *
 * @throws Error with the end of its log where it does not become ready
 */
export async function startAllocator(options: AllocatorOptions): Promise<Allocator> {
  const { stack, command = 'run' } = options
  const [metricsPort, healthPort] = [await freePort(), await freePort()]
  const name = `capi-vip-allocator ${command}`
  const child = await startChild({
    name,
    command: process.execPath,
    args: [
      join(root, 'dist', 'main.js'),
      command,
      `--kubeconfig=${options.kubeconfigPath}`,
      `--metrics-bind-address=127.0.0.1:${metricsPort}`,
      `--health-probe-bind-address=127.0.0.1:${healthPort}`,
      ...(options.taskQueue === undefined ? [] : [`--task-queue=${options.taskQueue}`]),
      ...(options.flags ?? []),
    ],
    env: {
      TEMPORAL_ADDRESS: stack.temporal.address,
      TEMPORAL_NAMESPACE: stack.temporal.namespace,
      ...options.env,
    },
    logPath: join(stack.runDirectory, `allocator-${healthPort}.log`),
  })
  const urls = {
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    healthUrl: `http://127.0.0.1:${healthPort}/healthz`,
    readyUrl: `http://127.0.0.1:${healthPort}/readyz`,
  }
  if (options.unready !== true) await waitUntilReady(child, () => answersOk(urls.readyUrl), readyWithinMs)
  return { ...child, ...urls }
}
