import type { EligibilitySettings } from '../../domain/allocation/action.ts'
import { poolRequestFor } from '../../domain/allocation/eligibility.ts'
import { selectIPPool, type PoolVerdict } from '../../domain/allocation/pool-selection.ts'
import { SnapshotQueries, type Snapshot } from '../../domain/allocation/snapshot.ts'
import { vipConditionOf } from '../../domain/allocation/vip-condition.ts'
import type { IPAddressClaim } from '../../domain/model/claim.ts'
import type { Cluster, Condition } from '../../domain/model/cluster.ts'
import type { IPAddress } from '../../domain/model/ip-address.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { secondPartOf, type Role, type VipPart } from '../../domain/role.ts'
import { isKubernetesError } from '../../kubernetes/errors.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import type { Problem } from './problems/problem.ts'
import { readEvents, type ObjectEvent } from './read-events.ts'
import type { StatusReport, VipReport } from './status-report.ts'
import type { WorkflowRunDetails, WorkflowRuns } from './workflow-runs.ts'

/** The details of one Cluster. */
export interface ClusterReport {
  readonly cluster: NamespacedName & {
    readonly uid: string
    readonly created: string
    readonly clusterClass: string | undefined
    readonly isPaused: boolean
    readonly isDeleting: boolean
  }
  readonly vips: readonly VipDetails[]
  readonly findings: readonly Problem[]
  readonly workflow: WorkflowRunDetails
  /** Latest last; undefined if they could not be read. */
  readonly events: readonly ObjectEvent[] | undefined
}

export interface VipDetails extends VipReport {
  /** Our condition on the Cluster. */
  readonly condition: Condition | undefined
  readonly claimObject: ShownClaim | undefined
  readonly ipAddressObject: ShownAddress | undefined
  /** Every pool, with why it would be selected now or not. An existing claim keeps its pool regardless. */
  readonly considered: readonly PoolVerdict[]
  /** Of a pair, the same about its second address. */
  readonly secondDetails?: Pick<VipDetails, 'claimObject' | 'ipAddressObject' | 'considered'>
}

type ShownClaim = Pick<IPAddressClaim, 'name' | 'uid' | 'poolRef' | 'addressName' | 'isDeleting'>
type ShownAddress = Pick<IPAddress, 'name' | 'address' | 'prefix' | 'gateway'>

/** Adds the details of the Cluster's objects, its run and its events to the report on it. */
export async function describeCluster(
  key: NamespacedName,
  report: StatusReport,
  snapshot: Snapshot,
  settings: EligibilitySettings,
  runs: Pick<WorkflowRuns, 'detailsOf'>,
  connection: KubernetesConnection,
): Promise<ClusterReport> {
  const cluster = snapshot.clusters.get(formatKey(key))
  if (cluster === undefined) throw new Error(`Cluster ${formatKey(key)} does not exist`)
  const [workflow, events] = await Promise.all([runs.detailsOf(key), eventsAbout(connection, key)])
  const queries = new SnapshotQueries(() => snapshot, settings)
  const { namespace, name, uid, creationTimestamp, topology, isPaused, isDeleting } = cluster
  const clusterClass = topology && formatKey(topology.clusterClass)
  return {
    cluster: { namespace, name, uid, created: creationTimestamp, clusterClass, isPaused, isDeleting },
    vips: report.vips.map((vip) => ({
      ...vip,
      ...detailsOf(cluster, vip.role, queries),
    })),
    findings: report.findings,
    workflow,
    events,
  }
}

function detailsOf(
  cluster: Cluster,
  role: Role,
  queries: SnapshotQueries,
): Omit<VipDetails, keyof VipReport> {
  const second = queries.partOf(cluster, secondPartOf(role))
  return {
    condition: vipConditionOf(cluster, role),
    ...addressDetails(cluster, role, queries),
    ...(second !== undefined && { secondDetails: addressDetails(cluster, second.part, queries) }),
  }
}

function addressDetails(
  cluster: Cluster,
  part: VipPart,
  queries: SnapshotQueries,
): NonNullable<VipDetails['secondDetails']> {
  const { claim, ipAddress } = queries.bindingOf(cluster, part)
  const { pools, clusterClass } = queries.contextOf(cluster)
  return {
    claimObject: claim && {
      name: claim.name,
      uid: claim.uid,
      poolRef: claim.poolRef,
      addressName: claim.addressName,
      isDeleting: claim.isDeleting,
    },
    ipAddressObject: ipAddress && {
      name: ipAddress.name,
      address: ipAddress.address,
      prefix: ipAddress.prefix,
      gateway: ipAddress.gateway,
    },
    considered: selectIPPool(poolRequestFor(cluster, part, { clusterClass }), pools).considered,
  }
}

/** Undefined if the user may not read events: the rest of the status is shown without them. */
async function eventsAbout(
  connection: KubernetesConnection,
  cluster: NamespacedName,
): Promise<readonly ObjectEvent[] | undefined> {
  try {
    return await readEvents(connection, cluster)
  } catch (error) {
    if (isKubernetesError(error)) return undefined
    throw error
  }
}
