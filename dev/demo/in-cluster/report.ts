import { formatEndpoint } from '../../../src/domain/model/cluster.ts'
import { formatKey } from '../../../src/domain/model/object-meta.ts'
import { formatPool } from '../../../src/domain/model/pool.ts'
import { allocatorNamespace } from '../../chart/helm.ts'
import type { StackConnection } from '../../stack/connection.ts'
import type { DemoResult } from '../report.ts'
import type { Served } from './cluster-trial.ts'
import type { Measures } from './measures.ts'
import type { AllocatorPod } from './pods.ts'

/** The outcome, as `--in-cluster --output json` prints it. */
export interface InClusterResult extends DemoResult {
  readonly pods: readonly Pick<AllocatorPod, 'name' | 'ready' | 'restarts'>[]
  readonly measures?: Measures
  /** What of the chart's promises was not kept. */
  readonly broken: readonly string[]
}

/**
 * The outcome as text, with commands for details.
 *
 * @param leader a process whose network and mounts commands have to share
 */
export function describeInCluster(result: InClusterResult, stack: StackConnection, leader: string): string {
  const { cluster, pool, measures, broken } = result
  const inside = `sudo nsenter --net --mount --target ${leader}`
  const kubectl = `${inside} ${stack.paths.kubectl} --kubeconfig ${stack.kubeconfigPath}`
  return `
Kubernetes
  Cluster         ${formatKey(cluster)}   endpoint ${formatEndpoint(result.endpoint)}
  IPAddressClaim  ${result.claim}
  IPAddress       ${result.address}
  pool            ${formatPool(pool)}   ${pool.free} of ${pool.total} addresses free
  Pods            ${result.pods.map(describePod).join('\n                  ')}
${measures === undefined ? '' : describeMeasures(measures)}
Look further
  ${kubectl} get pods --all-namespaces
  ${kubectl} --namespace ${allocatorNamespace} exec deployment/capi-vip-allocator -- capi-vip-allocator status
  ${inside} ${stack.paths.temporal} workflow show --address ${stack.temporal.address} -w ${result.workflowId}
${broken.map((each) => `\nnot as promised: ${each}`).join('')}`
}

function describePod({ name, ready, restarts }: InClusterResult['pods'][number]): string {
  return `${name}   ${ready ? 'ready' : 'not ready'}, ${restarts} restarts`
}

function describeMeasures({ memory, rollout, termination, stuck, eviction, slowStart }: Measures): string {
  return `
Measured
  rollout         ${seconds(rollout.seconds)} for all Pods; ${describeServed(rollout)}
  SIGTERM         exit code ${termination.exitCode} after ${seconds(termination.seconds)}; ${describeServed(termination)}
  stuck process   exit code ${stuck.exitCode} after ${seconds(stuck.seconds)}; ${describeServed(stuck)}
  eviction        of one Pod ${eviction.first}, of the other one at once ${eviction.second}
  slow start      ready after ${slowStart.seconds} s with a tenth of a processor, ${slowStart.restarts} restarts
  memory          ${megabytes(memory.atRestBytes)} at rest, ${megabytes(memory.peakBytes)} at the peak
`
}

function describeServed({ clusters, addresses, longestSeconds, slowest }: Served): string {
  return `${clusters} Clusters, ${addresses} addresses, the longest wait ${seconds(longestSeconds)} (${slowest})`
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
