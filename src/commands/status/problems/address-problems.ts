import {
  describeHolders,
  holdersOf,
  networkOfAddress,
  networkOfHolder,
  type AddressHolders,
} from '../../../domain/allocation/duplicate-addresses.ts'
import { presentVip } from '../../../domain/allocation/cluster-patch.ts'
import { otherInVariables } from '../../../domain/allocation/given-values.ts'
import { decideRestoration } from '../../../domain/allocation/restoration.ts'
import { describeVip, vipOwnershipOf } from '../../../domain/allocation/vip-ownership.ts'
import { addressIn, partsOf, type VipRole } from '../../../domain/allocation/vip-role.ts'
import { shortened } from '../../../domain/quote.ts'
import { canonicalAddress } from '../../../domain/model/address-text.ts'
import { claimNameFor, ownershipOf } from '../../../domain/model/claim.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { isReservation } from '../../../domain/model/ip-address.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { deleteCommand, refer, type Problem, type ProblemContext } from './problem.ts'

const shareVip =
  'give all Clusters but one another address by hand, or create them anew; an endpoint that is set is never changed here'
const sharePools =
  'take the address out of all pools but one (spec.excludedAddresses), and delete the claims that nobody uses it for'

/** Addresses that two VIPs of Clusters, or two IPAddresses, have, in whatever spelling. Reservations have none. */
export function duplicateProblems(context: ProblemContext): readonly Problem[] {
  return [...holdersByAddress(context)]
    .filter(([, { clusters, ipAddresses }]) => clusters.length > 1 || ipAddresses.length > 1)
    .map(([address, holders]) => {
      const { clusters, ipAddresses } = holders
      const objects = [
        ...clusters.map(({ cluster }) => refer('Cluster', cluster)),
        ...ipAddresses.map((ipAddress) => refer('IPAddress', ipAddress)),
      ]
      const next = clusters.length > 1 ? shareVip : sharePools
      return { kind: 'DuplicateAddress', objects, message: `${address} is ${describeHolders(holders)}`, next }
    })
}

function holdersByAddress({
  snapshot,
  queries,
  addressUse,
}: ProblemContext): readonly (readonly [string, AddressHolders])[] {
  const uses = [
    ...[...snapshot.clusters.values()].flatMap((cluster) =>
      queries
        .vipsOf(cluster)
        .flatMap(partsOf)
        .map((as) => {
          const address = addressIn(cluster, as)
          const { ipAddress } = queries.bindingOf(cluster, as.part)
          const isHeld = canonicalAddress(ipAddress?.address ?? '') === canonicalAddress(address)
          const network = networkOfHolder(cluster, as.part, addressUse, isHeld ? ipAddress : undefined)
          return { address, network, clusters: [{ cluster, as }], ipAddresses: [] }
        }),
    ),
    ...[...snapshot.ipAddresses.values()]
      .filter((ipAddress) => !isReservation(ipAddress))
      .map((ipAddress) => ({
        address: ipAddress.address,
        network: networkOfAddress(ipAddress, addressUse) ?? '',
        clusters: [],
        ipAddresses: [ipAddress],
      })),
  ].filter(({ address }) => address !== '')
  const groups = Map.groupBy(uses, ({ address, network }) => formatAddress(address, network))
  return [...groups].map(([address, group]) => [
    address,
    {
      clusters: group.flatMap(({ clusters }) => clusters),
      ipAddresses: group.flatMap(({ ipAddresses }) => ipAddresses),
    },
  ])
}

/** `10.0.0.10`, `10.0.0.10 on network blue`. */
function formatAddress(address: string, network: string): string {
  const canonical = canonicalAddress(address)
  return network === '' ? canonical : `${canonical} on network ${shortened(network)}`
}

/** VIPs in place that no claim holds, and claims or variables that have another address than the one in place. */
export function endpointProblems(context: ProblemContext): readonly Problem[] {
  return [...context.snapshot.clusters.values()]
    .filter(({ isDeleting }) => !isDeleting)
    .flatMap((cluster) =>
      context.queries
        .vipsOf(cluster)
        .flatMap((vip) => [
          ...partsOf(vip).flatMap((part) => unheldEndpoint(context, cluster, part)),
          ...strayClaim(context, cluster, vip),
          ...otherInVariable(cluster, vip),
        ]),
    )
}

/** Machines use what the variables have, and everybody else the VIP. */
function otherInVariable(cluster: Cluster, vip: VipRole): readonly Problem[] {
  const present = presentVip(cluster, vip)
  const disagreement = present.host === '' ? undefined : otherInVariables(cluster, vip, present)
  if (disagreement === undefined) return []
  const message = `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)}; ${disagreement}`
  const next = 'correct the variables, which rolls out machines, or leave it if both lead to the API server'
  return [{ kind: 'OtherInVariable', objects: [refer('Cluster', cluster)], message, next }]
}

/** Checks a paused Cluster as if it were not paused: until then, nothing is repaired. */
function unheldEndpoint(context: ProblemContext, cluster: Cluster, vip: VipRole): readonly Problem[] {
  const loss = context.queries.lossOf({ ...cluster, isPaused: false }, { ...vip, secondFamily: undefined })
  const address = addressIn(cluster, vip)
  if (loss === undefined || address === '') return []
  const claimName =
    context.queries.bindingOf(cluster, vip.part).claim?.name ?? claimNameFor(cluster, vip.part)
  const message = `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} from us, but IPAddressClaim ${claimName} does not hold it: ${loss}`
  const next = howToHold(context, cluster, vip, address)
  return [{ kind: 'UnheldEndpoint', objects: [refer('Cluster', cluster)], message, next }]
}

function howToHold(context: ProblemContext, cluster: Cluster, vip: VipRole, address: string): string {
  const { addressUse, queries } = context
  if (cluster.isPaused) return 'unpause the Cluster; nothing is done before'
  // A run repairs it; the status of the Cluster shows what prevents that.
  const inspect = `capi-vip-allocator status ${formatKey(cluster)}`
  if (queries.bindingOf(cluster, vip.part).claim !== undefined) return inspect
  const holders = holdersOf(address, { cluster, part: vip.part }, addressUse, queries.settings.variables)
  const { pools } = queries.contextOf(cluster)
  const decision = decideRestoration({ cluster, vip, address, holders, pools })
  return decision.decision === 'lost' ? decision.message : inspect
}

/** Somebody put another address in place; the claim's one serves nobody, or machines that still use it. */
function strayClaim({ queries }: ProblemContext, cluster: Cluster, vip: VipRole): readonly Problem[] {
  const { claim, ipAddress } = queries.bindingOf(cluster, vip.role)
  const { state } = vipOwnershipOf(cluster, vip)
  if (claim === undefined || ipAddress === undefined || claim.isDeleting) return []
  if (state !== 'external' && state !== 'incomplete') return []
  if (ownershipOf(claim, cluster).owner !== 'this-cluster') return []
  if (canonicalAddress(ipAddress.address) === canonicalAddress(addressIn(cluster, vip))) return []
  const reference = refer('IPAddressClaim', claim)
  const message = `IPAddressClaim ${formatKey(claim)} holds ${ipAddress.address}, but Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)}`
  const next = `once nothing uses ${ipAddress.address}: ${deleteCommand(reference)}`
  return [{ kind: 'StrayClaim', objects: [reference, refer('Cluster', cluster)], message, next }]
}
