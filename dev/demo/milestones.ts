import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'

/** What the API server has of a Cluster at one time; a part that is not there yet is absent. */
export interface ClusterParts {
  readonly cluster?: JsonObject
  /** Its DevCluster. */
  readonly infrastructure?: JsonObject
  /** The URL in its kubeconfig. */
  readonly server?: string
}

/** Conditions of the Cluster on its way, in the order in which they become true, each with its meaning. */
const conditions = [
  ['RemoteConnectionProbe', 'Cluster API reaches the API server through the VIP'],
  ['ControlPlaneAvailable', 'the control plane serves'],
  ['Available', 'control plane, machines and workers are there'],
] as const

export type Milestone = 'infrastructure' | 'kubeconfig' | (typeof conditions)[number][0]

/** Tells each milestone of these parts that is not yet in `reached`, and adds it there. */
export function newMilestones(parts: ClusterParts, reached: Set<Milestone>): readonly string[] {
  return milestonesOf(parts).flatMap(([milestone, what]) => {
    if (reached.has(milestone)) return []
    reached.add(milestone)
    return [what]
  })
}

function milestonesOf({ cluster, infrastructure, server }: ClusterParts): readonly [Milestone, string][] {
  const milestones: [Milestone, string][] = []
  if (infrastructure !== undefined) {
    milestones.push([
      'infrastructure',
      `DevCluster ${nameOf(infrastructure)} created with endpoint ${endpointOf(infrastructure) ?? 'none'}, generation ${generationOf(infrastructure)}`,
    ])
  }
  if (server !== undefined) milestones.push(['kubeconfig', `kubeconfig for ${server}`])
  for (const [type, meaning] of conditions) {
    if (hasCondition(cluster, type)) milestones.push([type, `${type}: ${meaning}`])
  }
  return milestones
}

/** Whether the Cluster's condition is True. */
export function hasCondition(cluster: JsonObject | undefined, type: string): boolean {
  return arrayOf(objectOf(cluster?.['status'])['conditions'])
    .map(objectOf)
    .some((condition) => condition['type'] === type && condition['status'] === 'True')
}

/**
 * What shows that the Cluster is not reached through its VIP; empty if it is. Its condition Available does not show it:
 * CAPD can write its own host into kubeconfig and DevCluster, and the Cluster becomes Available by that one.
 *
 * @param generations of the DevCluster, all that were seen
 */
export function deviations(parts: ClusterParts, generations: readonly number[]): readonly string[] {
  const { cluster, infrastructure, server = 'no server' } = parts
  const vip = endpointOf(cluster)
  if (vip === undefined) return ['the Cluster has no endpoint']
  const ofInfrastructure = endpointOf(infrastructure) ?? 'no endpoint'
  const distinct = [...new Set(generations)]
  return [
    ...(server === `https://${vip}` ? [] : [`the kubeconfig has ${server}, expected https://${vip}`]),
    ...(ofInfrastructure === vip ? [] : [`the DevCluster has ${ofInfrastructure}, expected ${vip}`]),
    ...(distinct.length === 1 && distinct[0] === 1
      ? []
      : [`the DevCluster had generations ${distinct.join(', ') || 'none'}, expected 1 throughout`]),
  ]
}

/** The object's `spec.controlPlaneEndpoint` as `host:port`; undefined if there is none. */
function endpointOf(object: JsonObject | undefined): string | undefined {
  const endpoint = objectOf(objectOf(object?.['spec'])['controlPlaneEndpoint'])
  const host = stringOf(endpoint['host'])
  return host === '' ? undefined : `${host}:${String(endpoint['port'])}`
}

export function generationOf(object: JsonObject): number {
  return Number(objectOf(object['metadata'])['generation'])
}

export function nameOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])['name'])
}
