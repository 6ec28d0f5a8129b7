import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { AllocatorCommand } from '../src/config.ts'
import { arrayOf, objectOf } from '../src/domain/model/decode.ts'
import { startChild, waitUntilReady, type Child } from './stack/child-process.ts'
import type { StackConnection } from './stack/connection.ts'
import type { KubernetesObject } from './stack/kubernetes-api.ts'
import { readManifests, type ManifestText } from './stack/manifests.ts'
import { freePort } from './stack/ports.ts'
import { answersOk } from './stack/readiness.ts'

const root = join(import.meta.dirname, '..')

const manifests = join(root, 'deploy', 'manifests')

/** The manifests of deploy/manifests, in the order of the kustomization. */
export const allocatorManifests: readonly ManifestText[] = arrayOf(
  objectOf(parse(readFileSync(join(manifests, 'kustomization.yaml'), 'utf8')))['resources'],
).map((file) => ({ path: join(manifests, String(file)) }))

/** The image that they run. */
export const allocatorImage = imageIn(allocatorManifests)

function imageIn(sources: readonly ManifestText[]): string {
  const images = sources
    .flatMap((source) => readManifests<Deployment>(source))
    .flatMap(({ spec }) => spec?.template?.spec.containers ?? [])
    .map(({ image }) => image)
  const [image] = images
  if (image === undefined) throw new Error('deploy/manifests have no container')
  return image
}

type Deployment = KubernetesObject & {
  readonly spec?: {
    readonly template?: { readonly spec: { readonly containers: readonly { readonly image: string }[] } }
  }
}

/** A verb and a resource, for example `patch clusters`. */
export type Permission = `${string} ${string}`

interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

type ClusterRole = KubernetesObject & { readonly rules?: readonly PolicyRule[] }

/** The ClusterRoles of deploy/manifests without some permissions; each rule has one resource. */
export function clusterRolesWithout(withheld: readonly Permission[]): readonly Required<ClusterRole>[] {
  return allocatorManifests
    .flatMap((source) => readManifests<ClusterRole>(source))
    .filter(({ kind }) => kind === 'ClusterRole')
    .map((role) => ({ ...role, rules: (role.rules ?? []).flatMap((rule) => rulesWithout(rule, withheld)) }))
}

function rulesWithout(rule: PolicyRule, withheld: readonly Permission[]): readonly PolicyRule[] {
  return rule.resources
    .map((resource) => ({
      ...rule,
      resources: [resource],
      verbs: rule.verbs.filter((verb) => !withheld.includes(`${verb} ${resource}`)),
    }))
    .filter(({ verbs }) => verbs.length > 0)
}

/** The ServiceAccount in these manifests. */
export const allocatorAccount = {
  namespace: 'capi-vip-allocator-system',
  name: 'capi-vip-allocator',
} as const

export interface AllocatorOptions {
  readonly stack: Pick<StackConnection, 'temporal' | 'runDirectory'>
  readonly kubeconfigPath: string
  readonly command?: AllocatorCommand
  readonly taskQueue?: string
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Returns before it is ready. */
  readonly unready?: boolean
}

/** The allocator as users run it: a process, `node dist/main.js`. */
export interface Allocator extends Child {
  readonly metricsUrl: string
  readonly healthUrl: string
  readonly readyUrl: string
}

/** Long, because the allocator waits for parts of the stack that are still starting. */
const readyWithinMs = 60_000

/**
 * Starts the built allocator on free ports.
 *
 * @throws Error with the end of its log if it does not become ready
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
