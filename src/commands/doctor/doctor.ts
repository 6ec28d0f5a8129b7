import type { Config } from '../../config.ts'
import { exitCodes } from '../../console/exit-code.ts'
import { SnapshotQueries } from '../../domain/allocation/snapshot.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import { watchFilterLabel } from '../../domain/names.ts'
import type { EligibilitySettings } from '../../domain/allocation/action.ts'
import { describeRoute } from '../../domain/proxy-route.ts'
import { roles } from '../../domain/role.ts'
import { withManagementCluster } from '../management-cluster.ts'
import type { CommandSetup } from '../setup.ts'
import { checkApiVersions } from './checks/api-versions.ts'
import { fault, ok, runCheck, skipped, type CheckResult, type Reading } from './checks/check-result.ts'
import { checkClock } from './checks/clock.ts'
import { checkClassGates } from './checks/class-gates.ts'
import { checkClassVariables } from './checks/class-variables.ts'
import { checkManagementCluster } from './checks/management-cluster.ts'
import { checkClusterClasses, checkClusters } from './checks/clusters.ts'
import { checkPairVariables } from './checks/pair-variables.ts'
import { checkPermissions } from './checks/permissions.ts'
import { checkPredecessor } from './checks/predecessor.ts'
import { checkPoolLabels, checkPoolRanges, checkPools, needsPools } from './checks/pools.ts'
import { checkIpamProvider, checkCore } from './checks/providers.ts'
import { checkRuntimeExtensions } from './checks/runtime-extensions.ts'
import { checkNamespace, checkServer, checkSearchAttributes, checkTaskQueue } from './checks/temporal.ts'
import { typedEndpointsIn } from './checks/typed-endpoints.ts'
import { checkWorkflowRuns } from './checks/workflow-runs.ts'
import { readKubernetesFacts, type KubernetesFacts } from './kubernetes-facts.ts'
import { readingOf } from './reading.ts'
import { formatReport, type Report } from './report.ts'
import { reserveEndpoints, type ReservedEndpoints } from './reserve-endpoints.ts'
import { readTemporalFacts, type TemporalFacts } from './temporal-facts.ts'

export interface DoctorOptions {
  /** Apply safe fixes. */
  readonly fix: boolean
  /** The account whose permissions are checked; undefined: the allocator's, or else one's own. */
  readonly serviceAccount: NamespacedName | undefined
}

/**
 * Checks everything that the allocator needs from the management cluster and Temporal, and prints how to fix the faults.
 * Writes nothing, except, with `fix`, missing search attributes and annotations that have endpoints by hand reserved.
 *
 * @returns exit code: `fine` even with warnings; `actionRequired` with faults; `failed` if the API server is unreachable
 */
export async function doctor({ fix, serviceAccount }: DoctorOptions, setup: CommandSetup): Promise<number> {
  const { config, console, signal } = setup
  const { taskQueue, managementCluster } = config
  const reading = readingOf(readKubernetesFacts({ ...config, serviceAccount }))
  const waiting = reading.then((facts) => waitingIn(facts, config))
  const [kubernetes, temporal] = await Promise.all([
    reading,
    readingOf(
      readTemporalFacts({
        proxies: config.proxies,
        taskQueue,
        managementCluster,
        register: fix,
        waiting,
        signal,
      }),
    ),
  ])
  // Results of aborted requests say nothing about the servers.
  if (signal.aborted) return exitCodes.interrupted
  const now = Date.now()
  const reserved = fix ? await reserveTyped(kubernetes, setup) : undefined
  const fixedKubernetes =
    reserved === undefined || 'unread' in kubernetes
      ? kubernetes
      : { read: { ...kubernetes.read, snapshot: { read: reserved.snapshot } } }
  const findings = [
    ...diagnoseKubernetes(fixedKubernetes, config, now),
    ...runCheck('clusters', { read: reserved?.failed ?? [] }, (failed) =>
      failed.map((found) => fault(found, 'run doctor --fix again, with the right to patch Clusters')),
    ),
    ...diagnoseTemporal(temporal, kubernetes, now),
  ]
  const healthy = findings.every(({ level }) => level !== 'fault')
  const report: Report = { healthy, findings, fixed: [...fixedIn(temporal), ...(reserved?.fixed ?? [])] }
  console.print(report, (style) => formatReport(report, style))
  if (isStillConnecting(temporal)) setTimeout(() => process.exit(), longestEndMs).unref()
  if ('unread' in kubernetes) return exitCodes.failed
  return healthy ? exitCodes.fine : exitCodes.actionRequired
}

/** Has the endpoints by hand reserved that the allocator serves; undefined if there is no reading of them. */
async function reserveTyped(
  kubernetes: Reading<KubernetesFacts>,
  setup: CommandSetup,
): Promise<ReservedEndpoints | undefined> {
  if ('unread' in kubernetes || 'unread' in kubernetes.read.snapshot) return undefined
  const { read: snapshot } = kubernetes.read.snapshot
  const { watchFilter } = setup.config
  const endpoints = typedEndpointsIn(snapshot, setup.config).filter(
    ({ cluster }) => watchFilter === undefined || cluster.labels[watchFilterLabel] === watchFilter,
  )
  if (endpoints.length === 0) return undefined
  return withManagementCluster(setup, ({ api }) => reserveEndpoints(api, snapshot, endpoints))
}

/** Milliseconds for the output, where the process does not end by itself. */
const longestEndMs = 2_000

/** Whether an attempt to connect as a Worker goes on, which nothing can abort. */
function isStillConnecting(temporal: Reading<TemporalFacts>): boolean {
  if ('unread' in temporal) return false
  const { workerConnection } = temporal.read
  return 'unread' in workerConnection && workerConnection.noAnswer === true
}

/** The Clusters that the allocator has to serve and that lack a VIP, oldest first. */
function waitingIn(
  kubernetes: Reading<KubernetesFacts>,
  config: EligibilitySettings & Pick<Config, 'watchFilter'>,
): Reading<readonly Cluster[]> {
  const snapshot = 'unread' in kubernetes ? kubernetes : kubernetes.read.snapshot
  if ('unread' in snapshot) return { unread: `Clusters that wait are not known: ${snapshot.unread}` }
  const queries = new SnapshotQueries(() => snapshot.read, config)
  const read = [...snapshot.read.clusters.values()]
    .filter(
      ({ labels }) => config.watchFilter === undefined || labels[watchFilterLabel] === config.watchFilter,
    )
    .filter((cluster) => roles.some((role) => queries.vipNeedsReconcile(cluster, role)))
    .toSorted((a, b) => Date.parse(a.creationTimestamp) - Date.parse(b.creationTimestamp))
  return { read }
}

function fixedIn(temporal: Reading<TemporalFacts>): readonly string[] {
  if ('unread' in temporal || 'unread' in temporal.read.registered) return []
  const { registered, namespace } = temporal.read
  if (registered.read.length === 0) return []
  return [`search attributes ${registered.read.join(', ')} are registered in namespace ${namespace}`]
}

/** Runs all checks of the management cluster. If the API server cannot be reached, that is the only result. */
export function diagnoseKubernetes(
  facts: Reading<KubernetesFacts>,
  settings: EligibilitySettings,
  now: number,
): readonly CheckResult[] {
  if ('unread' in facts) {
    const fix =
      'check --kubeconfig, --context, the proxy if there is one, and the network; kubectl version shows what kubectl can reach'
    return runCheck('api-server', { read: facts.unread }, (unread) => [fault(unread, fix)])
  }
  const { clock, servedKinds, permissions, core, ipamProvider, predecessor, extensions } = facts.read
  const { snapshot, foreignPools, unlisted, isEverywhere } = facts.read
  return [
    ...runCheck('api-server', facts, (server) => [ok(describeServer(server))]),
    ...runCheck('clock', clock, checkClock),
    ...runCheck('api-versions', servedKinds, (kinds) =>
      checkApiVersions(kinds, 'unread' in snapshot || needsPools(snapshot.read, settings)),
    ),
    ...runCheck('permissions', permissions, checkPermissions),
    ...runCheck('cluster-api-core', core, checkCore),
    ...runCheck('ipam-provider', { read: ipamProvider }, (found) => checkIpamProvider(found, snapshot, now)),
    ...runCheck('predecessor', { read: predecessor }, checkPredecessor),
    ...runCheck('runtime-extensions', extensions, (read) => checkRuntimeExtensions(read, snapshot)),
    ...runCheck('permissions', { read: unlisted }, (read) => read.map((why) => skipped(`left out: ${why}`))),
    ...runCheck('pools', snapshot, (read) => checkPools(read, settings)),
    ...runCheck('pool-labels', snapshot, (read) => checkPoolLabels(read, isEverywhere, settings.poolKinds)),
    ...runCheck('pool-ranges', snapshot, (read) => checkPoolRanges(read, settings.poolKinds)),
    ...runCheck('cluster-classes', snapshot, (read) => [
      ...checkClusterClasses(read, settings),
      ...checkClassVariables(read, settings.variables),
      ...checkPairVariables(read, settings),
    ]),
    ...runCheck('class-gates', snapshot, (read) =>
      checkClassGates(read, settings, predecessor.extensionConfigs),
    ),
    ...runCheck('clusters', snapshot, (read) => checkClusters(read, settings, foreignPools)),
  ]
}

function describeServer({ server, route, version, latencySeconds, user }: KubernetesFacts): string {
  const who = 'read' in user ? ` as ${user.read}` : ''
  return `Kubernetes ${version} at ${server} answers${who} in ${(latencySeconds * 1000).toFixed(0)} ms${describeRoute(route)}`
}

export function diagnoseTemporal(
  facts: Reading<TemporalFacts>,
  kubernetes: Reading<Pick<KubernetesFacts, 'managementClusterUid'>>,
  now: number,
): readonly CheckResult[] {
  if ('unread' in facts) {
    const fix =
      'check TEMPORAL_ADDRESS, TEMPORAL_API_KEY, TEMPORAL_TLS_*, the proxy if there is one, and the network; temporal operator cluster health shows what the temporal CLI can reach'
    return runCheck('temporal', { read: facts.unread }, (unread) => [fault(unread, fix)])
  }
  const { namespace, retentionSeconds, searchAttributes, registered } = facts.read
  const { taskQueueName, taskQueue, openRuns: runs, workflowRuns } = facts.read
  const uid = 'unread' in kubernetes ? kubernetes : kubernetes.read.managementClusterUid
  const ours = { taskQueue: taskQueueName, ...('read' in uid && { managementClusterUid: uid.read }) }
  // An API server that does not answer has its own line.
  const shared = 'unread' in kubernetes ? kubernetes : { read: { installation: ours, uid, taskQueue, runs } }
  return [
    ...runCheck('temporal', facts, checkServer),
    ...runCheck('temporal-namespace', retentionSeconds, (read) => checkNamespace(namespace, read)),
    ...runCheck('temporal-workers', taskQueue, (read) => checkTaskQueue(read, now)),
    ...runCheck('management-cluster', shared, (read) => checkManagementCluster(read, now)),
    ...runCheck('workflow-runs', workflowRuns, (read) => checkWorkflowRuns(read, ours, now)),
    ...runCheck('search-attributes', searchAttributes, (read) =>
      checkSearchAttributes(read, namespace, registered),
    ),
  ]
}
