import { arrayOf, integerOf, objectOf, stringOf } from '../../../domain/model/decode.ts'
import { formatKey, objectMetaFrom, type ObjectMeta } from '../../../domain/model/object-meta.ts'
import { quoted } from '../../../domain/quote.ts'
import { fault, type CheckOutcome } from './check-result.ts'

/** The label by which clusterctl marks the objects of each provider. */
export const providerLabel = 'cluster.x-k8s.io/provider'
export const coreProvider = 'cluster-api'
export const inClusterProvider = 'ipam-in-cluster'

/** The facts of a Deployment that show which program it runs, and whether that is available. */
export interface ProgramDeployment extends ObjectMeta {
  readonly image: string
  readonly args: readonly string[]
  /** Pods that are available now. */
  readonly available: number
  readonly wanted: number
  /** Of the Pods; `default` if none is named. */
  readonly serviceAccount: string
}

export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
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

/** The version in an image's tag, `v1.2.3`; undefined if the tag is no version, or the image has a digest only. */
export function versionIn(image: string): Version | undefined {
  const [, major, minor, patch] = /:v?(\d+)\.(\d+)\.(\d+)(?:[-+.][\w.+-]*)?(?:@.*)?$/.exec(image) ?? []
  if (major === undefined) return undefined
  return { major: Number(major), minor: Number(minor), patch: Number(patch) }
}

export function isBefore(version: Version, major: number, minor: number): boolean {
  return version.major < major || (version.major === major && version.minor < minor)
}

function formatVersion({ major, minor, patch }: Version): string {
  return `v${major}.${minor}.${patch}`
}

/** A fault if no Pod of the provider is available. */
export function availabilityProblems(what: string, deployment: ProgramDeployment): readonly CheckOutcome[] {
  if (deployment.available > 0) return []
  const { namespace } = deployment
  return [
    fault(
      `${what} does not run: Deployment ${formatKey(deployment)} has 0 of ${deployment.wanted} Pods available`,
      `see why: kubectl --namespace ${namespace} describe deployment ${deployment.name}; kubectl --namespace ${namespace} get pods`,
    ),
  ]
}

/** The version, or else the image, and the Deployment. */
export function describe(deployment: ProgramDeployment): string {
  const version = versionIn(deployment.image)
  const words = version === undefined ? `image ${quoted(deployment.image)}` : formatVersion(version)
  return `${words} (Deployment ${formatKey(deployment)})`
}
