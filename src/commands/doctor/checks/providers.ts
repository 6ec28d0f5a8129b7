import { arrayOf, integerOf, objectOf, stringOf } from '../../../domain/model/decode.ts'
import { formatKey, objectMetaFrom, type ObjectMeta } from '../../../domain/model/object-meta.ts'
import { quoted } from '../../../domain/quote.ts'
import { fault, orOk, skipped, warning, type CheckOutcome } from './check-result.ts'

/** Which program a Deployment runs, and whether it is available. */
export interface ProgramDeployment extends ObjectMeta {
  readonly image: string
  readonly args: readonly string[]
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
export function deploymentProblems(
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
    available: integerOf(objectOf(status)['availableReplicas']) ?? 0,
    wanted: integerOf(objectOf(spec)['replicas']) ?? 1,
    serviceAccount: stringOf(pod['serviceAccountName']) || 'default',
  }
}
