import { setTimeout as delay } from 'node:timers/promises'
import { arrayOf, objectOf } from '../../src/domain/model/decode.ts'
import { example } from '../demo/examples.ts'
import type { Prometheus } from '../monitoring/prometheus.ts'
import type { StackConnection } from '../stack/connection.ts'
import type { KubernetesApi } from '../stack/kubernetes-api.ts'
import { applyManifests, readManifests } from '../stack/manifests.ts'
import type { Progress } from '../stack/progress.ts'

/** An event for the chart; `at` in seconds since the epoch. */
export interface Moment {
  readonly at: number
  readonly words: string
}

/** The pool of the examples has 11 addresses. */
const servedAtFirst = 11
const created = 13
const alert = 'CapiVipAllocatorPoolExhausted'
/** In milliseconds: slow enough for the chart to show steps. */
const betweenClusters = 3_000
const pause = 15_000
const longestWait = 240_000

/**
 * Creates more Clusters than the pool has addresses, waits for the alert, deletes one Cluster, and enlarges the pool.
 *
 * @returns the events, in order
 * @throws Error that names the event that did not happen
 */
export async function fillPool(
  stack: StackConnection,
  api: KubernetesApi,
  prometheus: Prometheus,
  progress: Progress,
): Promise<readonly Moment[]> {
  const moments: Moment[] = []
  const note = (words: string): void => {
    progress(words)
    moments.push({ at: Date.now() / 1000, words })
  }
  await delay(pause)
  for (let number = 1; number <= created; number += 1) {
    if (number === servedAtFirst + 1) note('the pool is full')
    await createCluster(stack, number)
    await delay(betweenClusters)
  }
  await untilAny(prometheus, `ALERTS{alertname="${alert}", alertstate="firing"}`)
  note('the alert fires')
  await delay(pause)
  note('a Cluster is deleted')
  await api.send({ method: 'DELETE', path: clusterPath(1) })
  await untilAny(prometheus, 'sum(capi_vip_allocator_waiting_clusters) == 1')
  await delay(pause)
  note('the pool gets addresses')
  await api.send({
    method: 'PATCH',
    path: '/apis/ipam.cluster.x-k8s.io/v1alpha2/globalinclusterippools/vip-pool',
    body: { spec: { addresses: ['10.0.0.10-10.0.0.24'] } },
    contentType: 'application/merge-patch+json',
  })
  await untilAny(prometheus, `sum(capi_vip_allocator_claims_ready) == ${created - 1}`)
  await delay(pause)
  return moments
}

async function createCluster(stack: StackConnection, number: number): Promise<void> {
  const clusters = readManifests(example('cluster-v1beta2')).map(({ metadata, ...rest }) => ({
    ...rest,
    metadata: { ...metadata, name: nameOf(number) },
  }))
  await applyManifests(stack, clusters)
}

function clusterPath(number: number): string {
  return `/apis/cluster.x-k8s.io/v1beta2/namespaces/clusters/clusters/${nameOf(number)}`
}

function nameOf(number: number): string {
  return `demo-${number}`
}

/** Waits until Prometheus has a series for the query. */
async function untilAny(prometheus: Prometheus, query: string): Promise<void> {
  const deadline = performance.now() + longestWait
  while (performance.now() < deadline) {
    const { result } = objectOf(await prometheus.ask('query', { query }))
    if (arrayOf(result).length > 0) return
    await delay(250)
  }
  throw new Error(`Prometheus has nothing for ${query} after ${longestWait / 1000} s`)
}
