import { setTimeout as delay } from 'node:timers/promises'
import { arrayOf, integerOf, objectOf, stringOf } from '../../../src/domain/model/decode.ts'
import type { KubernetesApi } from '../../stack/kubernetes-api.ts'
import { allocatorNamespace } from '../../chart/helm.ts'

const intervalMs = 50

/** A Pod of the allocator, with its only container. */
export interface AllocatorPod {
  readonly name: string
  readonly ready: boolean
  readonly restarts: number
  /** Id of the running container; empty while there is none. */
  readonly container: string
  /** How the container before it ended. */
  readonly lastExitCode: number | undefined
  /** From the start of its container until it was ready, in whole seconds, as the API server has both. */
  readonly secondsToReady: number | undefined
  /** Whether the Pod is being deleted. */
  readonly ending: boolean
}

/** The Pods of the Deployment, by name. */
export async function listPods(api: KubernetesApi): Promise<readonly AllocatorPod[]> {
  const selector = encodeURIComponent('app.kubernetes.io/name=capi-vip-allocator')
  const path = `/api/v1/namespaces/${allocatorNamespace}/pods?labelSelector=${selector}`
  const list = await api.send<unknown>({ method: 'GET', path })
  return arrayOf(objectOf(list)['items'])
    .map(podFrom)
    .toSorted((a, b) => a.name.localeCompare(b.name))
}

export function podFrom(value: unknown): AllocatorPod {
  const { metadata, status } = objectOf(value)
  const [container] = arrayOf(objectOf(status)['containerStatuses']).map(objectOf)
  const { running } = objectOf(container?.['state'])
  return {
    name: stringOf(objectOf(metadata)['name']),
    ready: container?.['ready'] === true,
    restarts: integerOf(container?.['restartCount']) ?? 0,
    container: running !== undefined ? stringOf(container?.['containerID']).replace(/^.*:\/\//, '') : '',
    lastExitCode: integerOf(objectOf(objectOf(container?.['lastState'])['terminated'])['exitCode']),
    secondsToReady: secondsBetween(objectOf(running)['startedAt'], readySince(status)),
    ending: objectOf(metadata)['deletionTimestamp'] !== undefined,
  }
}

function readySince(status: unknown): unknown {
  const conditions = arrayOf(objectOf(status)['conditions']).map(objectOf)
  return conditions.find(({ type, status }) => type === 'Ready' && status === 'True')?.['lastTransitionTime']
}

function secondsBetween(from: unknown, to: unknown): number | undefined {
  const ms = Date.parse(stringOf(to)) - Date.parse(stringOf(from))
  return Number.isNaN(ms) ? undefined : ms / 1000
}

/**
 * Waits until the Pods are as expected.
 *
 * @throws Error with the Pods as they are after `withinMs`
 */
export async function untilPods(
  api: KubernetesApi,
  what: string,
  expected: (pods: readonly AllocatorPod[]) => boolean,
  withinMs = 120_000,
): Promise<readonly AllocatorPod[]> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const pods = await listPods(api)
    if (expected(pods)) return pods
    if (performance.now() > deadline) {
      throw new Error(`expected within ${withinMs / 1000} s: ${what}; found ${JSON.stringify(pods)}`)
    }
    await delay(intervalMs)
  }
}

/** Whether all of some Pods are ready, and none is on its way out. */
export function areReady(pods: readonly AllocatorPod[], count: number): boolean {
  return pods.length === count && pods.every(({ ready, ending }) => ready && !ending)
}
