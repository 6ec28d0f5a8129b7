import type { EligibilitySettings } from '../../../domain/allocation/action.ts'
import { pendingAction } from '../../../domain/allocation/after-action.ts'
import { rangesGivenBy } from '../../../domain/allocation/pool-addresses.ts'
import { strangeExceptions, whyProbeUnreadable } from '../../../domain/allocation/probe.ts'
import {
  declaredClasses,
  declaredRoles,
  everyClass,
  whyPriorityUnreadable,
} from '../../../domain/allocation/pool-selection.ts'
import { addressUseIn, poolsIn, SnapshotQueries, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { foreignPoolOf } from '../../../domain/allocation/vip-role.ts'
import { boundsOf, commonRanges, formatRange } from '../../../domain/model/address-text.ts'
import type { ClusterClass } from '../../../domain/model/cluster-class.ts'
import { labelSelectorSyntax } from '../../../domain/model/label-selector.ts'
import { formatKey, type ObjectMeta } from '../../../domain/model/object-meta.ts'
import { findPoolKind, type PoolKind } from '../../../domain/model/pool-kind.ts'
import { inClusterPoolKinds, poolKindsOf } from '../../../domain/model/pool-kinds.ts'
import {
  availableAddresses,
  formatPool,
  isGlobalPool,
  isPoolOf,
  networkOf,
  selectsNamespace,
  type IPPool,
} from '../../../domain/model/pool.ts'
import { whyRetainUnreadable } from '../../../domain/model/retain.ts'
import {
  clusterClassKey,
  namespacesAnnotation,
  namespaceSelectorAnnotation,
  networkAnnotation,
  priorityAnnotation,
  probeExceptAnnotation,
  probePortsAnnotation,
  retainAnnotation,
  roleKey,
} from '../../../domain/names.ts'
import { keptAddressesIn, keptOn, type KeptAddress } from '../../../domain/release/kept-addresses.ts'
import { counted, quoted, few } from '../../../domain/quote.ts'
import { roles } from '../../../domain/role.ts'
import { fault, ok, orOk, warning, type CheckOutcome } from './check-result.ts'
import { nearest, suggestion } from './edit-distance.ts'
import { poolKeys, strangeKeys } from './unknown-keys.ts'

/** A pool is nearly exhausted if less than a tenth of its addresses is free. */
const fewPart = 10

/** Checks that there are pools for VIPs, and that they have free addresses. */
export function checkPools(snapshot: Snapshot, settings: EligibilitySettings): readonly CheckOutcome[] {
  const forVips = poolsIn(snapshot).filter(isForVips)
  if (forVips.length === 0) return [reportNone(snapshot, settings)]
  const free = forVips.reduce((sum, pool) => sum + (availableAddresses(pool) ?? 0), 0)
  const total = forVips.reduce((sum, pool) => sum + (pool.capacity?.total ?? 0), 0)
  const kept = keptAddressesIn(snapshot)
  return orOk(
    forVips.flatMap((pool) => roomProblems(pool, inGracePeriodOn(pool, snapshot), keptOn(pool, kept))),
    `${counted(forVips.length, 'pool')} for VIPs, with ${free} of ${total} addresses free`,
  )
}

/** Whether a pool is for VIPs: it names a ClusterClass. */
function isForVips(pool: IPPool): boolean {
  return clusterClassKey in pool.labels
}

/** The pool with its namespace, since the report covers all namespaces. */
export function nameOf(pool: IPPool): string {
  return pool.namespace === '' ? formatPool(pool) : `${pool.kind} ${formatKey(pool)}`
}

/** Whether a Cluster waits for want of a pool. One that names a pool of another IPAM provider does not. */
export function needsPools(snapshot: Snapshot, settings: EligibilitySettings): boolean {
  const queries = new SnapshotQueries(() => snapshot, settings)
  return [...snapshot.clusters.values()].some((cluster) =>
    roles.some((role) => {
      const action = pendingAction(queries.observed(cluster, role), role)
      return (
        action.action === 'wait' && (action.reason === 'NoMatchingPool' || action.reason === 'PoolNotReady')
      )
    }),
  )
}

function providersIn(settings: EligibilitySettings): string {
  return few([...new Set(poolKindsOf(settings).map(({ provider }) => provider))])
}

/** Only a fault if a Cluster needs a pool. */
function reportNone(snapshot: Snapshot, settings: EligibilitySettings): CheckOutcome {
  const { unservedPools } = snapshot
  const isNeeded = needsPools(snapshot, settings)
  if (unservedPools !== undefined) {
    const found = `there can be no pool for VIPs: ${unservedPools}`
    return isNeeded
      ? fault(found, "install it, or name pools of another IPAM provider in the Clusters' annotations")
      : ok(`there is no pool of ${providersIn(settings)}, and no Cluster waits for one`)
  }
  const pools = poolsIn(snapshot)
  const poolKinds = poolKindsOf(settings)
  const found =
    pools.length === 0
      ? `there is ${poolKinds.map(({ kind }) => `no ${kind}`).join(' and ')}`
      : `${counted(pools.length, 'pool')}, and none with the label ${clusterClassKey}`
  const fix = `create a pool with the label ${clusterClassKey}=<ClusterClass>, as in examples/ip-pool.yaml`
  const isElsewhere = [...snapshot.clusters.values()].some((cluster) =>
    roles.some((role) => foreignPoolOf(cluster, role, poolKinds) !== undefined),
  )
  if (!isNeeded && isElsewhere) return ok(`${found}; Clusters name pools of another IPAM provider`)
  return isNeeded ? fault(found, fix) : warning(found, fix)
}

/** RFC 3339: when the grace period of each deleted claim on the pool ends, the first one first. */
function inGracePeriodOn(pool: IPPool, { claims }: Snapshot): readonly string[] {
  if (pool.reuseGraceSeconds === 0) return []
  return [...claims.values()]
    .filter((claim) => isPoolOf(pool, claim))
    .flatMap(({ deletionTimestamp }) => deletionTimestamp ?? [])
    .map((deleted) => new Date(Date.parse(deleted) + pool.reuseGraceSeconds * 1000).toISOString())
    .toSorted()
}

/** @param ends as of `inGracePeriodOn`. @param kept addresses of the pool that are kept for Clusters that are gone */
function roomProblems(
  pool: IPPool,
  ends: readonly string[],
  kept: readonly KeptAddress[],
): readonly CheckOutcome[] {
  const available = availableAddresses(pool)
  const total = pool.capacity?.total ?? 0
  if (available === undefined || available * fewPart >= total + (available <= 0 ? 1 : 0)) return []
  const how = available <= 0 ? 'exhausted' : 'nearly exhausted'
  const grace =
    ends.length === 0
      ? ''
      : `; deleted Clusters keep ${ends.length} of them for addressReuseGracePeriodSeconds, the first until ${ends[0]}`
  const retained =
    kept.length === 0
      ? ''
      : `; ${kept.length} of them ${kept.length === 1 ? 'is' : 'are'} kept for deleted Clusters by ${retainAnnotation}`
  const found = `${nameOf(pool)} is ${how}: ${Math.max(0, available)} of ${total} addresses free${grace}${retained}`
  const orRelease = kept.length === 0 ? '' : '; or release what is kept: capi-vip-allocator release'
  return [warning(found, `add addresses to ${nameOf(pool)}, or another pool with the same label${orRelease}`)]
}

/**
 * Checks what people wrote on pools: unreadable labels and annotations, and probable typing errors.
 *
 * @param isEverywhere whether all namespaces were read, so that a ClusterClass that was not found does not exist
 */
export function checkPoolLabels(
  snapshot: Snapshot,
  isEverywhere: boolean,
  poolKinds: readonly PoolKind[] = inClusterPoolKinds,
): readonly CheckOutcome[] {
  const pools = poolsIn(snapshot)
  const classes = [...snapshot.clusterClasses.values()]
  const problems = pools.flatMap((pool) => [
    ...strangeKeys(pool, poolKeys).map((strange) =>
      warning(`${nameOf(pool)}: ${strange}`, `correct or remove it on ${nameOf(pool)}`),
    ),
    ...classProblems(pool, classes, isEverywhere),
    ...roleProblems(pool),
    ...priorityProblems(pool),
    ...retainProblems(pool),
    ...probeProblems(pool),
    ...misplacedProblems(pool, poolKinds),
    ...selectorProblems(pool, [...snapshot.namespaces.values()]),
    ...nameProblems(pool, pools),
  ])
  return orOk(problems, `labels and annotations of ${counted(pools.length, 'pool')} can be read`)
}

function classProblems(
  pool: IPPool,
  classes: readonly ClusterClass[],
  isEverywhere: boolean,
): readonly CheckOutcome[] {
  const label = pool.labels[clusterClassKey]
  if (label === undefined && clusterClassKey in pool.annotations) {
    const found = `${nameOf(pool)} has the annotation ${clusterClassKey} and no label of the same key, so it serves nobody`
    return [fault(found, `label it with ${clusterClassKey}="true"`)]
  }
  const names = classes.map(({ name }) => name)
  const listed = declaredClasses(pool)
  if (label === 'true' && listed.length === 0 && !names.includes('true')) {
    const found = `${nameOf(pool)}: label ${clusterClassKey} is "true", but the annotation of the same key lists no ClusterClass`
    return [
      fault(found, `list ClusterClasses in its annotation ${clusterClassKey}, or name one in the label`),
    ]
  }
  const existing = label === 'true' ? [...names, ...classes.map(formatKey), everyClass] : names
  const likely = label === 'true' ? existing : ['true', ...names]
  return (
    listed
      .filter((entry) => !existing.includes(entry))
      // A class may be in a namespace that was not read, unless its name looks like a typing error.
      .filter((entry) => isEverywhere || nearest(entry, likely) !== undefined)
      .map((entry) =>
        warning(
          `${nameOf(pool)} is for ClusterClass ${quoted(entry)}, which does not exist${suggestion(entry, likely)}`,
          `correct ${clusterClassKey} on ${nameOf(pool)}, or create the ClusterClass`,
        ),
      )
  )
}

function roleProblems(pool: IPPool): readonly CheckOutcome[] {
  return declaredRoles(pool)
    .filter((word) => !roles.some((role) => role === word))
    .map((word) =>
      fault(
        `${nameOf(pool)}: ${roleKey} is ${quoted(word)}, expected ${roles.join(' or ')}; the pool serves nobody${suggestion(word, roles)}`,
        `correct ${roleKey} on ${nameOf(pool)}`,
      ),
    )
}

function priorityProblems(pool: IPPool): readonly CheckOutcome[] {
  const unreadable = whyPriorityUnreadable(pool)
  if (unreadable === undefined) return []
  const found = `${nameOf(pool)}: ${unreadable}; the pool serves nobody`
  const fix = `correct ${priorityAnnotation} on ${nameOf(pool)}`
  return [fault(found, fix)]
}

/** Its provider takes every claim in the namespace for its own that names a pool of this name, whatever its kind. */
function nameProblems(pool: IPPool, pools: readonly IPPool[]): readonly CheckOutcome[] {
  const { provider, matchesByName = false } = pool.poolKind
  if (!matchesByName) return []
  return pools
    .filter(
      (other) =>
        other.name === pool.name &&
        other.poolKind !== pool.poolKind &&
        (isGlobalPool(other) || other.namespace === pool.namespace),
    )
    .map((other) =>
      warning(
        `${nameOf(pool)} and ${nameOf(other)} have one name, and ${provider} knows pools by their names alone: it binds claims on either, so that a VIP may come from the wrong one, or twice`,
        `give one of them another name`,
      ),
    )
}

function retainProblems(pool: IPPool): readonly CheckOutcome[] {
  const unreadable = whyRetainUnreadable(pool)
  if (unreadable === undefined) return []
  const found = `${nameOf(pool)}: ${unreadable}; the pool serves nobody`
  return [fault(found, `correct ${retainAnnotation} on ${nameOf(pool)}`)]
}

function probeProblems(pool: IPPool): readonly CheckOutcome[] {
  const unreadable = whyProbeUnreadable(pool)
  const strange = strangeExceptions(pool).map(quoted).join(', ')
  const name = nameOf(pool)
  return [
    ...(unreadable === undefined
      ? []
      : [
          fault(
            `${name}: ${unreadable}; the pool serves nobody`,
            `correct ${probePortsAnnotation} on ${name}`,
          ),
        ]),
    ...(strange === ''
      ? []
      : [
          warning(
            `${name}: ${probeExceptAnnotation} has ${strange}, expected IP addresses; that is ignored`,
            `correct ${probeExceptAnnotation} on ${name}`,
          ),
        ]),
  ]
}

function misplacedProblems(pool: IPPool, poolKinds: readonly PoolKind[]): readonly CheckOutcome[] {
  if (isGlobalPool(pool)) return []
  const globalKinds = poolKinds
    .filter(({ isGlobal }) => isGlobal)
    .map(({ kind }) => kind)
    .join(' or ')
  return [namespacesAnnotation, namespaceSelectorAnnotation]
    .filter((annotation) => annotation in pool.annotations)
    .map((annotation) =>
      warning(
        `${nameOf(pool)} has ${annotation}, which is read on a ${globalKinds} only; it serves namespace ${pool.namespace}`,
        `remove ${annotation} from ${nameOf(pool)}, or make it a ${globalKinds}`,
      ),
    )
}

/** @param namespaces those that could be read */
function selectorProblems(pool: IPPool, namespaces: readonly ObjectMeta[]): readonly CheckOutcome[] {
  const { namespaceSelector: selector } = pool
  if (selector === undefined) return []
  const stated = `${nameOf(pool)}: ${namespaceSelectorAnnotation} is ${quoted(pool.annotations[namespaceSelectorAnnotation])}`
  const fix = `correct ${namespaceSelectorAnnotation} on ${nameOf(pool)}`
  if (selector === 'unreadable') {
    return [fault(`${stated}, expected ${labelSelectorSyntax}; the pool serves nobody`, fix)]
  }
  if (namespaces.length === 0) {
    const found = `${stated}, and no Namespace can be read to see which ones it selects`
    return [
      warning(found, 'grant get, list and watch of namespaces, as deploy/manifests/cluster-role.yaml does'),
    ]
  }
  if (namespaces.some(({ labels }) => selectsNamespace(pool, labels) === true)) return []
  const read = counted(namespaces.length, 'Namespace')
  return [warning(`${stated}, and none of ${read} has such labels`, `${fix}, or label Namespaces`)]
}

/**
 * Compares the ranges of pools for VIPs with those of all pools, which the provider does not do. From overlapping pools
 * the same address is given out twice; the allocator notices each duplicate, at the cost of an address and time.
 */
export function checkPoolRanges(
  snapshot: Snapshot,
  poolKinds: readonly PoolKind[] = inClusterPoolKinds,
): readonly CheckOutcome[] {
  const pools = poolsIn(snapshot)
  const problems = [
    ...pools.filter(isForVips).flatMap(unreadableEntries),
    ...overlaps(pools),
    ...unplacedAddresses(snapshot, pools, poolKinds),
  ]
  return orOk(problems, `no overlap between the addresses of ${counted(pools.length, 'pool')}`)
}

/** Where networks have names, an address of a pool that cannot be read may be on any of them. */
function unplacedAddresses(
  snapshot: Snapshot,
  pools: readonly IPPool[],
  poolKinds: readonly PoolKind[],
): readonly CheckOutcome[] {
  if (pools.every((pool) => networkOf(pool) === '')) return []
  const { poolOf } = addressUseIn(snapshot)
  const unplaced = [...snapshot.ipAddresses.values()].filter(
    (ipAddress) =>
      findPoolKind(poolKinds, ipAddress.poolRef) !== undefined && poolOf?.(ipAddress) === undefined,
  )
  if (unplaced.length === 0) return []
  const names = few(unplaced.map((each) => `${formatKey(each)} of ${formatPool(each.poolRef)}`))
  const found = `the pools of these IPAddresses cannot be read, so their network is unknown and counts as the one without a name: ${names}`
  return [
    warning(found, `create these pools again, or permit to list them: ${networkAnnotation} is on the pool`),
  ]
}

function unreadableEntries(pool: IPPool): readonly CheckOutcome[] {
  return pool.addresses
    .filter((entry) => boundsOf(entry) === undefined)
    .map((entry) =>
      fault(
        `${nameOf(pool)}: spec.addresses has ${quoted(entry)}, expected an address, a CIDR or a range first-last`,
        `correct spec.addresses of ${nameOf(pool)}`,
      ),
    )
}

function overlaps(pools: readonly IPPool[]): readonly CheckOutcome[] {
  const own = pools.map((pool) => ({ pool, ranges: rangesGivenBy(pool) }))
  return own.flatMap((one, index) =>
    own.slice(index + 1).flatMap((other) => {
      if (!isForVips(one.pool) && !isForVips(other.pool)) return []
      if (networkOf(one.pool) !== networkOf(other.pool)) return []
      const common = commonRanges(one.ranges, other.ranges)
      if (common.length === 0) return []
      const names = `${nameOf(one.pool)} and ${nameOf(other.pool)}`
      const found = `${names} both have ${few(common.map(formatRange))}`
      const fix = `take these addresses out of one of ${names}, by spec.addresses or spec.excludedAddresses`
      return [warning(found, fix)]
    }),
  )
}
