import { holdersOf } from '../../../domain/allocation/duplicate-addresses.ts'
import { claimNameFor, ownershipOf } from '../../../domain/model/claim.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { deleteCommand, refer, type Problem, type ProblemContext } from './problem.ts'
import { canonicalAddress } from '../../../domain/model/address-text.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { decideRestoration } from '../../../domain/allocation/restoration.ts'
import type { VipRole } from '../../../domain/role.ts'
import { addressIn, describeVip, vipOwnershipOf } from '../../../domain/allocation/vip-ownership.ts'
import { addressUseIn } from '../../../domain/allocation/snapshot.ts'

/** VIPs in place that no claim holds, and claims that hold another address than the one in place. */
export function endpointProblems(context: ProblemContext): readonly Problem[] {
  return [...context.known.clusters.values()]
    .filter(({ isDeleting }) => !isDeleting)
    .flatMap((cluster) =>
      context.vips.flatMap((vip) => [
        ...unheldEndpoint(context, cluster, vip),
        ...strayClaim(context, cluster, vip),
      ]),
    )
}

/** A paused Cluster is looked at as if it were not: nothing is mended as long as it is. */
function unheldEndpoint(context: ProblemContext, cluster: Cluster, vip: VipRole): readonly Problem[] {
  const loss = context.view.lossOf({ ...cluster, isPaused: false }, vip)
  const address = addressIn(cluster, vip)
  if (loss === undefined || address === '') return []
  const claimName = claimNameFor(cluster, vip.role)
  const message = `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} from us, but IPAddressClaim ${claimName} does not hold it: ${loss}`
  return [
    {
      kind: 'UnheldEndpoint',
      objects: [refer('Cluster', cluster)],
      message,
      next: howToHold(context, cluster, vip, address),
    },
  ]
}

function howToHold(context: ProblemContext, cluster: Cluster, vip: VipRole, address: string): string {
  const { known, view, variables } = context
  if (cluster.isPaused) return 'unpause the Cluster; nothing is done before'
  const { claim } = view.bindingOf(cluster, vip)
  if (claim !== undefined) return inspectCommand(cluster)
  const holders = holdersOf(address, { cluster, role: vip.role }, addressUseIn(known), variables)
  const { pools } = view.contextOf(cluster)
  const decision = decideRestoration({ cluster, vip, address, holders, pools })
  return decision.decision === 'lost' ? decision.message : inspectCommand(cluster)
}

/** A run is to mend it; its state says what keeps it. */
function inspectCommand(cluster: Cluster): string {
  return `capi-vip-allocator status ${formatKey(cluster)}`
}

/** Somebody put another address in place, and the one that the claim holds serves nobody, or machines that still use it. */
function strayClaim({ view }: ProblemContext, cluster: Cluster, vip: VipRole): readonly Problem[] {
  const { claim, ipAddress } = view.bindingOf(cluster, vip)
  const { state } = vipOwnershipOf(cluster, vip)
  if (claim === undefined || ipAddress === undefined || claim.isDeleting) return []
  if (state !== 'external' && state !== 'incomplete') return []
  if (ownershipOf(claim, cluster).owner !== 'this-cluster') return []
  if (canonicalAddress(ipAddress.address) === canonicalAddress(addressIn(cluster, vip))) return []
  const reference = refer('IPAddressClaim', claim)
  const message = `IPAddressClaim ${formatKey(claim)} holds ${ipAddress.address}, but Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)}`
  return [
    {
      kind: 'StrayClaim',
      objects: [reference, refer('Cluster', cluster)],
      message,
      next: `once nothing uses ${ipAddress.address}: ${deleteCommand(reference)}`,
    },
  ]
}
