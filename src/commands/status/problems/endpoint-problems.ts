import { holdersOf } from '../../../domain/allocation/duplicate-addresses.ts'
import { decideRestoration } from '../../../domain/allocation/restoration.ts'
import { addressIn, describeVip, vipOwnershipOf } from '../../../domain/allocation/vip-ownership.ts'
import { canonicalAddress } from '../../../domain/model/address-text.ts'
import { claimNameFor, ownershipOf } from '../../../domain/model/claim.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import type { VipRole } from '../../../domain/role.ts'
import { deleteCommand, problem, refer, type Problem, type ProblemContext } from './problem.ts'

/** VIPs in place that no claim holds, and claims that hold another address than the one in place. */
export function endpointProblems(context: ProblemContext): readonly Problem[] {
  return [...context.snapshot.clusters.values()]
    .filter(({ isDeleting }) => !isDeleting)
    .flatMap((cluster) =>
      context.vips.flatMap((vip) => [
        ...unheldEndpoint(context, cluster, vip),
        ...strayClaim(context, cluster, vip),
      ]),
    )
}

/** Checks a paused Cluster as if it were not paused: until then, nothing is repaired. */
function unheldEndpoint(context: ProblemContext, cluster: Cluster, vip: VipRole): readonly Problem[] {
  const loss = context.queries.lossOf({ ...cluster, isPaused: false }, vip)
  const address = addressIn(cluster, vip)
  if (loss === undefined || address === '') return []
  const claimName = claimNameFor(cluster, vip.role)
  const message = `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} from us, but IPAddressClaim ${claimName} does not hold it: ${loss}`
  const next = howToHold(context, cluster, vip, address)
  return [problem('UnheldEndpoint', [refer('Cluster', cluster)], message, next)]
}

function howToHold(context: ProblemContext, cluster: Cluster, vip: VipRole, address: string): string {
  const { addressUse, queries, variables } = context
  if (cluster.isPaused) return 'unpause the Cluster; nothing is done before'
  // A run repairs it; the status of the Cluster shows what prevents that.
  const inspect = `capi-vip-allocator status ${formatKey(cluster)}`
  if (queries.bindingOf(cluster, vip).claim !== undefined) return inspect
  const holders = holdersOf(address, { cluster, role: vip.role }, addressUse, variables)
  const { pools } = queries.contextOf(cluster)
  const decision = decideRestoration({ cluster, vip, address, holders, pools })
  return decision.decision === 'lost' ? decision.message : inspect
}

/** Somebody put another address in place; the claim's one serves nobody, or machines that still use it. */
function strayClaim({ queries }: ProblemContext, cluster: Cluster, vip: VipRole): readonly Problem[] {
  const { claim, ipAddress } = queries.bindingOf(cluster, vip)
  const { state } = vipOwnershipOf(cluster, vip)
  if (claim === undefined || ipAddress === undefined || claim.isDeleting) return []
  if (state !== 'external' && state !== 'incomplete') return []
  if (ownershipOf(claim, cluster).owner !== 'this-cluster') return []
  if (canonicalAddress(ipAddress.address) === canonicalAddress(addressIn(cluster, vip))) return []
  const reference = refer('IPAddressClaim', claim)
  const message = `IPAddressClaim ${formatKey(claim)} holds ${ipAddress.address}, but Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)}`
  const next = `once nothing uses ${ipAddress.address}: ${deleteCommand(reference)}`
  return [problem('StrayClaim', [reference, refer('Cluster', cluster)], message, next)]
}
