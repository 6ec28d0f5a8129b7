import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from '../stack/child-process.ts'
import type { StackConnection } from '../stack/connection.ts'
import type { KubernetesApi } from '../stack/kubernetes-api.ts'
import { formatDuration } from '../stack/progress.ts'
import { workflowUrl } from '../stack/temporal.ts'
import { arrayOf, objectOf, stringOf } from '../../src/domain/model/decode.ts'
import { ipAddressFrom } from '../../src/domain/model/ip-address.ts'
import { claimNameFor, ipAddressClaimFrom } from '../../src/domain/model/claim.ts'
import { clusterFrom, formatEndpoint } from '../../src/domain/model/cluster.ts'
import { clusterGroup, defaultTaskQueue, ipamGroup } from '../../src/domain/names.ts'
import { formatKey, type NamespacedName } from '../../src/domain/model/object-meta.ts'
import { globalInClusterPool } from '../../src/domain/model/pool-kinds.ts'
import { formatPool, ipPoolFrom } from '../../src/domain/model/pool.ts'
import { allocateVipType } from '../../src/workflows/contract.ts'
import { kubeconfigPathFor, type Availability } from './observe-availability.ts'
import type { Scenario } from './scenario.ts'

/** The outcome in Kubernetes and Temporal, as `--output json` prints it. */
export interface DemoResult {
  readonly cluster: NamespacedName
  readonly endpoint: { readonly host: string; readonly port: number }
  readonly pool: {
    readonly kind: string
    readonly name: string
    readonly total: number
    readonly free: number
  }
  readonly claim: string
  readonly address: string
  readonly workflowId: string
  readonly runId: string
  readonly millisecondsToEndpoint: number
}

/** Reads the Cluster, its claim, its address and the pool. */
export async function readResult(
  api: KubernetesApi,
  cluster: NamespacedName,
  run: Pick<DemoResult, 'workflowId' | 'runId' | 'millisecondsToEndpoint'>,
): Promise<DemoResult> {
  const get = (path: string): Promise<unknown> => api.send({ method: 'GET', path: `/apis/${path}` })
  const inNamespace = (plural: string, name: string): string =>
    `namespaces/${cluster.namespace}/${plural}/${name}`
  const { controlPlaneEndpoint } = clusterFrom(
    await get(`${clusterGroup}/v1beta2/${inNamespace('clusters', cluster.name)}`),
  )
  const claim = ipAddressClaimFrom(
    await get(
      `${ipamGroup}/v1beta2/${inNamespace('ipaddressclaims', claimNameFor(cluster, 'control-plane'))}`,
    ),
  )
  const { address } = ipAddressFrom(
    await get(`${ipamGroup}/v1beta2/${inNamespace('ipaddresses', claim.addressName ?? '')}`),
  )
  const { kind, name } = claim.poolRef
  const { capacity } = ipPoolFrom(
    globalInClusterPool,
    await get(`${ipamGroup}/v1alpha2/globalinclusterippools/${name}`),
  )
  return {
    cluster,
    endpoint: controlPlaneEndpoint,
    pool: { kind, name, total: capacity?.total ?? 0, free: capacity?.free ?? 0 },
    claim: claim.name,
    address,
    ...run,
  }
}

/**
 * The objects that the topology controller created after the address arrived; the examples' ClusterClass creates none
 * before.
 *
 * @returns undefined if there are none after ten seconds
 */
export async function awaitInfrastructure(
  api: KubernetesApi,
  cluster: NamespacedName,
  signal: AbortSignal,
): Promise<string | undefined> {
  const deadline = performance.now() + 10_000
  while (performance.now() < deadline && !signal.aborted) {
    const found = await infrastructureOf(api, cluster)
    if (found !== undefined) return found
    await delay(50)
  }
  return undefined
}

async function infrastructureOf(api: KubernetesApi, cluster: NamespacedName): Promise<string | undefined> {
  const list = await api.send<unknown>({
    method: 'GET',
    path: `/apis/infrastructure.demo.vip.capi.gorizond.io/v1alpha1/namespaces/${cluster.namespace}/democlusters`,
  })
  const [first] = arrayOf(objectOf(list)['items'])
  if (first === undefined) return undefined
  const endpoint = objectOf(objectOf(objectOf(first)['spec'])['controlPlaneEndpoint'])
  const name = stringOf(objectOf(objectOf(first)['metadata'])['name'])
  return `DemoCluster ${name} with controlPlaneEndpoint.host ${stringOf(endpoint['host'])}`
}

/** The outcome as text, with commands and links for details. */
export function describeResult(
  result: DemoResult,
  infrastructure: string | undefined,
  stack: StackConnection,
  places: {
    readonly tctl: string
    readonly allocator: Child & { readonly metricsUrl: string }
    readonly scenario: Scenario
  },
): string {
  const { cluster, pool, workflowId } = result
  const ui = `${workflowUrl(stack.temporal, workflowId)}/${result.runId}/history`
  const kubectl = `${stack.paths.kubectl} --kubeconfig ${stack.kubeconfigPath} -n ${cluster.namespace}`
  const input = JSON.stringify(cluster)
  return `
Kubernetes
  Cluster         ${formatKey(cluster)}   endpoint ${formatEndpoint(result.endpoint)}
  IPAddressClaim  ${result.claim}
  IPAddress       ${result.address}
  pool            ${formatPool(pool)}   ${pool.free} of ${pool.total} addresses free
  topology        ${infrastructure ?? 'nothing made yet'}

Temporal
  workflow        ${workflowId}
  run             ${result.runId}
  UI              ${ui}

Look further
  ${kubectl} get cluster ${cluster.name} -o yaml
  ${kubectl} get ipaddressclaims,ipaddresses.ipam.cluster.x-k8s.io
  ${stack.paths.temporal} workflow show --address ${stack.temporal.address} -w ${workflowId}
  ${places.tctl} --address ${stack.temporal.address} --ns default workflow show -w ${workflowId}

Ask the allocator
  export CAPI_VIP_ALLOCATOR_KUBECONFIG=${stack.kubeconfigPath} TEMPORAL_ADDRESS=${stack.temporal.address}
  node_modules/.bin/node dist/main.js status ${formatKey(cluster)}
  node_modules/.bin/node dist/main.js pools
  node_modules/.bin/node dist/main.js doctor

Do it by hand
  ${kubectl} delete cluster ${cluster.name}
  ${kubectl} apply -f examples/${places.scenario.nextClusterFile}.yaml
  ${places.tctl} --address ${stack.temporal.address} --ns default workflow run --taskqueue ${defaultTaskQueue} --workflow_type ${allocateVipType} --workflow_id ${workflowId} --input '${input}'

  metrics ${places.allocator.metricsUrl}   log ${places.allocator.logPath}
`
}

/** The cluster behind the VIP as text, with commands to look into it. */
export function describeAvailability(
  { millisecondsToAvailable, server, nodes }: Availability,
  stack: StackConnection,
  cluster: NamespacedName,
): string {
  return `The cluster behind the VIP
  Available       after ${formatDuration(millisecondsToAvailable)}, at ${server}
  nodes           ${nodes.join(', ')}
  ${stack.paths.kubectl} --kubeconfig ${kubeconfigPathFor(stack, cluster)} get nodes
`
}
