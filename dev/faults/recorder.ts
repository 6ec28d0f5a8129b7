import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { StackConnection } from '../stack/connection.ts'
import { ApiError, kubernetesApi, type KubernetesApi } from '../stack/kubernetes-api.ts'
import { startRawWatch, uidOf, type RawWatch } from '../stack/raw-watch.ts'
import { pathIn } from '../stack/resource-path.ts'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { clusterFacts, namespaceFacts } from './invariants/facts.ts'
import type { Run, RecordedVersion, Snapshot } from './invariants/observations.ts'
import { readRun } from './recorder/runs.ts'

export interface RecorderOptions {
  readonly stack: Pick<StackConnection, 'apiServerUrl' | 'caPath' | 'token'>
  /** The caller closes it. */
  readonly temporal: Client
  readonly namespaces: readonly string[]
  /** Paths of pools of another IPAM provider; absent: there are none. */
  readonly otherPoolPaths?: readonly string[]
  /** Paths of DNSEndpoints; absent: VIPs have no DNS names. */
  readonly dnsEndpointPaths?: readonly string[]
}

/** Records every version of some namespaces, and of the Clusters, IPAddressClaims and IPAddresses in them, as administrator. */
export interface Recorder {
  /** All versions so far. */
  readonly versions: () => readonly RecordedVersion[]
  /**
   * The current objects, from consistent lists, and the runs of the Clusters. Resolves when the watches have delivered
   * everything in these lists, so `versions` is complete up to then.
   *
   * @throws if the API server or Temporal is unavailable; waits for an API server that is starting
   */
  readonly snapshot: () => Promise<Snapshot>
  /** The runs of all Clusters so far, also deleted ones, by `namespace/name`. */
  readonly runs: () => Promise<ReadonlyMap<string, Run>>
  /** Whether all watches are open, so that no version is missed. */
  readonly isWatching: () => boolean
  readonly close: () => Promise<void>
}

const plurals = {
  Cluster: 'clusters',
  IPAddressClaim: 'ipaddressclaims',
  IPAddress: 'ipaddresses',
} as const
const kinds = ['Namespace', 'Cluster', 'IPAddressClaim', 'IPAddress'] as const
const namespacesPath = '/api/v1/namespaces'

/** Starts to record. Resolves when no version can be missed any more; `close` it at the end. */
export async function openRecorder(options: RecorderOptions): Promise<Recorder> {
  const { stack, temporal, namespaces, otherPoolPaths = [], dnsEndpointPaths = [] } = options
  const api = kubernetesApi(stack)
  const versions: RecordedVersion[] = []
  const questions = new Set<() => void>()
  const pathsOf = (kind: RecordedVersion['kind']): readonly string[] =>
    kind === 'Namespace' ? [namespacesPath] : namespaces.map((name) => pathIn(name, plurals[kind]))
  const isRecorded = (namespace: JsonObject): boolean => namespaces.includes(namespaceFacts(namespace).name)
  const watches = kinds.flatMap((kind) =>
    pathsOf(kind).map((path) => ({
      path,
      watch: startRawWatch({
        stack,
        path,
        onVersion: (seen) => {
          if (kind !== 'Namespace' || isRecorded(seen.object)) versions.push({ ...seen, kind })
          // Also for a namespace that is not recorded: a list of all namespaces waits for its end.
          for (const question of questions) question()
        },
      }),
    })),
  )
  await Promise.all(watches.map(({ watch }) => watch.listed))

  const list = (path: string): Promise<JsonObject> => listFrom(api, path)
  const listAll = async (paths: readonly string[]): Promise<readonly JsonObject[]> =>
    (await Promise.all(paths.map((path) => list(path).then(itemsOf)))).flat()
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
  const listSeen = async (kind: RecordedVersion['kind']): Promise<readonly JsonObject[]> => {
    const paths = pathsOf(kind)
    const mine = watches.filter(({ path }) => paths.includes(path))
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
    versions: () => [...versions],
    snapshot: async () => {
      const [all, clusters, claims, addresses, ...listed] = await Promise.all([
        listSeen('Namespace'),
        listSeen('Cluster'),
        listSeen('IPAddressClaim'),
        listSeen('IPAddress'),
        listAll([pathIn('', 'globalinclusterippools')]),
        listAll(namespaces.map((namespace) => pathIn(namespace, 'inclusterippools'))),
        listAll(otherPoolPaths),
        listAll(dnsEndpointPaths),
      ])
      const [globalPools, inClusterPools, otherPools, dnsEndpoints] = listed
      const runs = await runsOf(clusters)
      return {
        ...{ clusters, claims, addresses, globalPools, inClusterPools, otherPools, dnsEndpoints, runs },
        namespaces: all.filter(isRecorded),
      }
    },
    runs: () => runsOf(versions.filter(({ kind }) => kind === 'Cluster').map(({ object }) => object)),
    isWatching: () => watches.every(({ watch }) => watch.isOpen()),
    close: async () => {
      await Promise.all([...watches.map(({ watch }) => watch.close()), api.close()])
    },
  }
}

/** Retries while an API server reports that it is starting. */
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

/** Whether the watch has delivered every object in the list, or a later version of it. */
function hasSeen(watch: RawWatch, listed: JsonObject): boolean {
  const current = watch.current()
  const items = new Map(
    arrayOf(listed['items']).map((item) => [uidOf(objectOf(item)), versionOf(objectOf(item))]),
  )
  const upTo = versionOf(listed)
  const knowsAll = [...items].every(([uid, version]) => {
    const seen = current.get(uid)
    return seen !== undefined ? versionOf(seen) >= version : watch.isGone(uid)
  })
  const missesNoEnd = [...current].every(([uid, object]) => items.has(uid) || versionOf(object) > upTo)
  return knowsAll && missesNoEnd
}

function versionOf(object: JsonObject): bigint {
  return BigInt(stringOf(objectOf(object['metadata'])['resourceVersion']))
}
