import type { Config } from '../../config.ts'
import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import { foreignPoolOf } from '../../domain/allocation/vip-role.ts'
import { hasDnsNames } from '../../domain/dns-name.ts'
import { inParallel } from '../../domain/in-parallel.ts'
import { classesNamedBy, type Cluster } from '../../domain/model/cluster.ts'
import { nonEmptyStringOf } from '../../domain/model/decode.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { fullNameOf, type PoolKind } from '../../domain/model/pool-kind.ts'
import { poolKindsOf } from '../../domain/model/pool-kinds.ts'
import { describeRoute, type ProxyRoute } from '../../domain/proxy-route.ts'
import { messageOf } from '../../domain/quote.ts'
import { roles } from '../../domain/role.ts'
import { discoverApiVersions } from '../../kubernetes/api-versions.ts'
import { isKubernetesError } from '../../kubernetes/errors.ts'
import { readManagementClusterUid } from '../../kubernetes/management-cluster-uid.ts'
import { readForeignPool } from '../../kubernetes/foreign-kinds.ts'
import { listObjects } from '../../kubernetes/objects.ts'
import { classPermissions, dnsPermissions, permissionsWith } from '../../kubernetes/permissions.ts'
import { extensionConfigs } from '../../kubernetes/extension-configs.ts'
import { findPoolResource, isStatic, poolResourceOf } from '../../kubernetes/pool-resources.ts'
import { readSnapshot } from '../../kubernetes/read-snapshot.ts'
import { crdNameOf, resources, type DecodedResource, type Resource } from '../../kubernetes/resources.ts'
import {
  apiServerRoute,
  connectTo,
  type KubernetesConnection,
  type RequestOutcome,
} from '../../kubernetes/transport/connection.ts'
import { openKubeConfig } from '../../kubernetes/transport/kube-config.ts'
import { clusterIn } from '../../kubernetes/transport/kube-config-fields.ts'
import { programVersion } from '../version.ts'
import { readOwnUser, reviewPermissions } from './access-review.ts'
import type { ServedKind } from './checks/api-versions.ts'
import type { Reading } from './checks/check-result.ts'
import { foreignPoolKey, type ForeignPools } from './checks/foreign-pools.ts'
import type { ClockReading } from './checks/clock.ts'
import type { PermissionReview } from './checks/permissions.ts'
import { predecessorLabel, type PredecessorFacts } from './checks/predecessor.ts'
import type { RuntimeExtensions } from './checks/runtime-extensions.ts'
import {
  coreProvider,
  inClusterProvider,
  programDeploymentFrom,
  type ProgramDeployment,
} from './checks/providers.ts'
import { listExtensionConfigs, readExtensionFacts } from './extension-facts.ts'
import { readingOf } from './reading.ts'

export interface KubernetesFacts {
  readonly server: string
  readonly route: ProxyRoute
  readonly version: string
  /** Seconds for one request over an open connection. */
  readonly latencySeconds: number
  readonly user: Reading<string>
  readonly managementClusterUid: Reading<string>
  readonly clock: Reading<ClockReading>
  readonly servedKinds: Reading<readonly ServedKind[]>
  readonly permissions: Reading<PermissionReview>
  readonly core: Reading<readonly ProgramDeployment[]>
  readonly ipamProvider: Reading<readonly ProgramDeployment[]>
  readonly predecessor: PredecessorFacts
  readonly extensions: Reading<RuntimeExtensions>
  readonly snapshot: Reading<Snapshot>
  readonly foreignPools: ForeignPools
  /** Why the snapshot lacks some kinds or namespaces: we may not list them. */
  readonly unlisted: readonly string[]
  /** Whether `snapshot` holds the objects of all namespaces. */
  readonly isEverywhere: boolean
}

export interface KubernetesPlace extends Pick<
  Config,
  'kubeconfig' | 'kubeconfigList' | 'apiServerOfPod' | 'context' | 'proxies' | 'namespaces' | 'dnsNames'
> {
  /** The account whose permissions are reviewed; undefined: that of the allocator's Deployment, or else our own. */
  readonly serviceAccount: NamespacedName | undefined
  /** Absent: those of the in-cluster provider. */
  readonly poolKinds?: readonly PoolKind[] | undefined
}

/** Of the allocator's Deployment in deploy/manifests. */
const allocatorLabel = 'app.kubernetes.io/name=capi-vip-allocator'

/** A request's answer as seen from here. */
type Answered = RequestOutcome & Pick<ClockReading, 'answeredAt'>

/**
 * Reads all facts once. A fact whose request fails is `unread`, with the reason.
 *
 * @throws Error if there is no kubeconfig, or the API server does not answer at all
 */
export async function readKubernetesFacts(place: KubernetesPlace): Promise<KubernetesFacts> {
  const opened = openKubeConfig(place)
  const { kubeConfig } = opened
  const poolKinds = poolKindsOf(place)
  const route = apiServerRoute(kubeConfig, place.proxies)
  const outcomes: Answered[] = []
  const connection = connectTo({
    ...opened,
    proxies: place.proxies,
    version: programVersion(),
    onRequest: (outcome) => outcomes.push({ ...outcome, answeredAt: Date.now() }),
  })
  try {
    await throughRoute(route, readVersion(connection))
    const version = await readVersion(connection)
    const last = outcomes.at(-1)
    const server = clusterIn(kubeConfig)?.server ?? ''
    const about = { server, route, version, latencySeconds: last?.seconds ?? 0, clock: clockIn(last) }
    const [user, managementClusterUid, servedKinds, core, ipamProvider, predecessor, found, snapshot] =
      await Promise.all([
        readingOf(readOwnUser(connection)),
        readingOf(readManagementClusterUid(connection)),
        readingOf(readServedKinds(connection, poolKinds, hasDnsNames(place.dnsNames))),
        readingOf(listDeployments(connection, coreProvider.label)),
        readingOf(listDeployments(connection, inClusterProvider.label)),
        readPredecessor(connection),
        readingOf(listDeployments(connection, allocatorLabel)),
        readingOf(readSnapshot(connection, place.namespaces, poolKinds)),
      ])
    const clusters = 'read' in snapshot ? [...snapshot.read.clusters.values()] : []
    const allocators = 'read' in found ? found.read : []
    const account = place.serviceAccount ?? accountOf(allocators)
    const permissions = await readingOf(
      readPermissions(connection, { ...place, serviceAccount: account }, user, clusters),
    )
    const foreignPools = await readForeignPools(connection, clusters, poolKinds)
    const extensions = await readExtensionFacts(connection, predecessor.extensionConfigs, allocators)
    const isEverywhere = place.namespaces.length === 0
    const cluster = {
      foreignPools,
      managementClusterUid,
      core,
      ipamProvider,
      predecessor,
      extensions,
      snapshot,
      isEverywhere,
    }
    const unlisted = 'read' in snapshot ? unlistedIn(outcomes) : []
    return { ...about, user, servedKinds, permissions, ...cluster, unlisted }
  } finally {
    await connection.close()
  }
}

/** Reviews the given account, else our own. */
async function readPermissions(
  connection: KubernetesConnection,
  { serviceAccount: account, namespaces, dnsNames, ...place }: KubernetesPlace,
  user: Reading<string>,
  clusters: readonly Cluster[],
): Promise<PermissionReview> {
  const ourselves = 'read' in user ? `user ${user.read}` : 'the current user'
  const subject = account === undefined ? ourselves : `ServiceAccount ${formatKey(account)}`
  const elsewhere = namespaces.length === 0 ? [] : classNamespacesOf(clusters, namespaces)
  const pools = await Promise.all(poolKindsOf(place).map((kind) => findIfServed(connection, kind)))
  const needed = [
    ...permissionsWith(pools.filter((resource) => resource !== undefined)),
    ...(hasDnsNames(dnsNames) ? dnsPermissions : []),
  ]
  const [own, ofClasses] = await Promise.all([
    reviewPermissions(connection, account, needed, namespaces),
    elsewhere.length === 0 ? [] : reviewPermissions(connection, account, classPermissions, elsewhere),
  ])
  return {
    subject,
    reviewed: [...own, ...ofClasses.map((each) => ({ ...each, isElsewhere: true as const }))],
  }
}

/** The namespaces of the Clusters' ClusterClasses, without those that are served. */
function classNamespacesOf(clusters: readonly Cluster[], served: readonly string[]): readonly string[] {
  const all = new Set(classesNamedBy(clusters).map(({ namespace }) => namespace))
  return [...all].filter((namespace) => !served.includes(namespace))
}

/** What is known of the pools of other IPAM providers that Clusters name. */
async function readForeignPools(
  connection: KubernetesConnection,
  clusters: readonly Cluster[],
  poolKinds: readonly PoolKind[],
): Promise<ForeignPools> {
  const named = clusters.flatMap((cluster) =>
    roles.flatMap((role) => {
      const pool = foreignPoolOf(cluster, role, poolKinds)
      return pool === undefined ? [] : [{ ...pool, namespace: cluster.namespace }]
    }),
  )
  const distinct = [...new Map(named.map((pool) => [foreignPoolKey(pool, pool.namespace), pool]))]
  const states = await inParallel(readsAtOnce, distinct, async ([key, pool]) => {
    const state = await readForeignPool(connection, pool, pool.namespace)
    return [key, state] as const
  })
  return new Map(states)
}

const readsAtOnce = 8

/** Everything that is listed for other checks has a check of its own. */
function unlistedIn(outcomes: readonly RequestOutcome[]): readonly string[] {
  const elsewhere = [deployments.plural, extensionConfigs.plural]
  const ofSnapshot = outcomes.filter(({ resource }) => !elsewhere.includes(resource))
  return ofSnapshot.flatMap(({ verb, failure }) =>
    verb === 'list' && failure?.kind === 'forbidden' ? [failure.message] : [],
  )
}

function accountOf([deployment]: readonly ProgramDeployment[]): NamespacedName | undefined {
  return deployment && { namespace: deployment.namespace, name: deployment.serviceAccount }
}

/** Adds the proxy to the message of a failure, which the proxy may be the reason for. */
async function throughRoute<T>(route: ProxyRoute, request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    // Without a cause, whose message would be printed twice.
    throw 'direct' in route ? error : new Error(`${messageOf(error)}${describeRoute(route)}`)
  }
}

async function readVersion(connection: KubernetesConnection): Promise<string> {
  const answer = await connection.request({
    verb: 'get',
    resource: 'version',
    action: 'get the version',
    path: '/version',
  })
  return nonEmptyStringOf(answer['gitVersion']) ?? 'of unknown version'
}

async function readServedKinds(
  connection: Pick<KubernetesConnection, 'request'>,
  poolKinds: readonly PoolKind[],
  withDnsNames: boolean,
): Promise<readonly ServedKind[]> {
  const versions = discoverApiVersions(connection)
  const { events, namespaces, dnsendpoints, ...ofClusterApi } = resources
  const read = async (resource: Resource): Promise<ServedKind> => ({
    name: crdNameOf(resource),
    preferred: resource.versions[0] ?? '',
    served: await servedVersion(versions.of(resource)),
    provider: resource.provider,
    isAlternative: false,
  })
  return Promise.all([
    ...Object.values(ofClusterApi).map(read),
    ...poolKinds.map(async (kind): Promise<ServedKind> => {
      if (isStatic(kind)) return { ...(await read(poolResourceOf(kind))), isAlternative: true }
      const found = await findIfServed(connection, kind)
      const version = found?.versions[0]
      const { provider } = kind
      return {
        name: found === undefined ? fullNameOf(kind) : crdNameOf(found),
        preferred: version ?? '',
        served: version,
        provider,
        isAlternative: false,
      }
    }),
    ...[...(withDnsNames ? [dnsendpoints] : []), events, namespaces].map(read),
  ])
}

/** The API of a kind of pools; undefined if it is not served. */
async function findIfServed(
  connection: Pick<KubernetesConnection, 'request'>,
  kind: PoolKind,
): Promise<Resource | undefined> {
  try {
    return await findPoolResource(connection, kind)
  } catch (error) {
    if (isKubernetesError(error, 'notServed')) return undefined
    throw error
  }
}

async function servedVersion(apiVersion: Promise<string>): Promise<string | undefined> {
  try {
    return (await apiVersion).split('/').at(-1)
  } catch (error) {
    if (isKubernetesError(error, 'notServed')) return undefined
    throw error
  }
}

const deployments: DecodedResource<ProgramDeployment> = {
  group: 'apps',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
  versions: ['v1'],
  provider: 'Kubernetes',
  decode: programDeploymentFrom,
}

async function readPredecessor(connection: KubernetesConnection): Promise<PredecessorFacts> {
  const [deployments, found] = await Promise.all([
    readingOf(listDeployments(connection, predecessorLabel)),
    readingOf(listExtensionConfigs(connection)),
  ])
  return { deployments, extensionConfigs: found }
}

async function listDeployments(
  connection: KubernetesConnection,
  labelSelector: string,
): Promise<readonly ProgramDeployment[]> {
  const query = { namespace: '', labelSelector }
  const { items } = await listObjects(connection, deployments, 'apps/v1', query)
  return items
}

function clockIn(outcome: Answered | undefined): Reading<ClockReading> {
  const server = Date.parse(outcome?.serverDate ?? '')
  if (outcome === undefined || Number.isNaN(server)) return { unread: 'the API server sends no Date' }
  const { answeredAt, seconds } = outcome
  return { read: { sentAt: answeredAt - seconds * 1000, answeredAt, server } }
}
