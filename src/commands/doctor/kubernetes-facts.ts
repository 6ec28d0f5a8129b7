import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import { nonEmptyStringOf } from '../../domain/model/decode.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { neededPermissions } from '../../kubernetes/permissions.ts'
import { readSnapshot } from '../../kubernetes/read-snapshot.ts'
import {
  connectTo,
  type KubernetesConnection,
  type RequestOutcome,
} from '../../kubernetes/transport/connection.ts'
import { loadKubeConfig } from '../../kubernetes/transport/kube-config.ts'
import { programVersion } from '../version.ts'
import { readOwnUser, reviewPermissions } from './access-review.ts'
import type { ServedKind } from './checks/api-versions.ts'
import type { Reading } from './checks/check-result.ts'
import type { ClockReading } from './checks/clock.ts'
import type { PermissionReview } from './checks/permissions.ts'
import {
  coreProvider,
  inClusterProvider,
  providerLabel,
  type ProgramDeployment,
} from './checks/provider-deployment.ts'
import { listDeployments } from './deployments.ts'
import { readingOf } from './reading.ts'
import { readServedKinds } from './served-kinds.ts'

/** The facts that are read from the API server. */
export interface KubernetesFacts {
  readonly server: string
  readonly version: string
  /** Seconds for one request over an open connection. */
  readonly latencySeconds: number
  readonly user: Reading<string>
  readonly clock: Reading<ClockReading>
  readonly servedKinds: Reading<readonly ServedKind[]>
  readonly permissions: Reading<PermissionReview>
  readonly core: Reading<readonly ProgramDeployment[]>
  readonly ipamProvider: Reading<readonly ProgramDeployment[]>
  readonly snapshot: Reading<Snapshot>
  /** Whether `snapshot` holds the objects of all namespaces. */
  readonly isEverywhere: boolean
}

export interface KubernetesPlace {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  /** Empty: all. */
  readonly namespaces: readonly string[]
  /** The account whose permissions are reviewed; undefined: that of the allocator's Deployment, or else our own. */
  readonly serviceAccount: NamespacedName | undefined
}

/** The label of the allocator's Deployment in deploy/manifests. */
const allocatorSelector = 'app.kubernetes.io/name=capi-vip-allocator'

/**
 * Reads all facts once. A fact whose request fails is `unread`, with the reason.
 *
 * @throws Error if there is no kubeconfig, or the API server does not answer at all
 */
export async function readKubernetesFacts(place: KubernetesPlace): Promise<KubernetesFacts> {
  const kubeConfig = loadKubeConfig(place)
  const outcomes: (RequestOutcome & { readonly answeredAt: number })[] = []
  const connection = connectTo({
    kubeConfig,
    version: programVersion(),
    onRequest: (outcome) => outcomes.push({ ...outcome, answeredAt: Date.now() }),
  })
  try {
    await readVersion(connection)
    const version = await readVersion(connection)
    const last = outcomes.at(-1)
    return {
      server: kubeConfig.getCurrentCluster()?.server ?? '',
      version,
      latencySeconds: last?.seconds ?? 0,
      clock: clockIn(last),
      ...(await readDetails(connection, place)),
    }
  } finally {
    await connection.close()
  }
}

type Details = Omit<KubernetesFacts, 'server' | 'version' | 'latencySeconds' | 'clock'>

async function readDetails(connection: KubernetesConnection, place: KubernetesPlace): Promise<Details> {
  const deployments = (provider: string): Promise<Reading<readonly ProgramDeployment[]>> =>
    readingOf(listDeployments(connection, `${providerLabel}=${provider}`))
  const [user, servedKinds, core, ipamProvider, snapshot] = await Promise.all([
    readingOf(readOwnUser(connection)),
    readingOf(readServedKinds(connection)),
    deployments(coreProvider),
    deployments(inClusterProvider),
    readingOf(readSnapshot(connection, place.namespaces)),
  ])
  const permissions = await readingOf(readPermissions(connection, place, user))
  const isEverywhere = place.namespaces.length === 0
  return { user, servedKinds, core, ipamProvider, snapshot, isEverywhere, permissions }
}

/** Reviews the given account, else that of the allocator's Deployment, else our own. */
async function readPermissions(
  connection: KubernetesConnection,
  { serviceAccount, namespaces }: KubernetesPlace,
  user: Reading<string>,
): Promise<PermissionReview> {
  const account = serviceAccount ?? (await readAllocatorAccount(connection))
  const ourselves = 'read' in user ? `user ${user.read}` : 'the current user'
  const subject = account === undefined ? ourselves : `ServiceAccount ${formatKey(account)}`
  return {
    subject,
    reviewed: await reviewPermissions(connection, account, neededPermissions, namespaces),
  }
}

async function readAllocatorAccount(connection: KubernetesConnection): Promise<NamespacedName | undefined> {
  const found = await readingOf(listDeployments(connection, allocatorSelector))
  const [deployment] = 'read' in found ? found.read : []
  return deployment && { namespace: deployment.namespace, name: deployment.serviceAccount }
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

function clockIn(
  outcome: (RequestOutcome & { readonly answeredAt: number }) | undefined,
): Reading<ClockReading> {
  const server = Date.parse(outcome?.serverDate ?? '')
  if (outcome === undefined || Number.isNaN(server)) {
    return { unread: 'the API server sends no Date' }
  }
  const { answeredAt, seconds } = outcome
  return { read: { sentAt: answeredAt - seconds * 1000, answeredAt, server } }
}
