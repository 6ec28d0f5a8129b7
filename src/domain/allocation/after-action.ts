import { withoutAddress, type Action, type ActionOf, type Observed } from './action.ts'
import { readableAddressOf } from './asked-address.ts'
import { nextAction } from './next-action.ts'
import { duplicatesWith, duplicatesWithout } from './duplicate-addresses.ts'
import { ipAddressClaimFrom, type IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { objectOf, stringMapOf, type JsonObject } from '../model/decode.ts'
import { buildRestoredAddress, ipAddressFrom, type IPAddress } from '../model/ip-address.ts'
import { formatPool, type IPPoolReference } from '../model/pool.ts'
import { adoptionMetadata, buildClaim, retainMetadata } from '../model/retained-claim.ts'
import { duplicateAddressesAnnotation } from '../names.ts'
import type { Role, VipPart } from '../role.ts'
import { subjectOf } from './second-view.ts'

/**
 * Predicts what is observed after an action. It assumes that the IPAM provider binds every claim at once; an address that the
 * provider decides is `openAddressOf` its pool.
 *
 * @returns the same if the action writes nothing, and after `patchCluster`, which is the last write of a run
 */
export function afterAction(observed: Observed, role: Role, action: Action): Observed {
  const { part, view, from } = subjectOf(observed, role, action)
  return from(afterPartAction(view, part, action))
}

function afterPartAction(observed: Observed, part: VipPart, action: Action): Observed {
  const { cluster, claim } = observed
  if (cluster === undefined) return observed
  switch (action.action) {
    case 'selectPool':
      return { ...observed, choice: action.choice }
    case 'restoreAddress': {
      const object = buildRestoredAddress(cluster, action.claimName, action.address)
      return { ...observed, namedAddress: ipAddressFrom(object) }
    }
    case 'discardAddress':
      return withoutAddress(observed, action.ipAddress)
    case 'createClaim':
      return withBoundClaim(observed, cluster, part, action)
    case 'adoptClaim':
      return { ...observed, claim: claim && patchedClaim(claim, adoptionMetadata(cluster, part, action)) }
    case 'labelClaim': {
      const { claim: labeled, labels } = action
      return { ...observed, claim: { ...labeled, labels: { ...labeled.labels, ...labels } } }
    }
    case 'convertClaim':
      return { ...observed, claim: patchedClaim(action.claim, retainMetadata(cluster, part, action.retain)) }
    case 'discardClaim':
      return withoutClaim(observed)
    case 'deleteClaim':
      return withoutClaim({ ...observed, tried: action.tried })
    case 'stepBack': {
      const duplicates = duplicatesWith(cluster, action.ipAddress.address)
      return withoutClaim({ ...observed, cluster: withDuplicates(cluster, duplicates) })
    }
    case 'releaseReservations': {
      const kept = duplicatesWithout(cluster, action.addresses)
      return { ...observed, cluster: withDuplicates(cluster, kept) }
    }
    case 'patchCluster':
    case 'observe':
    case 'wait':
    case 'refuse':
    case 'done':
      return observed
    default:
      return action satisfies never
  }
}

/** Stands for an address that the IPAM provider has yet to decide. */
export function openAddressOf(pool: IPPoolReference): string {
  return `<an address of ${formatPool(pool)}>`
}

function withBoundClaim(
  observed: Observed,
  cluster: Cluster,
  part: VipPart,
  action: ActionOf<'createClaim'>,
): Observed {
  const claim = ipAddressClaimFrom(buildClaim(cluster, part, action))
  const { namedAddress } = observed
  const asked = action.annotations === undefined ? undefined : readableAddressOf(cluster, part)
  const ipAddress = namedAddress?.name === claim.name ? namedAddress : newIPAddress(claim, asked)
  return { ...observed, claim: { ...claim, addressName: claim.name }, ipAddress }
}

function newIPAddress(
  { name, namespace, poolRef }: IPAddressClaim,
  address = openAddressOf(poolRef),
): IPAddress {
  const spec = { address, poolRef, claimRef: { name } }
  return ipAddressFrom({ metadata: { name, namespace }, spec })
}

/** A claim after a merge patch of its metadata. */
function patchedClaim(claim: IPAddressClaim, patch: JsonObject): IPAddressClaim {
  const { ownerReferences } = ipAddressClaimFrom({ metadata: patch })
  return {
    ...claim,
    labels: mergedMap(claim.labels, patch['labels']),
    annotations: mergedMap(claim.annotations, patch['annotations']),
    ...('ownerReferences' in patch && { ownerReferences }),
  }
}

function mergedMap(map: Readonly<Record<string, string>>, patch: unknown): Readonly<Record<string, string>> {
  return stringMapOf({ ...map, ...objectOf(patch) })
}

/** The run restarts, and selects a pool again. Beside a longer name, the usual one may still be taken. */
function withoutClaim({ choice: _choice, usualClaim, ...observed }: Observed): Observed {
  const { claim } = observed
  // The provider deletes the IPAddress with its claim.
  const rest =
    claim === undefined
      ? observed
      : withoutAddress(observed, { namespace: claim.namespace, name: claim.addressName ?? claim.name })
  return { ...rest, claim: usualClaim, ipAddress: undefined, namedAddress: undefined }
}

function withDuplicates(cluster: Cluster, addresses: readonly string[]): Cluster {
  const { [duplicateAddressesAnnotation]: _before, ...others } = cluster.annotations
  const list = addresses.length === 0 ? {} : { [duplicateAddressesAnnotation]: addresses.join(',') }
  return { ...cluster, annotations: { ...others, ...list } }
}

/** What a run puts in order first. */
const preparations: readonly Action['action'][] = ['releaseReservations', 'labelClaim', 'convertClaim']

/** The next action of a run for the VIP itself, after what it would put in order first. */
export function pendingAction(observed: Observed, role: Role): Action {
  const action = nextAction(observed, role)
  return preparations.includes(action.action)
    ? pendingAction(afterAction(observed, role, action), role)
    : action
}
