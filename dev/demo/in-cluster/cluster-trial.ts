import { setTimeout as delay } from 'node:timers/promises'
import { arrayOf, objectOf } from '../../../src/domain/model/decode.ts'
import { clusterFrom, isValidEndpoint } from '../../../src/domain/model/cluster.ts'
import type { StackConnection } from '../../stack/connection.ts'
import type { KubernetesApi } from '../../stack/kubernetes-api.ts'
import { applyManifests, readManifests } from '../../stack/manifests.ts'
import { example } from '../examples.ts'

const namespace = 'clusters'
const intervalMs = 100
const servedWithinMs = 120_000

/** Addresses for more Clusters than those of the example's pool, in a pool of the same ClusterClass. */
const pool = `
apiVersion: ipam.cluster.x-k8s.io/v1alpha2
kind: GlobalInClusterIPPool
metadata:
  name: measured-pool
  labels:
    vip.capi.gorizond.io/cluster-class: rke2-cluster-class
spec:
  addresses:
    - 10.0.1.10-10.0.1.250
  prefix: 24
`

export interface Served {
  readonly clusters: number
  /** Different ones. */
  readonly addresses: number
  /** From the request that creates a Cluster to the first look that sees its endpoint. */
  readonly longestSeconds: number
  /** The Cluster that waited so long. */
  readonly slowest: string
}

interface Wait {
  readonly name: string
  readonly host: string
  readonly ms: number
}

/** Creates Clusters, and looks when they are served. */
export interface ClusterTrial {
  readonly create: (name: string) => Promise<void>
  /** Looks until all are served. @throws Error that names those that are not after two minutes */
  readonly settled: () => Promise<Served>
}

export async function startClusterTrial(stack: StackConnection, api: KubernetesApi): Promise<ClusterTrial> {
  await applyManifests(stack, [{ text: pool }])
  const createdAt = new Map<string, number>()
  const served = new Map<string, Wait>()
  const look = async (): Promise<void> => {
    const hosts = await listHosts(api)
    const now = performance.now()
    for (const [name, at] of createdAt) {
      const host = hosts.get(name)
      if (host !== undefined && !served.has(name)) served.set(name, { name, host, ms: now - at })
    }
  }
  return {
    create: async (name) => {
      createdAt.set(name, performance.now())
      await applyManifests(
        stack,
        readManifests(example('cluster-v1beta2')).map((cluster) => named(cluster, name)),
      )
      await look()
    },
    settled: async () => {
      const deadline = performance.now() + servedWithinMs
      await look()
      while (served.size < createdAt.size) {
        if (performance.now() > deadline) {
          const waiting = [...createdAt.keys()].filter((name) => !served.has(name))
          throw new Error(
            `${waiting.length} Clusters have no endpoint after 2 minutes: ${waiting.join(', ')}`,
          )
        }
        await delay(intervalMs)
        await look()
      }
      return outcomeOf([...served.values()])
    },
  }
}

export function outcomeOf(waits: readonly Wait[]): Served {
  const [longest] = waits.toSorted((a, b) => b.ms - a.ms)
  return {
    clusters: waits.length,
    addresses: new Set(waits.map(({ host }) => host)).size,
    longestSeconds: (longest?.ms ?? 0) / 1000,
    slowest: longest?.name ?? '',
  }
}

function named<T extends { readonly metadata: object }>(object: T, name: string): T {
  return { ...object, metadata: { ...object.metadata, name } }
}

async function listHosts(api: KubernetesApi): Promise<ReadonlyMap<string, string>> {
  const path = `/apis/cluster.x-k8s.io/v1beta2/namespaces/${namespace}/clusters`
  const list = await api.send<unknown>({ method: 'GET', path })
  const clusters = arrayOf(objectOf(list)['items']).map(clusterFrom)
  return new Map(
    clusters
      .filter(({ controlPlaneEndpoint }) => isValidEndpoint(controlPlaneEndpoint))
      .map(({ name, controlPlaneEndpoint }) => [name, controlPlaneEndpoint.host]),
  )
}
