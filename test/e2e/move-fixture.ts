import type { Allocator } from '../../dev/allocator.ts'
import { closeAll } from '../../dev/stack/close-all.ts'
import type { ClusterApiVersion } from '../../dev/stack/cluster-api-version.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { kubernetesApi, type KubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { startStack } from '../../dev/stack/stack.ts'
import { startAllocator } from '../support/allocator.ts'
import { realParts } from '../support/real-parts.ts'
import { moveClusters, recordProviders } from './clusterctl.ts'
import { record, type Recording } from './recording.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const { clusterctl } = realParts()
const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'

/** Long, because core's webhooks delay writes to a Cluster for seconds while its class is paused, as during a move. */
export const movedWithinMs = 600_000

export interface MovedCluster {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly managedFields?: readonly { readonly manager: string }[]
  }
  readonly spec: {
    readonly paused?: boolean
    readonly controlPlaneEndpoint?: { readonly host: string; readonly port: number }
    readonly infrastructureRef?: Reference
    readonly controlPlaneRef?: Reference
    readonly topology: { readonly variables?: unknown }
  }
  readonly status?: {
    readonly initialization?: { readonly infrastructureProvisioned?: boolean }
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

interface Reference {
  readonly apiGroup: string
  readonly kind: string
  readonly name: string
}

export interface MovedClaim {
  readonly metadata: {
    readonly name: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly uid: string }[]
  }
  readonly status?: { readonly addressRef?: { readonly name: string } }
}

/** A management cluster with an allocator, and recordings of its objects. */
export interface ManagementCluster {
  readonly stack: StackConnection
  readonly api: KubernetesApi
  readonly allocator: Allocator
  readonly clusters: Recording<MovedCluster>
  readonly claims: Recording<MovedClaim>
}

/** Two management clusters of the suite's own, because a move takes all cluster-wide pools along. */
export interface MoveFixture {
  /** At the source. Its namespace is moved. */
  readonly testbed: Testbed
  readonly source: ManagementCluster
  readonly target: ManagementCluster
  /** Moves the namespace with all its Clusters. Resolves when they are gone at the source and unpaused at the target. */
  move(names: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** Starts both management clusters, each with an allocator; `close` it at the end. */
export async function openMoveFixture(
  versions: { readonly source?: ClusterApiVersion; readonly target?: ClusterApiVersion } = {},
): Promise<MoveFixture> {
  const closers: (() => unknown)[] = []
  const start = async (clusterApiVersion: ClusterApiVersion | undefined): Promise<StackConnection> => {
    const stack = await startStack({
      clusterApiCore: true,
      progress: () => undefined,
      ...(clusterApiVersion && { clusterApiVersion }),
    })
    closers.push(stack.stop)
    return stack.connection
  }
  const openCluster = async (stack: StackConnection, testbed: Testbed): Promise<ManagementCluster> => {
    const api = kubernetesApi(stack)
    closers.push(api.close)
    const clusters = await record<MovedCluster>(stack, testbed.path('clusters'))
    closers.push(clusters.close)
    const claims = await record<MovedClaim>(stack, testbed.path('ipaddressclaims'))
    closers.push(claims.close)
    const allocator = await startAllocator({
      stack,
      kubeconfigPath: stack.kubeconfigPath,
      namespaces: [testbed.namespace],
    })
    closers.push(() => allocator.stop())
    return { stack, api, allocator, clusters, claims }
  }
  try {
    const [from, to] = await Promise.all([start(versions.source), start(versions.target)])
    const testbed = await openTestbed(from)
    await recordProviders(clusterctl, [from, to])
    const [source, target] = await Promise.all([openCluster(from, testbed), openCluster(to, testbed)])
    closers.push(testbed.leave)
    const move = async (names: readonly string[]): Promise<void> => {
      await Promise.all(names.map((name) => provision(source, testbed, name)))
      await untilWithoutShims(source.stack, testbed, names)
      await moveClusters(clusterctl, { from, to, namespace: testbed.namespace })
      await Promise.all(names.map((name) => source.clusters.until(name, (now) => now === undefined)))
      await Promise.all(names.map((name) => target.clusters.until(name, isUnpaused)))
    }
    return { testbed, source, target, move, close: () => closeAll(closers) }
  } catch (error) {
    await closeAll(closers)
    throw error
  }
}

/** Sets infrastructure and control plane to ready in place of the demo providers: clusterctl moves no other Clusters. */
async function provision(source: ManagementCluster, testbed: Testbed, name: string): Promise<void> {
  const { spec } = defined(
    await source.clusters.until(name, (now) => now?.spec.controlPlaneRef !== undefined),
  )
  const setReady = (reference: Reference | undefined, initialization: object): Promise<unknown> =>
    source.api.send({
      method: 'PATCH',
      path: `${pathOfPart(testbed, reference)}/status`,
      body: { status: { initialization } },
      contentType: 'application/merge-patch+json',
    })
  await setReady(spec.infrastructureRef, { provisioned: true })
  await setReady(spec.controlPlaneRef, { controlPlaneInitialized: true })
  await source.clusters.until(
    name,
    (now) =>
      now?.status?.initialization?.infrastructureProvisioned === true &&
      now.status.conditions?.find(({ type }) => type === 'ControlPlaneInitialized')?.status === 'True',
  )
}

/**
 * Waits until core has deleted the temporary Secret that owns a Cluster's parts at first (`reconcileClusterShim`). If
 * it disappeared during a move, clusterctl would retry until it gives up.
 */
async function untilWithoutShims(
  stack: StackConnection,
  testbed: Testbed,
  names: readonly string[],
): Promise<void> {
  const secrets = await record<{ metadata: { name: string } }>(
    stack,
    `/api/v1/namespaces/${testbed.namespace}/secrets`,
  )
  try {
    await Promise.all(names.map((name) => secrets.until(`${name}-shim`, (now) => now === undefined)))
  } finally {
    await secrets.close()
  }
}

/** Path of a demo provider's object that a Cluster refers to. */
export function pathOfPart(testbed: Testbed, reference: Reference | undefined): string {
  const { apiGroup, kind, name } = defined(reference)
  return `/apis/${apiGroup}/v1alpha1/namespaces/${testbed.namespace}/${kind.toLowerCase()}s/${name}`
}

function isUnpaused(cluster: MovedCluster | undefined): boolean {
  return cluster !== undefined && cluster.spec.paused !== true
}

/** @throws Error if the object is missing */
export function defined<T>(object: T | undefined): T {
  if (object === undefined) throw new Error('it is not there')
  return object
}

/** Host of the endpoint; empty if there is none. */
export function hostOf(cluster: MovedCluster | undefined): string {
  return cluster?.spec.controlPlaneEndpoint?.host ?? ''
}

/** Paused versions of a Cluster, oldest first. */
export function pausedOn({ clusters }: ManagementCluster, name: string): readonly MovedCluster[] {
  return clusters.versionsOf(name).filter(({ spec }) => spec.paused === true)
}

/** The current version of a Cluster. */
export function latestOn({ clusters }: ManagementCluster, name: string): MovedCluster {
  return defined(clusters.versionsOf(name).at(-1))
}

/** What the allocator wrote and a move preserves. */
export function assigned({ metadata, spec }: MovedCluster): object {
  const { paused: _, ...rest } = spec
  return { spec: rest, vip: metadata.annotations?.[vipAnnotation] }
}

/** Waits until the claim is bound at the target. */
export async function untilBound(
  { testbed, target }: Pick<MoveFixture, 'testbed' | 'target'>,
  claimName: string,
): Promise<{ readonly claim: MovedClaim; readonly address: string }> {
  const claim = defined(
    await target.claims.until(claimName, (now) => now?.status?.addressRef?.name !== undefined),
  )
  const { spec } = await target.api.send<{ spec: { address: string } }>({
    method: 'GET',
    path: testbed.path('ipaddresses', claim.status?.addressRef?.name),
  })
  return { claim, address: spec.address }
}
