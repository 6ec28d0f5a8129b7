import { ownershipOf } from '../domain/claim.ts'
import { decideAssignment } from '../domain/assignment.ts'
import { variableOf, type Cluster } from '../domain/cluster.ts'
import type { VariableNames } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { AssignVipInput, AssignVipResult } from '../workflows/contract.ts'
import { readCluster } from './read-cluster.ts'
import { claimKeyFor } from './usable-claim.ts'

type Api = Pick<ClusterApi, 'getCluster' | 'getIPAddressClaim' | 'getClusterClassVariables' | 'patchCluster'>

/** What a person may configure about the write. */
export interface AssignmentSettings {
  /** Port where the Cluster names none (flag `--default-port`). */
  readonly defaultPort: number
  readonly variables: VariableNames
}

/**
 * Writes host, port, variable and annotation in one patch, conditional on the Cluster as read. A conflict
 * fails the attempt; the next one reads and decides again.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `ClusterRejected` with the server's words
 */
export async function assignVip(
  api: Api,
  settings: AssignmentSettings,
  input: AssignVipInput,
): Promise<AssignVipResult> {
  const [{ cluster, end }, claim] = await Promise.all([
    readCluster(api, input),
    input.address === undefined ? undefined : api.getIPAddressClaim(claimKeyFor(input.cluster, input.role)),
  ])
  if (end !== undefined) return end
  if (input.address !== undefined) {
    const isBound = claim?.addressName !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster'
    if (!isBound) return { next: 'restart', message: 'the IPAddressClaim is no longer bound' }
  }
  const decision = decideAssignment(cluster, {
    address: input.address,
    variable: await variableToSet(api, cluster, settings.variables[input.role]),
    defaultPort: settings.defaultPort,
  })
  switch (decision.decision) {
    case 'patch':
      await api.patchCluster(cluster, decision.patch)
      return { next: 'assigned', ...decision.endpoint }
    case 'in-place':
      return { next: 'assigned', ...decision.endpoint }
    case 'taken':
      return {
        next: 'end',
        uid: cluster.uid,
        reason: 'EndpointAlreadySet',
        message: decision.message,
        ...decision.endpoint,
      }
    default:
      return decision satisfies never
  }
}

/** The variable, if it is unset and the class's status defines it: core checks writes against the status. */
async function variableToSet(api: Api, cluster: Cluster, name: string): Promise<string | undefined> {
  if (cluster.topology === undefined || variableOf(cluster, name) !== undefined) return undefined
  const defined = await api.getClusterClassVariables(cluster.topology.clusterClass)
  return defined?.includes(name) ? name : undefined
}
