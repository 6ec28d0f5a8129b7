import type { EligibilitySettings } from '../../../domain/allocation/action.ts'
import { poolRequestFor, type RequestContext } from '../../../domain/allocation/eligibility.ts'
import { pendingAction } from '../../../domain/allocation/after-action.ts'
import {
  howToAdd,
  howToOpen,
  matchingPools,
  namedPools,
  whyNotUsable,
  type PoolRequest,
} from '../../../domain/allocation/pool-selection.ts'
import {
  addressUseIn,
  poolsIn,
  SnapshotQueries,
  usablePoolsIn,
  type Snapshot,
} from '../../../domain/allocation/snapshot.ts'
import {
  askedFamilies,
  networkOfVip,
  recordedVip,
  whyFamiliesUnreadable,
} from '../../../domain/allocation/ip-families.ts'
import { explicitPoolOf, foreignPoolOf, partsOf } from '../../../domain/allocation/vip-role.ts'
import { askedAddressOf, askedBeside, whyOtherFamilies } from '../../../domain/allocation/asked-address.ts'
import { queuePriorityOf } from '../../../domain/allocation/waiter.ts'
import { networkOfAddress } from '../../../domain/allocation/duplicate-addresses.ts'
import { isDnsName, isIPAddress } from '../../../domain/model/address-text.ts'
import { claimNamesFor } from '../../../domain/model/claim.ts'
import { expectedInteger } from '../../../domain/model/integer-text.ts'
import type { ClusterClass } from '../../../domain/model/cluster-class.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { formatKey, type ObjectMeta } from '../../../domain/model/object-meta.ts'
import type { PoolKind } from '../../../domain/model/pool-kind.ts'
import { poolKindsOf } from '../../../domain/model/pool-kinds.ts'
import { formatPool, networkOf, type IPPool } from '../../../domain/model/pool.ts'
import { ownPrefix, queuePriorityAnnotation } from '../../../domain/names.ts'
import { quoted, counted, few } from '../../../domain/quote.ts'
import {
  defaultRole,
  enabledAnnotations,
  partSpecs,
  roleOf,
  roles,
  roleSpecs,
  vipParts,
  type Role,
  type VipPart,
} from '../../../domain/role.ts'
import { fault, orOk, warning, type CheckOutcome } from './check-result.ts'
import { foreignPoolProblems, type ForeignPools } from './foreign-pools.ts'
import { suggestion } from './edit-distance.ts'
import { typedEndpointProblems } from './typed-endpoints.ts'
import { clusterClassKeys, clusterKeys, strangeKeys, type OwnKeys } from './unknown-keys.ts'

/** Checks what people wrote on Clusters: unreadable annotations, and probable typing errors. */
export function checkClusters(
  snapshot: Snapshot,
  settings: EligibilitySettings,
  foreignPools: ForeignPools = new Map(),
): readonly CheckOutcome[] {
  const poolKinds = poolKindsOf(settings)
  const clusters = [...snapshot.clusters.values()]
  const problems = [
    ...clusters.flatMap((cluster) => clusterProblems(snapshot, cluster, poolKinds)),
    ...networkProblems(snapshot),
    ...foreignPoolProblems(snapshot, foreignPools, poolKinds),
    ...typedEndpointProblems(snapshot, settings),
    ...[...snapshot.clusterClasses.values()].flatMap(classProblems),
  ]
  return orOk(problems, `annotations of ${counted(clusters.length, 'Cluster')} can be read`)
}

function clusterProblems(
  snapshot: Snapshot,
  cluster: Cluster,
  poolKinds: readonly PoolKind[],
): readonly CheckOutcome[] {
  const name = `Cluster ${formatKey(cluster)}`
  const pools = usablePoolsIn(snapshot, cluster.namespace)
  const clusterClass =
    cluster.topology && snapshot.clusterClasses.get(formatKey(cluster.topology.clusterClass))
  const isPair = askedFamilies(cluster, clusterClass)?.length === 2
  return [
    ...keyProblems(name, cluster, clusterKeys),
    ...enabledProblems(name, 'cluster', cluster),
    ...familiesProblems(name, cluster),
    ...(isPair ? vipParts : roles).flatMap((part) => [
      ...poolProblems(name, cluster, part, { clusterClass, poolKinds }, pools),
      ...addressProblems(name, cluster, part, { clusterClass, poolKinds }, pools),
    ]),
    ...roles.flatMap((role) => recordProblems(name, cluster, role)),
    ...queuePriorityProblems(name, cluster),
    ...gateProblems(name, cluster),
    ...hostProblems(name, cluster),
  ]
}

/** Somebody pasted a URL, most often: no machine finds such a host. */
function hostProblems(name: string, { controlPlaneEndpoint: { host } }: Cluster): readonly CheckOutcome[] {
  if (host === '' || isIPAddress(host) || isDnsName(host)) return []
  const found = `${name}: spec.controlPlaneEndpoint.host is ${quoted(host)}, expected an IP address or a DNS name`
  return [
    fault(found, `correct spec.controlPlaneEndpoint of ${name}: the host alone, without scheme and port`),
  ]
}

function classProblems(clusterClass: ClusterClass): readonly CheckOutcome[] {
  const name = `ClusterClass ${formatKey(clusterClass)}`
  return [
    ...keyProblems(name, clusterClass, clusterClassKeys),
    ...enabledProblems(name, 'clusterclass', clusterClass),
    ...familiesProblems(name, clusterClass),
    ...gateProblems(name, clusterClass),
  ]
}

function familiesProblems(name: string, object: ObjectMeta): readonly CheckOutcome[] {
  const why = whyFamiliesUnreadable(object, undefined, name)
  return why === undefined ? [] : [fault(why, `correct that annotation of ${name}, or remove it`)]
}

function keyProblems(name: string, object: ObjectMeta, own: OwnKeys): readonly CheckOutcome[] {
  return strangeKeys(object, own).map((strange) =>
    warning(`${name}: ${strange}`, `correct or remove it on ${name}`),
  )
}

function enabledProblems(
  name: string,
  resource: 'cluster' | 'clusterclass',
  object: ObjectMeta,
): readonly CheckOutcome[] {
  return enabledAnnotations.flatMap((annotation) => {
    const word = object.annotations[annotation]
    if (word === undefined || word === 'true' || word === 'false') return []
    const fix = `kubectl --namespace ${object.namespace} annotate --overwrite ${resource} ${object.name} ${annotation}=true, or =false`
    return [fault(`${name}: ${annotation} is ${quoted(word)}, expected "true" or "false"`, fix)]
  })
}

function queuePriorityProblems(name: string, cluster: Cluster): readonly CheckOutcome[] {
  if (queuePriorityOf(cluster) !== undefined) return []
  const text = cluster.annotations[queuePriorityAnnotation]
  const found = `${name}: ${queuePriorityAnnotation} is ${quoted(text)}, expected ${expectedInteger(text)}`
  const fix = `kubectl --namespace ${cluster.namespace} annotate --overwrite cluster ${cluster.name} ${queuePriorityAnnotation}=0, or a higher one`
  return [fault(found, fix)]
}

function poolProblems(
  name: string,
  cluster: Cluster,
  part: VipPart,
  context: { readonly clusterClass: ClusterClass | undefined; readonly poolKinds: readonly PoolKind[] },
  pools: readonly IPPool[],
): readonly CheckOutcome[] {
  const wanted = explicitPoolOf(cluster, part)
  const request = poolRequestFor(cluster, part, context)
  const { poolAnnotation } = partSpecs[part]
  if (wanted === undefined || foreignPoolOf(cluster, part, context.poolKinds) !== undefined) return []
  if (matchingPools(request, pools).length > 0) return []
  const closed = namedPools(request, pools).map(
    (pool) => `${formatPool(pool)} ${whyNotUsable(request, pool, true) ?? ''}`,
  )
  if (closed.length > 0) {
    const found = `${name}: ${poolAnnotation} is ${quoted(wanted)}, but ${closed.join('; ')}`
    return [fault(found, howToOpen(request))]
  }
  const meant = suggestion(
    wanted,
    pools.flatMap((pool) => [pool.name, formatPool(pool)]),
  )
  const found = `${name}: ${poolAnnotation} is ${quoted(wanted)}, and it can use no such pool${meant}`
  return [fault(found, howToAdd(request))]
}

/** An address that the Cluster asks for: one that cannot be read, is not the VIP in place, or is in no pool that it can use. */
function addressProblems(
  name: string,
  cluster: Cluster,
  part: VipPart,
  context: RequestContext,
  pools: readonly IPPool[],
): readonly CheckOutcome[] {
  const asked = askedAddressOf(cluster, part)
  if (asked === undefined) return []
  const { addressAnnotation, isEndpoint } = partSpecs[part]
  const fix = `correct ${addressAnnotation} on ${name}`
  if (asked.asks === 'unreadably') return [fault(asked.message, fix)]
  const present = isEndpoint ? cluster.controlPlaneEndpoint.host : ''
  const beside = isIPAddress(present) ? askedBeside(cluster, part, present) : undefined
  if (beside !== undefined) return [warning(`${name} has ${present}, ${beside}`, fix)]
  if (present !== '' || recordedVip(cluster, part) !== undefined) return []
  const families = askedFamilies(cluster, context.clusterClass) ?? []
  const other = whyOtherFamilies(cluster, roleOf(part), families)
  if (other !== undefined) return part === roleOf(part) ? [fault(other, fix)] : []
  const request = poolRequestFor(cluster, part, context)
  const meant = matchingPools({ ...request, address: undefined }, pools)
  if (meant.length === 0 || matchingPools(request, pools).length > 0) return []
  const because = meant.map((pool) => `${formatPool(pool)} ${whyNotUsable(request, pool, true) ?? ''}`)
  const found = `${name}: ${addressAnnotation} is ${quoted(asked.address)}, but ${few(because, 3)}`
  return [fault(found, `${fix}, or add the address to such a pool`)]
}

function recordProblems(name: string, cluster: Cluster, role: Role): readonly CheckOutcome[] {
  const recorded = recordedVip(cluster, role)
  if (recorded === undefined || isIPAddress(recorded)) return []
  const { vipAnnotation } = roleSpecs[role]
  const found = `${name}: ${vipAnnotation} is ${quoted(recorded)}, expected the address that the allocator wrote`
  const fix = `remove ${vipAnnotation} from ${name}, unless its VIP was assigned by the allocator: then write that address`
  return [warning(found, fix)]
}

/** A network that somebody typed hides a VIP from all who share the real one; the allocator records that of the pool. */
function networkProblems(snapshot: Snapshot): readonly CheckOutcome[] {
  const networks = new Set(poolsIn(snapshot).map(networkOf))
  return [...snapshot.clusters.values()].flatMap((cluster) =>
    vipParts
      .filter((part) => networkOfVip(cluster, part) !== '')
      .flatMap((part) =>
        networkProblemsOf(cluster, part, networks, networkOfClaims(cluster, part, snapshot)),
      ),
  )
}

/** @param actual of the pool that the VIP is from; undefined if nobody knows */
function networkProblemsOf(
  cluster: Cluster,
  part: VipPart,
  networks: ReadonlySet<string>,
  actual: string | undefined,
): readonly CheckOutcome[] {
  const { networkAnnotation } = partSpecs[part]
  const recorded = networkOfVip(cluster, part)
  const name = `Cluster ${formatKey(cluster)}`
  const found = `${name}: ${networkAnnotation} is ${quoted(recorded)}`
  const fix = `correct or remove ${networkAnnotation} on ${name}`
  if (actual === undefined) {
    if (networks.has(recorded)) return []
    const meant = suggestion(recorded, [...networks])
    return [warning(`${found}, which no pool is on, so nobody sees its address as taken${meant}`, fix)]
  }
  if (actual === recorded) return []
  const where = actual === '' ? 'the network without a name' : `network ${quoted(actual)}`
  return [warning(`${found}, but the pool of its address is on ${where}`, fix)]
}

function networkOfClaims(cluster: Cluster, part: VipPart, snapshot: Snapshot): string | undefined {
  const { namespace } = cluster
  const ipAddress = claimNamesFor(cluster, part)
    .map((name) => snapshot.ipAddresses.get(formatKey({ namespace, name })))
    .find((each) => each !== undefined)
  return ipAddress && networkOfAddress(ipAddress, addressUseIn(snapshot))
}

/** A Cluster never becomes available if one of its gates names a condition that nobody writes. */
function gateProblems(
  name: string,
  { availabilityGates }: Pick<Cluster, 'availabilityGates'>,
): readonly CheckOutcome[] {
  const written = roles.map((role) => roleSpecs[role].conditionType)
  return availabilityGates
    .filter((gate) => gate.startsWith(`${ownPrefix}/`) && !written.includes(gate))
    .map((gate) =>
      fault(
        `${name}: spec.availabilityGates names ${quoted(gate)}, which nobody writes${suggestion(gate, written)}`,
        `correct spec.availabilityGates of ${name}; there are ${written.join(' and ')}`,
      ),
    )
}

/** A VIP that no pool is meant for. */
interface WithoutPool {
  readonly cluster: Cluster
  readonly request: PoolRequest
}

/** Checks that every ClusterClass whose Clusters wait for an endpoint has a matching pool; Clusters without class, too. */
export function checkClusterClasses(
  snapshot: Snapshot,
  settings: EligibilitySettings,
): readonly CheckOutcome[] {
  const queries = new SnapshotQueries(() => snapshot, settings)
  const waiting = [...snapshot.clusters.values()].flatMap((cluster) => withoutPool(cluster, queries))
  const classes = Map.groupBy(waiting, ({ cluster: { topology }, request }) =>
    JSON.stringify([topology && formatKey(topology.clusterClass), request.family]),
  )
  return orOk(
    [...classes.values()].flatMap((all) => all.slice(0, 1).map((first) => report(first, all))),
    'every Cluster without endpoint has a pool that is meant for its ClusterClass',
  )
}

/** `checkClusters` handles Clusters that name their pool, or an address that their pools do not have. */
function withoutPool(cluster: Cluster, queries: SnapshotQueries): readonly WithoutPool[] {
  if (explicitPoolOf(cluster, defaultRole) !== undefined) return []
  const action = pendingAction(queries.observed(cluster, defaultRole), defaultRole)
  if (action.action !== 'wait' || action.reason !== 'NoMatchingPool') return []
  const context = { clusterClass: queries.classOf(cluster), poolKinds: queries.settings.poolKinds }
  const pools = queries.usableBy(cluster.namespace, poolsIn(queries.snapshot()))
  return partsOf(queries.vipOf(cluster, defaultRole))
    .map(({ part }) => ({ ...poolRequestFor(cluster, part, context), address: undefined }))
    .filter((request) => matchingPools(request, pools).length === 0)
    .slice(0, 1)
    .map((request) => ({ cluster, request }))
}

function report({ cluster, request }: WithoutPool, all: readonly WithoutPool[]): CheckOutcome {
  const waiting = few(all.map((each) => formatKey(each.cluster)))
  const pool = request.family === undefined ? 'no pool' : `no pool with ${request.family} addresses`
  const clusters = counted(all.length, 'Cluster')
  const found =
    cluster.topology === undefined
      ? `${pool} serves Clusters without ClusterClass, and ${clusters} without one waiting: ${waiting}`
      : `${pool} serves ClusterClass ${formatKey(cluster.topology.clusterClass)}, and ${clusters} of it waiting: ${waiting}`
  return fault(found, howToAdd(request))
}
