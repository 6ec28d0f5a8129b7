import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { allocatorNamespace } from '../../chart/helm.ts'
import type { StackConnection } from '../../stack/connection.ts'
import { ApiError, type KubernetesApi } from '../../stack/kubernetes-api.ts'
import { runCommand } from '../../stack/run-command.ts'
import { startClusterTrial, type ClusterTrial, type Served } from './cluster-trial.ts'
import type { Containers } from './containers.ts'
import { release, upgradeByHelm } from './install.ts'
import type { Ended, Eviction, Measures } from './measures.ts'
import { areReady, listPods, untilPods, type AllocatorPod } from './pods.ts'

const deployment = `deployment/${release}`
const betweenClustersMs = 250
/** By which a PodDisruptionBudget refuses. */
const tooManyRequests = 429
const goneIntervalMs = 10
const goneWithinMs = 120_000

/** What the trials are made on. */
export interface Subject {
  readonly helm: string
  readonly stack: StackConnection
  readonly api: KubernetesApi
  readonly containers: Containers
}

/** Creates Clusters until all Pods are replaced. */
export async function measureRollout({ stack, api }: Subject): Promise<Measures['rollout']> {
  const trial = await startClusterTrial(stack, api)
  const kubectl = (...args: readonly string[]): Promise<string> =>
    runCommand({
      command: stack.paths.kubectl,
      args: [`--kubeconfig=${stack.kubeconfigPath}`, `--namespace=${allocatorNamespace}`, 'rollout', ...args],
      cwd: '/',
    })
  const begun = performance.now()
  await kubectl('restart', deployment)
  const seconds = await createUntil(
    trial,
    kubectl('status', deployment, '--timeout=3m').then(() => secondsSince(begun)),
  )
  return { ...(await trial.settled()), seconds }
}

async function createUntil<T>(trial: ClusterTrial, end: Promise<T>): Promise<T> {
  const ending = end.then(
    () => true,
    () => true,
  )
  let index = 0
  do {
    index += 1
    await trial.create(`rollout-${index}`)
  } while (!(await Promise.race([ending, delay(betweenClustersMs, false)])))
  return await end
}

/** Signals the process of one Pod in the middle of some Clusters, and waits until it has ended and a new one runs. */
export async function measureSignal(
  { stack, api, containers }: Subject,
  signal: 'SIGTERM' | 'SIGSTOP',
  clusters: number,
): Promise<Served & Ended> {
  const trial = await startClusterTrial(stack, api)
  const [pod] = await listPods(api)
  if (pod === undefined) throw new Error('the allocator has no Pod')
  const pid = containers.pidOf(pod.container)
  const names = Array.from({ length: clusters }, (_, index) => `${signal.toLowerCase()}-${index + 1}`)
  const half = Math.floor(clusters / 2)
  for (const name of names.slice(0, half)) await trial.create(name)
  const begun = performance.now()
  process.kill(pid, signal)
  const gone = untilGone(pid).then(() => secondsSince(begun))
  for (const name of names.slice(half)) await trial.create(name)
  const [served, seconds] = await Promise.all([trial.settled(), gone])
  const pods = await untilPods(api, `a restart of ${pod.name}`, (all) =>
    all.some((each) => isRestarted(each, pod)),
  )
  return { ...served, seconds, exitCode: pods.find((each) => isRestarted(each, pod))?.lastExitCode }
}

function isRestarted(now: AllocatorPod, before: AllocatorPod): boolean {
  return now.name === before.name && now.restarts > before.restarts && now.lastExitCode !== undefined
}

/** Starts a Pod that may use a tenth of a processor, as the default of a LimitRange can have it. */
export async function measureSlowStart({ helm, stack, api }: Subject): Promise<Measures['slowStart']> {
  await upgradeByHelm(helm, stack, { replicaCount: 1, 'resources.limits.cpu': '100m' })
  const [pod] = await untilPods(api, 'one ready Pod', (pods) => areReady(pods, 1))
  await upgradeByHelm(helm, stack, {})
  return { seconds: pod?.secondsToReady, restarts: pod?.restarts }
}

/** Asks to evict one Pod, and the other one at once. */
export async function measureEviction(api: KubernetesApi): Promise<Measures['eviction']> {
  const [one, other] = await listPods(api)
  if (one === undefined || other === undefined) throw new Error('the allocator has fewer than two Pods')
  return { first: await evict(api, one.name), second: await evict(api, other.name) }
}

async function evict(api: KubernetesApi, name: string): Promise<Eviction> {
  try {
    await api.send({
      method: 'POST',
      path: `/api/v1/namespaces/${allocatorNamespace}/pods/${name}/eviction`,
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace: allocatorNamespace },
      },
    })
    return 'granted'
  } catch (error) {
    if (error instanceof ApiError && error.status === tooManyRequests) return 'refused'
    throw error
  }
}

async function untilGone(pid: number): Promise<void> {
  const deadline = performance.now() + goneWithinMs
  while (existsSync(`/proc/${pid}`)) {
    if (performance.now() > deadline) throw new Error(`process ${pid} is still there after 2 minutes`)
    await delay(goneIntervalMs)
  }
}

function secondsSince(begun: number): number {
  return (performance.now() - begun) / 1000
}
