import { isHostOurs } from './facts.ts'
import { controlPlane, reserveEndpointAnnotation, roleKey } from './names.ts'
import type { Violation } from './violation.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'

/**
 * I7: a host set by others costs no address, unless its Cluster asks to have it reserved: there is no claim of ours for it, and no IPAddress of such a claim. The
 * host is set by others if neither our annotation nor field ownership shows that we set it. A user's own claim under
 * our name, without our label, is theirs. A paused Cluster keeps what it had.
 */
export function wastedAddresses(facts: SnapshotFacts): readonly Violation[] {
  return facts.clusters
    .filter(
      (cluster) =>
        cluster.host !== '' &&
        cluster.annotations[reserveEndpointAnnotation] !== 'true' &&
        !(controlPlane.vipAnnotation in cluster.annotations) &&
        !isHostOurs(cluster) &&
        !cluster.isDeleting &&
        !cluster.isPaused,
    )
    .flatMap((cluster) => {
      const key = `${cluster.namespace}/${controlPlane.claimPrefix}${cluster.name}`
      const claim = facts.claims.find((claim) => claim.key === key)
      const isTheirs = claim !== undefined && !(roleKey in claim.labels)
      const address = facts.addresses.find(({ namespace, claimName }) => `${namespace}/${claimName}` === key)
      if (isTheirs || (claim === undefined && address === undefined)) return []
      const cost = [
        ...(claim === undefined ? [] : [`IPAddressClaim ${key}`]),
        ...(address === undefined ? [] : [`IPAddress ${address.key} (${address.address})`]),
      ].join(' and ')
      const message = `Cluster ${cluster.key} (uid ${cluster.uid}) has the host ${cluster.host} from others, and yet there is ${cost}`
      return [{ invariant: 'I7', message }]
    })
}
