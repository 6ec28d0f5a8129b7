import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { arrayOf, objectOf, stringOf } from '../../src/domain/model/decode.ts'
import { formatKey, type NamespacedName } from '../../src/domain/model/object-meta.ts'
import { closeAll } from '../stack/close-all.ts'
import type { StackConnection } from '../stack/connection.ts'
import { startRawWatch, type ObservedVersion } from '../stack/raw-watch.ts'
import { pathIn } from '../stack/resource-path.ts'
import { runCommand } from '../stack/run-command.ts'
import {
  type ClusterParts,
  deviations,
  generationOf,
  hasCondition,
  type Milestone,
  nameOf,
  newMilestones,
} from './milestones.ts'
import type { ObservedEvent } from './observe.ts'

const availableWithinMs = 180_000

/** A cluster that is reached through its VIP. */
export interface Availability {
  readonly millisecondsToAvailable: number
  /** The URL in its kubeconfig. */
  readonly server: string
  /** Its generation is 1: it had the VIP from its first version on. */
  readonly infrastructure: { readonly kind: string; readonly name: string; readonly generation: number }
  /** Names of its nodes, read with its kubeconfig. */
  readonly nodes: readonly string[]
}

export interface AvailabilityWatch {
  /**
   * Resolves when the Cluster is Available, with its nodes, read through the VIP.
   *
   * @throws Error if it does not become so in time, or is not reached through its VIP
   */
  readonly untilAvailable: () => Promise<Availability>
  readonly close: () => Promise<void>
}

interface WatchOptions {
  readonly stack: StackConnection
  readonly cluster: NamespacedName
  readonly onEvent: (event: ObservedEvent) => void
  readonly signal: AbortSignal
}

/** Watches a Cluster that is yet to be created, its DevCluster and its kubeconfig; `close` it at the end. */
export async function watchAvailability(options: WatchOptions): Promise<AvailabilityWatch> {
  const { stack, cluster, onEvent } = options
  const track = trackParts(options)
  const watches = Object.entries(handlersFor(cluster, track.add)).map(([path, onVersion]) =>
    startRawWatch({ stack, path, onVersion }),
  )
  await Promise.all(watches.map(({ listed }) => listed))
  return {
    untilAvailable: async () => {
      const millisecondsToAvailable = await track.available
      const { parts, generations } = track.seen()
      const nodes = await listNodes(stack, cluster, parts.kubeconfig ?? '')
      const faults = deviations(parts, generations)
      if (faults.length > 0) {
        throw new Error(`Cluster ${formatKey(cluster)} is Available, but ${faults.join('; ')}`)
      }
      onEvent({ atMs: track.sinceCreation(), what: `nodes listed through the VIP: ${nodes.join(', ')}` })
      const infrastructure = parts.infrastructure ?? {}
      return {
        millisecondsToAvailable,
        server: parts.server ?? '',
        infrastructure: {
          kind: stringOf(infrastructure['kind']),
          name: nameOf(infrastructure),
          generation: generationOf(infrastructure),
        },
        nodes,
      }
    },
    close: () => closeAll(watches.map(({ close }) => close)),
  }
}

/** Path of a kubeconfig for a Cluster of the stack, which `untilAvailable` writes. */
export function kubeconfigPathFor(stack: StackConnection, { name }: NamespacedName): string {
  return join(stack.runDirectory, `${name}.kubeconfig`)
}

type SeenParts = ClusterParts & { readonly kubeconfig?: string }

/** Keeps the latest parts, and tells milestones as they are reached. */
function trackParts({ cluster, onEvent, signal }: WatchOptions): {
  readonly add: (at: number, more: SeenParts) => void
  /** Resolves with milliseconds since the Cluster was created. */
  readonly available: Promise<number>
  /** `generations`: of the DevCluster, in the order of its versions. */
  readonly seen: () => { readonly parts: SeenParts; readonly generations: readonly number[] }
  readonly sinceCreation: () => number
} {
  let parts: SeenParts = {}
  let createdAt: number | undefined
  const generations: number[] = []
  const reached = new Set<Milestone>()
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  promise.catch(() => undefined)
  const over = AbortSignal.any([signal, AbortSignal.timeout(availableWithinMs)])
  over.addEventListener('abort', () => {
    const until = [...reached].join(', ')
    const what = `Cluster ${formatKey(cluster)} did not become Available; it reached ${until || 'nothing'}`
    reject(new Error(what, { cause: over.reason }))
  })
  return {
    add: (at, more) => {
      parts = { ...parts, ...more }
      if (more.infrastructure !== undefined) generations.push(generationOf(more.infrastructure))
      createdAt ??= at
      for (const what of newMilestones(parts, reached)) onEvent({ atMs: at - createdAt, what })
      if (hasCondition(parts.cluster, 'Available')) resolve(at - createdAt)
    },
    available: promise,
    seen: () => ({ parts, generations }),
    sinceCreation: () => (createdAt === undefined ? 0 : Date.now() - createdAt),
  }
}

/** What to do with the objects of each collection, by its path. */
function handlersFor(
  { namespace, name }: NamespacedName,
  add: (at: number, more: SeenParts) => void,
): Readonly<Record<string, (version: ObservedVersion) => void>> {
  return {
    [pathIn(namespace, 'clusters')]: ({ at, object }) => {
      if (nameOf(object) === name) add(at, { cluster: object })
    },
    [`/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/${namespace}/devclusters`]: (version) => {
      const labels = objectOf(objectOf(version.object['metadata'])['labels'])
      if (labels['cluster.x-k8s.io/cluster-name'] === name) {
        add(version.at, { infrastructure: version.object })
      }
    },
    [`/api/v1/namespaces/${namespace}/secrets`]: ({ at, object }) => {
      if (nameOf(object) !== `${name}-kubeconfig`) return
      const kubeconfig = Buffer.from(stringOf(objectOf(object['data'])['value']), 'base64').toString()
      add(at, { kubeconfig, server: serverIn(kubeconfig) })
    },
  }
}

/** The URL of the first cluster in a kubeconfig. */
function serverIn(kubeconfig: string): string {
  const [first] = arrayOf(objectOf(parse(kubeconfig))['clusters'])
  return stringOf(objectOf(objectOf(first)['cluster'])['server'])
}

/** Lists the nodes of a Cluster with its kubeconfig, as a user does. */
async function listNodes(
  stack: StackConnection,
  cluster: NamespacedName,
  kubeconfig: string,
): Promise<readonly string[]> {
  const path = kubeconfigPathFor(stack, cluster)
  writeFileSync(path, kubeconfig, { mode: 0o600 })
  const output = await runCommand({
    command: stack.paths.kubectl,
    args: ['get', 'nodes', `--kubeconfig=${path}`, '--output=name', '--request-timeout=10s'],
    cwd: stack.runDirectory,
  })
  const nodes = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace('node/', ''))
  if (nodes.length === 0) throw new Error(`the API server of Cluster ${formatKey(cluster)} has no nodes`)
  return nodes
}
