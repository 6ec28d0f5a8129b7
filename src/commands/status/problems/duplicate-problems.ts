import { describeHolders, type AddressHolders } from '../../../domain/allocation/duplicate-addresses.ts'
import { addressIn } from '../../../domain/allocation/vip-ownership.ts'
import { canonicalAddress } from '../../../domain/model/address-text.ts'
import { isReservation } from '../../../domain/model/ip-address.ts'
import { problem, refer, type Problem, type ProblemContext } from './problem.ts'

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
      return problem('DuplicateAddress', objects, `${address} is ${describeHolders(holders)}`, next)
    })
}

function holdersByAddress({
  snapshot,
  vips,
}: ProblemContext): readonly (readonly [string, AddressHolders])[] {
  const uses = [
    ...[...snapshot.clusters.values()].flatMap((cluster) =>
      vips.map((as) => ({ address: addressIn(cluster, as), clusters: [{ cluster, as }], ipAddresses: [] })),
    ),
    ...[...snapshot.ipAddresses.values()]
      .filter((ipAddress) => !isReservation(ipAddress))
      .map((ipAddress) => ({ address: ipAddress.address, clusters: [], ipAddresses: [ipAddress] })),
  ].filter(({ address }) => address !== '')
  const groups = Map.groupBy(uses, ({ address }) => canonicalAddress(address))
  return [...groups].map(([address, group]) => [
    address,
    {
      clusters: group.flatMap(({ clusters }) => clusters),
      ipAddresses: group.flatMap(({ ipAddresses }) => ipAddresses),
    },
  ])
}
