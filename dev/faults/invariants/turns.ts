import { arrayOf, objectOf, stringOf } from '../../../src/domain/model/decode.ts'
import { askedAddress } from './asked-addresses.ts'
import { isOpenTo } from './closed-pools.ts'
import {
  addressFacts,
  claimFacts,
  claimNamesOf,
  clusterFacts,
  isAddressOf,
  vipOf,
  type AddressFacts,
  type ClusterFacts,
  type PoolFacts,
} from './facts.ts'
import {
  bothRoles,
  ipFamiliesAnnotation,
  queuePriorityAnnotation,
  queueReasons,
  reservedByLabel,
  roleKey,
  type RoleWords,
} from './names.ts'
import { byUid, defaultGraceMs, lastBefore, type Observations, type RecordedVersion } from './observations.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import { isInReach, isPoolByLabel } from './unserved-clusters.ts'
import type { Violation } from './violation.ts'

type ByUid = ReadonlyMap<string, readonly RecordedVersion[]>

/** What decides who is first. A Cluster that has not begun to wait has no `since`. */
interface Turn {
  readonly priority: number
  readonly since: string | undefined
  readonly created: string
  readonly key: string
}

/** An address that the provider has given to the claim of a Cluster that had none. */
interface Given {
  readonly address: AddressFacts
  readonly pool: PoolFacts
  readonly words: RoleWords
  readonly cluster: ClusterFacts
  readonly turn: Turn
  readonly version: RecordedVersion
  /** When its claim was created, in local milliseconds. */
  readonly claimedAt: number
}

/**
 * I13: who waits longest, or with the highest priority, is served first. When a Cluster gets the last address of a pool, no other one
 * with an earlier turn is left without that could have had it.
 *
 * Turns are those in force when the claim was made: a Cluster counts that had its turn for longer than the grace by then. It is
 * checked while no fault is in force, because a fault may hide a Cluster from the others, and after 90 seconds an address is
 * offered to the next ones, too. Clusters that ask for a certain address or a pair hold nobody up here.
 */
export function unfairTurns(facts: SnapshotFacts, observations: Observations): readonly Violation[] {
  const { versions, fairSince, graceMs = defaultGraceMs } = observations
  if (fairSince === undefined) return []
  const clusters = byUid(versions, 'Cluster')
  const addresses = byUid(versions, 'IPAddress')
  return givenAddresses(facts, observations, clusters)
    .filter(({ version }) => version.at >= fairSince)
    .filter(({ pool, version }) => isLastOf(pool, addresses, version.resourceVersion))
    .flatMap((given) => {
      const queue = { facts, addresses, knownAt: given.claimedAt - graceMs, ...observations }
      const before = [...clusters.values()].find((ofOne) => isPassedOver(ofOne, given, queue))
      const passedOver = before && lastBefore(before, given.version.resourceVersion)
      if (passedOver === undefined) return []
      const other = clusterFacts(passedOver.object)
      const [had, has] = [describeTurn(turnOf(other, given.words)), describeTurn(given.turn)]
      const message = `Cluster ${given.cluster.key} (uid ${given.cluster.uid}, ${has}) got the last address of ${given.pool.kind} ${given.pool.name}, ${given.address.address}, at resourceVersion ${given.version.resourceVersion}, before Cluster ${other.key} (uid ${other.uid}, ${had})`
      return [{ invariant: 'I13', message }]
    })
}

function givenAddresses(
  { pools }: SnapshotFacts,
  { versions }: Observations,
  clusters: ByUid,
): readonly Given[] {
  const claims = [...byUid(versions, 'IPAddressClaim').values()]
  return [...byUid(versions, 'IPAddress').values()].flatMap(([version]) => {
    if (version === undefined || version.by === 'list' || version.isGone) return []
    const address = addressFacts(version.object)
    const pool = pools.find((each) => isAddressOf(each, address))
    const claim = claims
      .filter(
        (ofOne) =>
          ofOne[0] !== undefined &&
          claimFacts(ofOne[0].object).key === `${address.namespace}/${address.claimName}`,
      )
      .findLast((ofOne) => lastBefore(ofOne, version.resourceVersion) !== undefined)?.[0]
    if (pool === undefined || claim === undefined || reservedByLabel in address.labels) return []
    const { labels, clusterOwners, name } = claimFacts(claim.object)
    const words = bothRoles.find(({ claimPrefix }) => name.startsWith(claimPrefix))
    const owner = clusters.get(clusterOwners[0] ?? '') ?? []
    const [at, claimed] = [version, claim].map(({ resourceVersion }) => lastBefore(owner, resourceVersion))
    if (!(roleKey in labels) || words === undefined || at === undefined || claimed === undefined) return []
    const cluster = clusterFacts(at.object)
    if (!lacksVip(cluster, words)) return []
    const turn = turnOf(clusterFacts(claimed.object), words)
    return [{ address, pool, words, cluster, turn, version, claimedAt: claim.at }]
  })
}

/** Whether the pool had no address left from this version on. */
function isLastOf(pool: PoolFacts, addresses: ByUid, resourceVersion: bigint): boolean {
  const used = [...addresses.values()]
    .map((ofOne) => lastBefore(ofOne, resourceVersion + 1n))
    .filter((version) => version !== undefined)
    .filter(({ object }) => isAddressOf(pool, addressFacts(object)))
  return used.length >= sizeOf(pool.ranges)
}

/** The number of addresses in `10.0.0.1`, or in `10.0.0.1-10.0.0.9`; more than any pool has used if it is none of these. */
function sizeOf(ranges: readonly string[]): number {
  return ranges
    .map((range) => range.split('-').map(numberOf))
    .map(([first = Number.NaN, last = first]) =>
      Number.isNaN(first + last) ? Number.MAX_SAFE_INTEGER : last - first + 1,
    )
    .reduce((sum, size) => sum + size, 0)
}

function numberOf(address: string): number {
  return address.includes(':')
    ? Number.NaN
    : address.split('.').reduce((number, part) => number * 256 + Number(part), 0)
}

interface Queue extends Pick<Observations, 'isPoolFor'> {
  readonly facts: SnapshotFacts
  readonly addresses: ByUid
  /** In local milliseconds: what was so then and is still so was known when the claim was made. */
  readonly knownAt: number
}

/** Whether a Cluster had an earlier turn, for longer than the grace, and no address. */
function isPassedOver(
  versions: readonly RecordedVersion[],
  given: Given,
  { facts, addresses, knownAt, isPoolFor = isPoolByLabel }: Queue,
): boolean {
  const { version, words, pool } = given
  const now = lastBefore(versions, version.resourceVersion)
  const then = versions.findLast(({ at }) => at <= knownAt)
  if (now === undefined || then === undefined || then.isGone) return false
  const [cluster, before] = [clusterFacts(now.object), clusterFacts(then.object)]
  if (cluster.uid === given.cluster.uid || !waits(cluster, words) || !waits(before, words)) return false
  const turn = turnOf(cluster, words)
  if (compareTurns(turn, turnOf(before, words)) !== 0 || compareTurns(turn, given.turn) >= 0) return false
  const labels = facts.namespaceLabels.get(cluster.namespace) ?? {}
  const couldUse = isInReach(pool, cluster) && isOpenTo(pool, labels) && isPoolFor(pool, cluster, words)
  return couldUse && !hasAddress(cluster, words, addresses, version.resourceVersion)
}

function waits(cluster: ClusterFacts, words: RoleWords): boolean {
  const { status, reason } = conditionOf(cluster, words)
  return (
    !cluster.isPaused &&
    !cluster.isDeleting &&
    status === 'False' &&
    queueReasons.includes(stringOf(reason)) &&
    lacksVip(cluster, words) &&
    askedAddress(cluster, words) === undefined &&
    !(ipFamiliesAnnotation in cluster.annotations)
  )
}

function lacksVip(cluster: ClusterFacts, words: RoleWords): boolean {
  return vipOf(cluster, words) === '' && !(words.vipAnnotation in cluster.annotations)
}

/** Whether the provider had given the Cluster an address that it has not written yet. */
function hasAddress(
  cluster: ClusterFacts,
  { claimPrefix }: RoleWords,
  addresses: ByUid,
  resourceVersion: bigint,
): boolean {
  const names = claimNamesOf(cluster, claimPrefix)
  return [...addresses.values()]
    .map((ofOne) => lastBefore(ofOne, resourceVersion))
    .filter((version) => version !== undefined)
    .map(({ object }) => addressFacts(object))
    .some(({ namespace, claimName }) => namespace === cluster.namespace && names.includes(claimName))
}

function conditionOf(cluster: ClusterFacts, { conditionType }: RoleWords): Readonly<Record<string, unknown>> {
  const conditions = arrayOf(objectOf(cluster.object['status'])['conditions']).map(objectOf)
  return conditions.find(({ type }) => type === conditionType) ?? {}
}

function turnOf(cluster: ClusterFacts, words: RoleWords): Turn {
  const { status, lastTransitionTime } = conditionOf(cluster, words)
  return {
    priority: Number(cluster.annotations[queuePriorityAnnotation] ?? 0),
    since: status === 'False' ? stringOf(lastTransitionTime) : undefined,
    created: stringOf(objectOf(cluster.object['metadata'])['creationTimestamp']),
    key: cluster.key,
  }
}

/** Who is first: priority, time of waiting, age, and the names. */
function compareTurns(one: Turn, other: Turn): number {
  if (one.priority !== other.priority) return other.priority - one.priority
  const [a, b] = [one, other].map(({ since = '~', created, key }) => `${since} ${created} ${key}`)
  return a === b ? 0 : (a ?? '') < (b ?? '') ? -1 : 1
}

function describeTurn({ priority, since }: Turn): string {
  return `priority ${priority}, ${since === undefined ? 'not waiting before' : `waiting since ${since}`}`
}
