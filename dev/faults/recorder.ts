import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { StackConnection } from '../stack/connection.ts'
import { ApiError, kubernetesApi, type KubernetesApi } from '../stack/kubernetes-api.ts'
import { startRawWatch, uidOf, type RawWatch } from '../stack/raw-watch.ts'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { clusterFacts } from './invariants/facts.ts'
import type { Run, Sighting, Snapshot } from './invariants/observations.ts'
import { readRun } from './recorder/runs.ts'

export interface RecorderOptions {
  readonly stack: Pick<StackConnection, 'apiServerUrl' | 'caPath' | 'token'>
  /** The client stays its maker's to close. */
  readonly temporal: Client
  readonly namespaces: readonly string[]
}

/** Keeps every version of all Clusters, IPAddressClaims and IPAddresses of some namespaces, seen as administrator. */
export interface Recorder {
  /** All that was seen so far. */
  readonly sightings: () => readonly Sighting[]
  /**
   * The world now, by consistent lists of the API server and with the runs of its Clusters. Resolves when all that
   * these lists hold has been seen by the watches as well, so that `sightings` lack nothing then.
   *
   * @throws where API server or Temporal cannot be asked; an API server that is still starting is waited for
   */
  readonly snapshot: () => Promise<Snapshot>
  /** The runs of all Clusters ever seen, those that are gone included, by `namespace/name`. */
  readonly runs: () => Promise<ReadonlyMap<string, Run>>
  /** Whether all watches are open, so that nothing happens unseen. */
  readonly isWatching: () => boolean
  readonly close: () => Promise<void>
}

const collections = {
  Cluster: { version: 'cluster.x-k8s.io/v1beta2', plural: 'clusters' },
  IPAddressClaim: { version: 'ipam.cluster.x-k8s.io/v1beta2', plural: 'ipaddressclaims' },
  IPAddress: { version: 'ipam.cluster.x-k8s.io/v1beta2', plural: 'ipaddresses' },
} as const
const kinds = ['Cluster', 'IPAddressClaim', 'IPAddress'] as const
const pools = '/apis/ipam.cluster.x-k8s.io/v1alpha2'

/** Begins to record; resolves when nothing can happen unseen any more. Close it at the end. */
export async function openRecorder({ stack, temporal, namespaces }: RecorderOptions): Promise<Recorder> {
  const api = kubernetesApi(stack)
  const sightings: Sighting[] = []
  const questions = new Set<() => void>()
  const onSighting = (sighting: Sighting): void => {
    sightings.push(sighting)
    for (const question of questions) question()
  }
  const watches = kinds.flatMap((kind) =>
    namespaces.map((namespace) => {
      const path = pathOf(kind, namespace)
      return {
        path,
        watch: startRawWatch({ stack, path, onSighting: (seen) => onSighting({ ...seen, kind }) }),
      }
    }),
  )
  await Promise.all(watches.map(({ watch }) => watch.listed))

  const list = (path: string): Promise<JsonObject> => listFrom(api, path)
  const itemsOf = (all: JsonObject): readonly JsonObject[] => arrayOf(all['items']).map(objectOf)
  const untilSeen = (watch: RawWatch, listed: JsonObject): Promise<void> =>
    new Promise((resolve) => {
      const question = (): void => {
        if (!hasSeen(watch, listed)) return
        questions.delete(question)
        resolve()
      }
      questions.add(question)
      question()
    })
  const listSeen = async (kind: Sighting['kind']): Promise<readonly JsonObject[]> => {
    const paths = new Set(namespaces.map((namespace) => pathOf(kind, namespace)))
    const mine = watches.filter(({ path }) => paths.has(path))
    const lists = await Promise.all(
      mine.map(async ({ path, watch }) => {
        const listed = await list(path)
        await untilSeen(watch, listed)
        return itemsOf(listed)
      }),
    )
    return lists.flat()
  }
  const runsOf = async (clusters: readonly JsonObject[]): Promise<ReadonlyMap<string, Run>> => {
    const keys = [...new Set(clusters.map((cluster) => clusterFacts(cluster).key))]
    const runs = await Promise.all(keys.map(async (key) => [key, await readRun(temporal, key)] as const))
    return new Map(runs.flatMap(([key, run]) => (run === undefined ? [] : [[key, run] as const])))
  }

  return {
    sightings: () => [...sightings],
    snapshot: async () => {
      const [clusters, claims, addresses, globalPools, ...inClusterPools] = await Promise.all([
        listSeen('Cluster'),
        listSeen('IPAddressClaim'),
        listSeen('IPAddress'),
        list(`${pools}/globalinclusterippools`).then(itemsOf),
        ...namespaces.map((namespace) =>
          list(`${pools}/namespaces/${namespace}/inclusterippools`).then(itemsOf),
        ),
      ])
      const runs = await runsOf(clusters)
      return { clusters, claims, addresses, globalPools, inClusterPools: inClusterPools.flat(), runs }
    },
    runs: () => runsOf(sightings.filter(({ kind }) => kind === 'Cluster').map(({ object }) => object)),
    isWatching: () => watches.every(({ watch }) => watch.isOpen()),
    close: async () => {
      await Promise.all([...watches.map(({ watch }) => watch.close()), api.close()])
    },
  }
}

/** How often, and how many milliseconds apart, an API server is asked that says it is not ready yet. */
const starting = { attempts: 150, pauseMs: 200 }

async function listFrom(api: KubernetesApi, path: string): Promise<JsonObject> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await api.send<JsonObject>({ method: 'GET', path })
    } catch (error) {
      const isStarting = error instanceof ApiError && (error.status === 429 || error.status >= 500)
      if (!isStarting || attempt === starting.attempts) throw error
      await delay(starting.pauseMs)
    }
  }
}

function pathOf(kind: Sighting['kind'], namespace: string): string {
  const { version, plural } = collections[kind]
  return `/apis/${version}/namespaces/${namespace}/${plural}`
}

/** Whether the watch knows everything in the list, or something later. */
function hasSeen(watch: RawWatch, listed: JsonObject): boolean {
  const known = watch.known()
  const items = new Map(
    arrayOf(listed['items']).map((item) => [uidOf(objectOf(item)), versionOf(objectOf(item))]),
  )
  const upTo = versionOf(listed)
  const knowsAll = [...items].every(([uid, version]) => {
    const seen = known.get(uid)
    return seen !== undefined ? versionOf(seen) >= version : watch.isGone(uid)
  })
  const missesNoEnd = [...known].every(([uid, object]) => items.has(uid) || versionOf(object) > upTo)
  return knowsAll && missesNoEnd
}

function versionOf(object: JsonObject): bigint {
  return BigInt(stringOf(objectOf(object['metadata'])['resourceVersion']))
}
