import { decideAssignment } from '../domain/assignment.ts'
import { decideVariable } from '../domain/cluster-class.ts'
import { variableOf, type Cluster } from '../domain/cluster.ts'
import { isSetByOthers } from '../domain/eligibility.ts'
import { formatKey } from '../domain/object-meta.ts'
import type { VariableNames } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { AssignVipInput, AssignVipResult } from '../workflows/contract.ts'
import { waiting } from './failures.ts'
import { addressOf, getOwnClaim } from './own-claim.ts'
import { readCluster } from './read-cluster.ts'

type Api = Pick<
  ClusterApi,
  | 'getCluster'
  | 'getIPAddressClaim'
  | 'deleteIPAddressClaim'
  | 'getIPAddress'
  | 'getClusterClass'
  | 'patchCluster'
>

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
  const [{ cluster, end }, holdsAddress] = await Promise.all([
    readCluster(api, input),
    claimHoldsAddress(api, input),
  ])
  if (end !== undefined) return end
  if (!holdsAddress) return { next: 'restart', message: 'the IPAddressClaim no longer holds the address' }
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
      await giveBackClaim(api, input, cluster)
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

/** Somebody else gave the Cluster its host, so the address of its claim serves nobody. A host of ours keeps its claim. */
async function giveBackClaim(api: Api, input: AssignVipInput, cluster: Cluster): Promise<void> {
  if (!isSetByOthers(cluster, input.role)) return
  const claim = await getOwnClaim(api, input)
  if (claim !== undefined) await api.deleteIPAddressClaim(claim)
}

/** Whether the address is still the Cluster's own: bound by its claim, and not another one meanwhile. */
async function claimHoldsAddress(api: Api, input: AssignVipInput): Promise<boolean> {
  if (input.address === undefined) return true
  const claim = await getOwnClaim(api, input)
  return claim !== undefined && (await addressOf(api, claim)) === input.address
}

/** The variable, if it is unset and the class has it. */
async function variableToSet(api: Api, cluster: Cluster, name: string): Promise<string | undefined> {
  if (cluster.topology === undefined || variableOf(cluster, name) !== undefined) return undefined
  const { clusterClass } = cluster.topology
  const decision = decideVariable(await api.getClusterClass(clusterClass), name)
  switch (decision) {
    case 'write':
      return name
    case 'omit':
      return undefined
    case 'wait':
      throw waiting(
        'ClusterRejected',
        `ClusterClass ${formatKey(clusterClass)} declares the variable ${name}, but its status.variables has none of this name yet; Cluster API would refuse it`,
      )
    default:
      return decision satisfies never
  }
}
