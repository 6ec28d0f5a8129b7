import { type ClusterApiVersion, coreProgramOf, newestClusterApi } from './cluster-api-version.ts'
import { clusterProviders } from './cluster-providers.ts'
import type { StackConnection, TemporalAddress } from './connection.ts'
import { type KubernetesPartName, startKubernetes } from './kubernetes.ts'
import type { Part } from './part.ts'
import { createPartSet, type PartSet } from './part-set.ts'
import { freePort, loopback, requestedPort } from './ports.ts'
import { type Program, programDefinition } from './program-list.ts'
import { ensurePrograms } from './programs.ts'
import { formatDuration, type Progress } from './progress.ts'
import { startTemporalServer, temporalServerPrograms } from './temporal-server.ts'
import type { TemporalStore } from './temporal-store.ts'
import { temporalNamespace, temporalPart } from './temporal.ts'

/** Programs of every stack, beside Cluster API's manager. */
export const stackPrograms = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kubectl',
  'ipam-provider-in-cluster',
  'temporal',
] as const

/** The programs of a stack. */
export type PartName = KubernetesPartName | 'temporal' | 'postgresql'

export interface StackOptions {
  /**
   * Whether Cluster API's manager runs, with its webhooks and conversion between API versions. Without it, the CRDs
   * are the same, but only their storage versions keep all fields, and only the schema is validated.
   */
  readonly clusterApiCore: boolean
  /** Whether the kubeadm providers and CAPD run too, so that whole clusters come up; not if absent. Needs core. */
  readonly wholeClusters?: boolean
  /** Whether the Cluster API operator runs too; not if absent. */
  readonly clusterApiOperator?: boolean
  /** Version of CRDs, webhooks and manager; the newest if absent. */
  readonly clusterApiVersion?: ClusterApiVersion
  readonly progress: Progress
  /** Temporal's data store; `sqlite` if absent. */
  readonly temporalStore?: TemporalStore
  /** Ports of Temporal's frontend and UI, if it has one; free ones if absent. */
  readonly temporalPort?: number
  readonly temporalUiPort?: number
  /** Keeps Temporal's default rate of task dispatch, on a grid of 50 ms; if absent, the rate is as high as possible. */
  readonly temporalDefaultPolling?: boolean
  /**
   * Address of a node, on this machine, whose Pods reach API server and Temporal there; all controllers of Kubernetes run
   * then. Everything is on loopback if absent.
   */
  readonly nodeAddress?: string
}

export interface Stack {
  readonly connection: StackConnection
  /**
   * A program of the stack, to be stopped and started.
   *
   * @throws Error if the stack does not run it
   */
  readonly part: (name: PartName) => Part
  /** Stops all programs, newest first, and removes the run directory. Idempotent. */
  readonly stop: () => Promise<void>
}

/**
 * Starts a stack with its own ports and directory. Returns when everything is ready: the API server with all CRDs,
 * webhooks, controllers and Temporal. It never outlives this process.
 *
 * @throws Error that names the failed program, with the end of its log; nothing is left running then
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const startedAt = performance.now()
  if (options.nodeAddress !== undefined && options.temporalStore === 'postgresql') {
    throw new Error(`nodeAddress is "${options.nodeAddress}", expected none with Temporal on PostgreSQL`)
  }
  const core = coreProgramOf(options.clusterApiVersion ?? newestClusterApi)
  const { wholeClusters = false } = options
  if (wholeClusters && !options.clusterApiCore) throw new Error('whole clusters need Cluster API core')
  const programs = await ensurePrograms([...stackPrograms, core], options.progress)
  const providers = wholeClusters ? await ensurePrograms(clusterProviders, options.progress) : undefined
  const operator =
    options.clusterApiOperator === true
      ? (await ensurePrograms(['cluster-api-operator'], options.progress))['cluster-api-operator']
      : undefined
  const serverPrograms =
    options.temporalStore === 'postgresql'
      ? await ensurePrograms(temporalServerPrograms, options.progress)
      : undefined
  const parts = createPartSet<PartName>(options.progress)
  try {
    const [kubernetes, temporal] = await Promise.all([
      startKubernetes({
        ...options,
        parts,
        programs: { ...programs, 'cluster-api-core': programs[core] },
        providers,
        operator,
      }),
      serverPrograms === undefined
        ? startDevelopmentServer(parts, programs.temporal, options)
        : startTemporalServer({
            parts,
            programs: { ...serverPrograms, temporal: programs.temporal },
            port: await portFor(options.temporalPort),
            progress: options.progress,
          }),
    ])
    options.progress(`stack: ready (${formatDuration(performance.now() - startedAt)})`)
    const connection = {
      ...kubernetes,
      temporal,
      clusterApiCore: options.clusterApiCore,
      wholeClusters,
      clusterApiVersion: programDefinition(core).version,
      runDirectory: parts.runDirectory,
      paths: { kubectl: programs.kubectl.path, temporal: programs.temporal.path },
    }
    return { connection, part: parts.part, stop: parts.stop }
  } catch (error) {
    await parts.stop()
    throw error
  }
}

async function startDevelopmentServer(
  parts: PartSet<PartName>,
  program: Program,
  options: StackOptions,
): Promise<TemporalAddress> {
  const port = await portFor(options.temporalPort)
  const uiPort = await portFor(options.temporalUiPort)
  await parts.start(
    'temporal',
    temporalPart({
      program: program.path,
      runDirectory: parts.runDirectory,
      port,
      uiPort,
      defaultPolling: options.temporalDefaultPolling ?? false,
      everywhere: options.nodeAddress !== undefined,
    }),
  )
  const host = options.nodeAddress ?? loopback
  return { address: `${host}:${port}`, namespace: temporalNamespace, uiUrl: `http://${host}:${uiPort}` }
}

function portFor(requested: number | undefined): Promise<number> {
  return requested === undefined ? freePort() : requestedPort(requested)
}
