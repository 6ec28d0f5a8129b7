import { poolsIn, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import type { IPAddressClaim } from '../../../domain/model/claim.ts'
import { arrayOf, integerOf, objectOf, stringOf } from '../../../domain/model/decode.ts'
import { formatKey, objectMetaFrom, type ObjectMeta } from '../../../domain/model/object-meta.ts'
import { availableAddresses, isPoolOf, type IPPool } from '../../../domain/model/pool.ts'
import { clusterNameLabel, pausedAnnotation } from '../../../domain/names.ts'
import { quoted, counted, few } from '../../../domain/quote.ts'
import { fault, ok, orOk, skipped, warning, type CheckOutcome, type Reading } from './check-result.ts'
import { nameOf } from './pools.ts'

/** Which program a Deployment runs, and whether it is available. */
export interface ProgramDeployment extends ObjectMeta {
  readonly image: string
  readonly args: readonly string[]
  /** The variables that have a value in the Deployment itself. */
  readonly env: Readonly<Record<string, string>>
  readonly available: number
  readonly wanted: number
  /** Of the Pods; `default` if none is named. */
  readonly serviceAccount: string
}

/** A provider that clusterctl installs, and the version that the allocator needs. */
interface Provider {
  readonly name: string
  /** By which clusterctl marks its objects. */
  readonly label: string
  readonly oldest: Omit<Version, 'patch'>
  /** What is wrong with an older version, and how to upgrade it. */
  readonly ifOlder: string
  readonly upgrade: string
}

export const coreProvider: Provider = {
  name: 'Cluster API core',
  label: 'cluster.x-k8s.io/provider=cluster-api',
  oldest: { major: 1, minor: 11 },
  ifOlder: 'before 1.11 there is no v1beta2, and Clusters get no conditions',
  upgrade: 'upgrade Cluster API core to 1.12 or newer: clusterctl upgrade plan',
}

export const inClusterProvider: Provider = {
  name: 'the in-cluster IPAM provider',
  label: 'cluster.x-k8s.io/provider=ipam-in-cluster',
  oldest: { major: 1, minor: 1 },
  ifOlder: 'before 1.1.0 it needs v1beta1, which Cluster API is about to drop',
  upgrade: 'upgrade the in-cluster IPAM provider to v1.1.0 or newer: clusterctl upgrade plan',
}

/** Checks the Deployment of Cluster API's core manager. */
export function checkCore(deployments: readonly ProgramDeployment[]): readonly CheckOutcome[] {
  if (deployments.length === 0) {
    return [skipped(`no Deployment has the label ${coreProvider.label}: its version cannot be known`)]
  }
  return deployments.flatMap((deployment) =>
    orOk(
      [...deploymentProblems(coreProvider, deployment), ...topologyProblems(deployment)],
      `${describe(deployment)} is available`,
    ),
  )
}

/** The feature gate is off by default in the manifests of Cluster API core. */
function topologyProblems(deployment: ProgramDeployment): readonly CheckOutcome[] {
  if (!deployment.args.some((argument) => /[=,]ClusterTopology=false\b/.test(argument))) return []
  const found = `the feature gate ClusterTopology is off in Deployment ${formatKey(deployment)}: Clusters of a ClusterClass are refused`
  const fix =
    'switch it on: set CLUSTER_TOPOLOGY=true for clusterctl init, or --feature-gates=ClusterTopology=true on the manager'
  return [warning(found, fix)]
}

/** A fault if no Pod of the provider is available, and a warning if its version is too old. */
function deploymentProblems(
  { name, oldest, ifOlder, upgrade }: Provider,
  deployment: ProgramDeployment,
): readonly CheckOutcome[] {
  const { namespace, available, wanted } = deployment
  const unavailable = fault(
    `${name} does not run: Deployment ${formatKey(deployment)} has 0 of ${wanted} Pods available`,
    `see why: kubectl --namespace ${namespace} describe deployment ${deployment.name}; kubectl --namespace ${namespace} get pods`,
  )
  const version = versionIn(deployment.image)
  const isOld =
    version !== undefined &&
    (version.major < oldest.major || (version.major === oldest.major && version.minor < oldest.minor))
  return [
    ...(available > 0 ? [] : [unavailable]),
    ...(isOld ? [warning(`${name} is ${describe(deployment)}: ${ifOlder}`, upgrade)] : []),
  ]
}

/** The version, or else the image, and the Deployment. */
export function describe(deployment: ProgramDeployment): string {
  const version = versionIn(deployment.image)
  const words =
    version === undefined
      ? `image ${quoted(deployment.image)}`
      : `v${version.major}.${version.minor}.${version.patch}`
  return `${words} (Deployment ${formatKey(deployment)})`
}

interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** The version in an image's tag, `v1.2.3`; undefined if the tag is no version, or the image has a digest only. */
export function versionIn(image: string): Version | undefined {
  const [, major, minor, patch] = /:v?(\d+)\.(\d+)\.(\d+)(?:[-+.][\w.+-]*)?(?:@.*)?$/.exec(image) ?? []
  if (major === undefined) return undefined
  return { major: Number(major), minor: Number(minor), patch: Number(patch) }
}

/** Reads a Deployment of apps/v1. Its first container is the manager in every provider. */
export function programDeploymentFrom(object: unknown): ProgramDeployment {
  const { spec, status } = objectOf(object)
  const pod = objectOf(objectOf(objectOf(spec)['template'])['spec'])
  const [container] = arrayOf(pod['containers'])
  return {
    ...objectMetaFrom(object),
    image: stringOf(objectOf(container)['image']),
    args: arrayOf(objectOf(container)['args']).filter((argument) => typeof argument === 'string'),
    env: Object.fromEntries(
      arrayOf(objectOf(container)['env'])
        .map(objectOf)
        .map(({ name, value }) => [stringOf(name), stringOf(value)]),
    ),
    available: integerOf(objectOf(status)['availableReplicas']) ?? 0,
    wanted: integerOf(objectOf(spec)['replicas']) ?? 1,
    serviceAccount: stringOf(pod['serviceAccountName']) || 'default',
  }
}

/** Milliseconds after which the provider should have bound a claim, or counted a pool. */
const overdueAfterMs = 60_000

const providerFix =
  'see whether the in-cluster IPAM provider runs, and what its log says: kubectl --namespace capi-ipam-in-cluster-system get pods'

/** Checks the IPAM provider by its Deployment, if there is one, and by its effect: counted pools and bound claims. */
export function checkIpamProvider(
  deployments: Reading<readonly ProgramDeployment[]>,
  snapshot: Reading<Snapshot>,
  now: number,
): readonly CheckOutcome[] {
  const found = 'read' in deployments ? deployments.read : []
  const problems = [
    ...found.flatMap((deployment) => deploymentProblems(inClusterProvider, deployment)),
    ...('read' in snapshot ? effectProblems(snapshot.read, now) : []),
  ]
  if (problems.length > 0) return problems
  const pools = 'read' in snapshot ? poolsIn(snapshot.read) : []
  const countedPools = pools.filter(({ capacity }) => capacity !== undefined).length
  const effect =
    countedPools === 0
      ? ''
      : `: ${counted(countedPools, 'pool')} with counted addresses, and no claim is overdue`
  if (found.length > 0) return [ok(`${found.map(describe).join(', ')} is available${effect}`)]
  const why =
    'unread' in deployments ? deployments.unread : `no Deployment has the label ${inClusterProvider.label}`
  const unknown = `its version is unknown: ${why}`
  return [countedPools > 0 ? ok(`its effect can be seen${effect}; ${unknown}`) : skipped(unknown)]
}

function effectProblems(snapshot: Snapshot, now: number): readonly CheckOutcome[] {
  const isOverdue = ({ creationTimestamp }: { readonly creationTimestamp: string }): boolean =>
    now - Date.parse(creationTimestamp) > overdueAfterMs
  const uncounted = poolsIn(snapshot).filter(
    ({ capacity, isPaused, poolKind, ...pool }) =>
      capacity === undefined && poolKind.isCounted && !isPaused && isOverdue(pool),
  )
  const unbound = [...snapshot.claims.values()].filter(
    (claim) => isOverdue(claim) && couldBeBound(claim, snapshot),
  )
  return [
    ...providerFaults(
      uncounted.map((pool) => ({ name: nameOf(pool), pool })),
      'nobody has counted the addresses of',
    ),
    ...providerFaults(
      unbound.map((claim) => ({ name: formatKey(claim), pool: poolOf(claim, snapshot) })),
      'unbound for more than a minute, although their pools have free addresses: IPAddressClaim',
    ),
  ]
}

/** One fault for each provider. */
function providerFaults(
  objects: readonly { readonly name: string; readonly pool: IPPool | undefined }[],
  found: string,
): readonly CheckOutcome[] {
  const byProvider = Map.groupBy(objects, ({ pool }) => pool?.poolKind.provider ?? inClusterProvider.name)
  return [...byProvider].map(([provider, own]) =>
    fault(
      `${found} ${few(own.map(({ name }) => name))}`,
      provider === inClusterProvider.name
        ? providerFix
        : `see whether ${provider} runs, and what its log says`,
    ),
  )
}

function poolOf(claim: IPAddressClaim, snapshot: Snapshot): IPPool | undefined {
  return poolsIn(snapshot).find((each) => isPoolOf(each, claim))
}

/** The provider ignores a claim that is paused, or whose Cluster is paused or does not exist. */
function couldBeBound(claim: IPAddressClaim, snapshot: Snapshot): boolean {
  if (claim.addressName !== undefined || claim.isDeleting) return false
  if (pausedAnnotation in claim.annotations) return false
  const name = claim.labels[clusterNameLabel]
  if (name !== undefined) {
    const cluster = snapshot.clusters.get(formatKey({ namespace: claim.namespace, name }))
    if (cluster === undefined || cluster.isPaused) return false
  }
  // Its provider has answered, and the run goes by the answer.
  if (claim.refusal !== undefined) return false
  const pool = poolOf(claim, snapshot)
  return pool !== undefined && !pool.isPaused && !pool.isDeleting && (availableAddresses(pool) ?? 0) > 0
}
