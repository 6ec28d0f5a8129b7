import { describeHolders, type AddressHolders } from '../../../domain/allocation/duplicate-addresses.ts'
import { isReservation } from '../../../domain/model/ip-address.ts'
import { refer, type Problem, type ProblemContext } from './problem.ts'
import { canonicalAddress } from '../../../domain/model/address-text.ts'
import { addressIn } from '../../../domain/allocation/vip-ownership.ts'

/** Addresses that two VIPs of Clusters, or two IPAddresses, have, in whatever spelling. Reservations have none. */
export function duplicateProblems(context: ProblemContext): readonly Problem[] {
  return [...holdersByAddress(context)]
    .filter(([, { clusters, ipAddresses }]) => clusters.length > 1 || ipAddresses.length > 1)
    .map(([address, holders]) => ({
      kind: 'DuplicateAddress',
      objects: [
        ...holders.clusters.map(({ cluster }) => refer('Cluster', cluster)),
        ...holders.ipAddresses.map((ipAddress) => refer('IPAddress', ipAddress)),
      ],
      message: `${address} is ${describeHolders(holders)}`,
      next: holders.clusters.length > 1 ? shareVip : sharePools,
    }))
}

const shareVip =
  'give all Clusters but one another address by hand, or create them anew; an endpoint that is set is never changed here'
const sharePools =
  'take the address out of all pools but one (spec.excludedAddresses), and delete the claims that nobody uses it for'

function holdersByAddress({ known, vips }: ProblemContext): ReadonlyMap<string, AddressHolders> {
  const uses = [
    ...[...known.clusters.values()].flatMap((cluster) =>
      vips.map((as) => ({ address: addressIn(cluster, as), cluster: { cluster, as } })),
    ),
    ...[...known.ipAddresses.values()]
      .filter((ipAddress) => !isReservation(ipAddress))
      .map((ipAddress) => ({ address: ipAddress.address, ipAddress })),
  ].filter(({ address }) => address !== '')
  const groups = Map.groupBy(uses, ({ address }) => canonicalAddress(address))
  return new Map(
    [...groups].map(([address, group]) => [
      address,
      {
        clusters: group.flatMap((use) => ('cluster' in use ? [use.cluster] : [])),
        ipAddresses: group.flatMap((use) => ('ipAddress' in use ? [use.ipAddress] : [])),
      },
    ]),
  )
}
