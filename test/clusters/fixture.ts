import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { allocatorAccount, allocatorManifests } from '../../dev/allocator.ts'
import { classReconciled } from '../../dev/demo/examples.ts'
import { closeAll } from '../../dev/stack/close-all.ts'
import type { ClusterApiVersion } from '../../dev/stack/cluster-api-version.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { pathIn } from '../../dev/stack/resource-path.ts'
import { runCommand } from '../../dev/stack/run-command.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { record, type Recording } from '../e2e/recording.ts'
import { openTestbed, type Testbed } from '../e2e/testbed.ts'
import { startAllocator } from '../support/allocator.ts'

/** Longer than a cluster takes to come up, half a minute of which is a retry of Cluster API's. */
export const upWithinMs = 240_000

interface Stored {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly generation: number
    readonly deletionTimestamp?: string
    readonly ownerReferences?: readonly { readonly kind: string; readonly uid: string }[]
  }
}

interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface StoredCluster extends Stored {
  readonly spec: {
    readonly paused?: boolean
    readonly controlPlaneEndpoint?: Endpoint
    readonly infrastructureRef?: { readonly name: string }
    readonly controlPlaneRef?: { readonly name: string }
  }
  readonly status?: {
    readonly conditions?: readonly Condition[]
    readonly controlPlane?: {
      readonly replicas?: number
      readonly upToDateReplicas?: number
      readonly availableReplicas?: number
    }
  }
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message?: string
}

interface StoredClaim extends Stored {
  readonly status?: { readonly addressRef?: { readonly name: string } }
}

interface StoredInfrastructure extends Stored {
  readonly spec: { readonly controlPlaneEndpoint?: Endpoint }
}

interface StoredSecret extends Stored {
  readonly data?: Readonly<Record<string, string>>
}

/** A management cluster with the providers of whole clusters, an allocator, and recordings of one namespace. */
export interface ManagementCluster {
  readonly stack: Stack
  readonly clusters: Recording<StoredCluster>
  /** DevClusters. */
  readonly infrastructure: Recording<StoredInfrastructure>
  readonly secrets: Recording<StoredSecret>
  readonly machines: Recording<Stored>
  /** DevMachines. */
  readonly infrastructureMachines: Recording<Stored>
  readonly claims: Recording<StoredClaim>
  /** Waits until all these conditions of a Cluster are True. */
  untilTrue(name: string, ...types: readonly string[]): Promise<StoredCluster>
  /** The URL in the kubeconfig of a Cluster. */
  serverOf(name: string): string
  /** Names of the nodes of a Cluster, read with its kubeconfig. */
  nodesOf(name: string): Promise<readonly string[]>
  /** All endpoints that versions of the Cluster and of its DevCluster ever had, each once. */
  endpointsOf(name: string): readonly string[]
  /** All generations that versions of its DevCluster had, each once. */
  generationsOf(name: string): readonly number[]
  close(): Promise<void>
}

/** A management cluster in which a suite creates Clusters of the examples' in-memory class. */
export interface WholeClusters extends ManagementCluster {
  readonly testbed: Testbed
  /** Creates a Cluster on a port of its own. Resolves with the port. */
  create(name: string): Promise<number>
}

/** Starts a management cluster with the class, and without a pool. */
export async function openWholeClusters(clusterApiVersion?: ClusterApiVersion): Promise<WholeClusters> {
  const namespace = `clusters-${randomBytes(4).toString('hex')}`
  const management = await openManagementCluster(namespace, clusterApiVersion)
  try {
    const testbed = await openTestbed(management.stack.connection, namespace)
    await testbed.applyExample('in-memory-class')
    await classReconciled(testbed.api, { namespace, name: 'in-memory' })
    return {
      ...management,
      testbed,
      create: async (name) => {
        const port = await freePort()
        await testbed.applyExample(
          'in-memory-cluster',
          ['name: demo-cluster', `name: ${name}`],
          ['apiServerPort: 6443', `apiServerPort: ${port}`],
        )
        return port
      },
      close: () => closeAll([management.close, testbed.leave]),
    }
  } catch (error) {
    await management.close()
    throw error
  }
}

/** Starts a stack of the suite's own, because CAPD serves all its API servers on one address. */
export async function openManagementCluster(
  namespace: string,
  clusterApiVersion?: ClusterApiVersion,
): Promise<ManagementCluster> {
  const closers: (() => unknown)[] = []
  try {
    const stack = await startStack({
      clusterApiCore: true,
      wholeClusters: true,
      progress: () => undefined,
      ...(clusterApiVersion && { clusterApiVersion }),
    })
    closers.push(stack.stop)
    const { connection } = stack
    const open = async <T extends Stored>(path: string): Promise<Recording<T>> => {
      const recording = await record<T>(connection, path)
      closers.push(recording.close)
      return recording
    }
    const recordings = {
      clusters: await open<StoredCluster>(pathIn(namespace, 'clusters')),
      infrastructure: await open<StoredInfrastructure>(providerPath(namespace, 'devclusters')),
      secrets: await open<StoredSecret>(`/api/v1/namespaces/${namespace}/secrets`),
      machines: await open<Stored>(providerPath(namespace, 'machines')),
      infrastructureMachines: await open<Stored>(providerPath(namespace, 'devmachines')),
      claims: await open<StoredClaim>(pathIn(namespace, 'ipaddressclaims')),
    }
    const allocator = await startAllocator({
      stack: connection,
      kubeconfigPath: await allocatorKubeconfig(connection),
      namespaces: [namespace],
    })
    closers.push(() => allocator.stop())
    return { stack, ...recordings, ...viewsOf(connection, recordings), close: () => closeAll(closers) }
  } catch (error) {
    await closeAll(closers)
    throw error
  }
}

const groups = {
  devclusters: 'infrastructure.cluster.x-k8s.io',
  devmachines: 'infrastructure.cluster.x-k8s.io',
  kubeadmcontrolplanes: 'controlplane.cluster.x-k8s.io',
  machines: 'cluster.x-k8s.io',
} as const

/** Path of a collection of the providers', or of an object in it. */
export function providerPath(namespace: string, plural: keyof typeof groups, name?: string): string {
  const collection = `/apis/${groups[plural]}/v1beta2/namespaces/${namespace}/${plural}`
  return name === undefined ? collection : `${collection}/${name}`
}

async function allocatorKubeconfig(connection: StackConnection): Promise<string> {
  await applyManifests(connection, allocatorManifests)
  const outputPath = join(connection.runDirectory, 'allocator.kubeconfig')
  await createServiceAccountKubeconfig(connection, { ...allocatorAccount, outputPath })
  return outputPath
}

function viewsOf(
  connection: StackConnection,
  { clusters, infrastructure, secrets }: Pick<ManagementCluster, 'clusters' | 'infrastructure' | 'secrets'>,
): Pick<ManagementCluster, 'untilTrue' | 'serverOf' | 'nodesOf' | 'endpointsOf' | 'generationsOf'> {
  const kubeconfigOf = (name: string): string => {
    const data = secrets.versionsOf(`${name}-kubeconfig`).at(-1)?.data
    return Buffer.from(data?.['value'] ?? '', 'base64').toString()
  }
  const infrastructureOf = (name: string): readonly StoredInfrastructure[] =>
    infrastructure.versionsOf(clusters.versionsOf(name).at(-1)?.spec.infrastructureRef?.name ?? '')
  return {
    untilTrue: async (name, ...types) => {
      const cluster = await clusters.until(name, (now) =>
        types.every((type) => conditionOf(now, type)?.status === 'True'),
      )
      if (cluster === undefined) throw new Error(`${name} is gone`)
      return cluster
    },
    serverOf: (name) => {
      const kubeconfig = parse(kubeconfigOf(name)) as {
        clusters: readonly { cluster: { server: string } }[]
      }
      return kubeconfig.clusters.map(({ cluster }) => cluster.server).join(', ')
    },
    nodesOf: async (name) => {
      const path = join(connection.runDirectory, `${name}.kubeconfig`)
      writeFileSync(path, kubeconfigOf(name), { mode: 0o600 })
      const output = await runCommand({
        command: connection.paths.kubectl,
        args: ['get', 'nodes', `--kubeconfig=${path}`, '--output=name', '--request-timeout=10s'],
        cwd: connection.runDirectory,
      })
      return output.split('\n').filter((line) => line !== '')
    },
    endpointsOf: (name) => {
      const endpoints = [...clusters.versionsOf(name), ...infrastructureOf(name)].flatMap(({ spec }) =>
        spec.controlPlaneEndpoint === undefined
          ? []
          : [`${spec.controlPlaneEndpoint.host}:${spec.controlPlaneEndpoint.port}`],
      )
      return [...new Set(endpoints)]
    },
    generationsOf: (name) => [...new Set(infrastructureOf(name).map(({ metadata }) => metadata.generation))],
  }
}

/** A condition of a Cluster, if it is there. */
export function conditionOf(cluster: StoredCluster | undefined, type: string): Condition | undefined {
  return cluster?.status?.conditions?.find((condition) => condition.type === type)
}
