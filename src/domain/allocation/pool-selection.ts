import { whyProbeUnreadable } from './probe.ts'
import { commaSeparated, isObject } from '../model/decode.ts'
import { expectedInteger, integerIn } from '../model/integer-text.ts'
import { formatKey, type NamespacedName } from '../model/object-meta.ts'
import { describePoolKinds, type PoolKind } from '../model/pool-kind.ts'
import { poolKindsOf } from '../model/pool-kinds.ts'
import {
  availableAddresses,
  describeExhausted,
  formatPool,
  isGlobalPool,
  placeOf,
  type IPPool,
  type IPPoolReference,
} from '../model/pool.ts'
import { familiesIn, type AddressFamily } from '../model/address-text.ts'
import { whyRetainUnreadable } from '../model/retain.ts'
import { whyNotAgain, type Tries } from './tried-pools.ts'
import { labelSelectorSyntax } from '../model/label-selector.ts'
import {
  clusterClassKey,
  ipFamiliesAnnotation,
  namespacesAnnotation,
  namespaceSelectorAnnotation,
  priorityAnnotation,
  roleKey,
} from '../names.ts'
import { few, fittingIn, quoted, shortened } from '../quote.ts'
import type { Reason } from '../reason.ts'
import { defaultRole, roleSpecs, roles, type Role } from '../role.ts'
import { whyNeverGivenBy, whyOfOtherFamily } from './pool-addresses.ts'

/** The entry in a pool's list of ClusterClasses that stands for all, and for Clusters without one. */
export const everyClass = '*'

/** What a VIP is wanted for. */
export interface PoolRequest extends Tries {
  /** Of the Cluster, and so of claim and address. */
  readonly namespace: string
  readonly role: Role
  /** Undefined if no ClusterClass manages the Cluster. */
  readonly clusterClass: NamespacedName | undefined
  /** The only pool that the Cluster accepts, `[Kind/]name`; undefined: any. */
  readonly explicitPool: string | undefined
  /** The kinds of pools that messages name; absent: those of the in-cluster provider. */
  readonly poolKinds?: readonly PoolKind[] | undefined
  /** The only address that the Cluster accepts; undefined or absent: any. */
  readonly address?: string | undefined
  /** Of the address; absent: any. */
  readonly family?: AddressFamily | undefined
  /** What Clusters with an earlier turn get, by `placeOf` a pool. Absent: nobody waits. */
  readonly earlier?: ReadonlyMap<string, Earlier>
}

/** The free addresses of a pool that go to Clusters with an earlier turn. */
export interface Earlier {
  /** Addresses that are left after them; less than 1: none. */
  readonly left: number
  readonly clusters: number
  /** Whose turn is the first, and since when it waits. */
  readonly first: { readonly cluster: NamespacedName; readonly since: string }
}

/** For people: whether and why a pool was selected. */
export interface PoolVerdict {
  readonly kind: string
  readonly name: string
  readonly verdict: 'selected' | 'eligible' | 'rejected'
  readonly because: string
}

export function isPoolVerdict(value: unknown): value is PoolVerdict {
  return (
    isObject(value) &&
    ['kind', 'name', 'verdict', 'because'].every((field) => typeof value[field] === 'string')
  )
}

/** The verdicts that fit, the selected and eligible pools first. @param bytes of JSON, about */
export function mostRelevant(bytes: number, considered: readonly PoolVerdict[]): readonly PoolVerdict[] {
  const isRejected = ({ verdict }: PoolVerdict): boolean => verdict === 'rejected'
  const sorted = [...considered.filter((each) => !isRejected(each)), ...considered.filter(isRejected)]
  return fittingIn(bytes, sorted, (verdict) => JSON.stringify(verdict).length)
}

export type PoolSelection =
  | { readonly outcome: 'selected'; readonly pool: IPPool; readonly considered: readonly PoolVerdict[] }
  | {
      readonly outcome: 'none'
      readonly reason: Extract<Reason, 'NoMatchingPool' | 'PoolNotReady' | 'PoolExhausted'>
      readonly message: string
      readonly considered: readonly PoolVerdict[]
      /** Some pool has room, but for Clusters with an earlier turn. */
      readonly isAfterOthers: boolean
    }

/** Why the pool of a claim that exists is the choice. */
export const claimStays = 'its IPAddressClaim is there, and stays'

/** The verdicts on the pools if the choice is made already. @param because it is the choice */
export function verdictsBeside(
  request: PoolRequest,
  pools: readonly IPPool[],
  choice: IPPoolReference,
  because: string,
): readonly PoolVerdict[] {
  const { considered } = selectIPPool(request, pools)
  return considered.map((each) => {
    if (formatPool(each) === formatPool(choice)) return { ...each, verdict: 'selected', because }
    if (each.verdict !== 'selected') return each
    return {
      ...each,
      verdict: 'eligible',
      because: `${each.because}; ${formatPool(choice)} is the choice already`,
    }
  })
}

/** Selects the pool for a VIP. The order of the pools does not matter. @param pools without those in other namespaces */
export function selectIPPool(request: PoolRequest, pools: readonly IPPool[]): PoolSelection {
  const candidates = pools
    .toSorted(byPreference(request))
    .map((pool) => ({ pool, rejection: firstRejection(request, pool) }))
  const selected = candidates.find(({ rejection }) => rejection === undefined)?.pool
  const considered = candidates.map((candidate) => verdictOn(candidate, selected))
  if (selected !== undefined) return { outcome: 'selected', pool: selected, considered }
  const isAfterOthers = candidates.some(({ rejection }) => rejection?.predicate === notForOthers)
  return { outcome: 'none', ...whyNone(request, candidates), considered, isAfterOthers }
}

/** The pools that are meant for such a VIP, whether they have an address or not. */
export function matchingPools(request: PoolRequest, pools: readonly IPPool[]): readonly IPPool[] {
  return pools.filter((pool) => isMeantFor(request, pool))
}

/** The pools that the VIP could be from if they had room, most preferred first. */
export function poolsWithTerms(request: PoolRequest, pools: readonly IPPool[]): readonly IPPool[] {
  return pools
    .filter((pool) => whyNotUsable(request, pool, false) === undefined)
    .toSorted(byPreference(request))
}

/** Why a pool cannot be used, whatever room it has; undefined if it can. @param mayWait for one that is paused or going */
export function whyNotUsable(request: PoolRequest, pool: IPPool, mayWait: boolean): string | undefined {
  const rejection = firstRejection(request, pool)
  return rejection?.reason === 'NoMatchingPool' || (rejection?.reason === 'PoolNotReady' && !mayWait)
    ? rejection.because
    : undefined
}

/** The pools that the Cluster names, whether it can use them or not; none if it names none. */
export function namedPools(request: PoolRequest, pools: readonly IPPool[]): readonly IPPool[] {
  if (request.explicitPool === undefined) return []
  return pools.filter((pool) => namedByCluster(request, pool) === undefined)
}

/** The pools that could be selected, in the order of preference. */
export function usablePools(request: PoolRequest, pools: readonly IPPool[]): readonly IPPool[] {
  return pools.filter((pool) => firstRejection(request, pool) === undefined).toSorted(byPreference(request))
}

/** Why a pool is closed to the namespace of a request; undefined if it is open. */
export function whyClosed(request: PoolRequest, pool: IPPool): string | undefined {
  return readableSelector(request, pool) ?? openToNamespace(request, pool)
}

/** All pools in the order of preference, those first that are meant for such a VIP. */
export function preferredFirst(request: PoolRequest, pools: readonly IPPool[]): readonly IPPool[] {
  const matching = matchingPools(request, pools).toSorted(byPreference(request))
  return [...matching, ...pools.filter((pool) => !matching.includes(pool)).toSorted(byPreference(request))]
}

/** Returns why it rejects the pool; undefined if it does not. */
type Predicate = (request: PoolRequest, pool: IPPool) => string | undefined

/** Why a pool was rejected. `NoMatchingPool`: it is not meant for this VIP at all. */
interface Rejection {
  readonly because: string
  readonly reason: 'NoMatchingPool' | 'PoolNotReady' | 'PoolExhausted'
  readonly predicate: Predicate
}

interface Candidate {
  readonly pool: IPPool
  readonly rejection: Rejection | undefined
}

/** In the order in which a pool must pass them. */
const predicates: readonly (readonly [Predicate, Rejection['reason']])[] = [
  [namedByCluster, 'NoMatchingPool'],
  [matchesClass, 'NoMatchingPool'],
  [matchesRole, 'NoMatchingPool'],
  [matchesFamily, 'NoMatchingPool'],
  [readableSelector, 'NoMatchingPool'],
  [openToNamespace, 'NoMatchingPool'],
  [readablePriority, 'NoMatchingPool'],
  [readableProbe, 'NoMatchingPool'],
  [readableRetain, 'NoMatchingPool'],
  [givesAddress, 'NoMatchingPool'],
  [notDeleting, 'PoolNotReady'],
  [notPaused, 'PoolNotReady'],
  [notExhausted, 'PoolExhausted'],
  [notTried, 'PoolExhausted'],
  [notForOthers, 'PoolExhausted'],
]

function firstRejection(request: PoolRequest, pool: IPPool): Rejection | undefined {
  for (const [predicate, reason] of predicates) {
    const because = predicate(request, pool)
    if (because !== undefined) return { because, reason, predicate }
  }
  return undefined
}

function namedByCluster(request: PoolRequest, pool: IPPool): string | undefined {
  if (request.explicitPool === undefined) return undefined
  const named = parseExplicitPool(request.explicitPool)
  if (named.name === pool.name && (named.kind === undefined || isNamedKind(named.kind, pool.poolKind))) {
    return undefined
  }
  return asksFor(request, request.explicitPool)
}

function asksFor({ role }: PoolRequest, explicitPool: string): string {
  return `the Cluster asks for ${quoted(explicitPool)} by its annotation ${roleSpecs[role].poolAnnotation}`
}

function matchesClass(request: PoolRequest, pool: IPPool): string | undefined {
  if (request.explicitPool !== undefined) return undefined
  const label = pool.labels[clusterClassKey]
  if (label === undefined) return `has no label ${clusterClassKey}`
  const { clusterClass } = request
  const listed = declaredClasses(pool)
  if (label === 'true' && listed.length === 0 && clusterClass?.name !== 'true') {
    return `label ${clusterClassKey} is "true", but the annotation of the same key lists no ClusterClass`
  }
  // A class may itself be called "true".
  if ([label, ...listed].some((entry) => servesClass(entry, clusterClass))) return undefined
  const served = `is for ClusterClass ${few(listed.map(shortened), 3)}`
  return clusterClass === undefined
    ? `${served}, and the Cluster has none`
    : `${served}, not ${formatKey(clusterClass)}`
}

function servesClass(entry: string, clusterClass: NamespacedName | undefined): boolean {
  if (entry === everyClass) return true
  return clusterClass !== undefined && (entry === clusterClass.name || entry === formatKey(clusterClass))
}

function matchesRole(request: PoolRequest, pool: IPPool): string | undefined {
  if (request.explicitPool !== undefined) return undefined
  const declared = declaredRoles(pool)
  const unknown = declared.find((word) => !roles.some((role) => role === word))
  if (unknown !== undefined) return `${roleKey} is ${quoted(unknown)}, expected ${roles.join(' or ')}`
  const served = declared.length === 0 ? [defaultRole] : declared
  return served.includes(request.role) ? undefined : `is for role ${served.join(', ')}, not ${request.role}`
}

/** Of a pool that has both families, the provider may give either. */
function matchesFamily({ family }: PoolRequest, { addresses }: IPPool): string | undefined {
  if (family === undefined) return undefined
  const families = familiesIn(addresses)
  if (families.length === 1 && families[0] === family) return undefined
  const found =
    families.length === 0 ? 'has no addresses that can be read' : `has ${families.join(' and ')} addresses`
  return `${found}, and ${family}${families.length > 1 ? ' alone' : ''} is asked for`
}

/** Whether a pool can give no address of the family that is asked for. */
export function isOfOtherFamily(request: Pick<PoolRequest, 'family'>, pool: IPPool): boolean {
  return request.family !== undefined && !familiesIn(pool.addresses).includes(request.family)
}

/** The ClusterClasses that a pool names: `everyClass`, a name, or `namespace/name`. Empty: it names none. */
export function declaredClasses(pool: IPPool): readonly string[] {
  const label = pool.labels[clusterClassKey]
  if (label === undefined) return []
  return label === 'true' ? commaSeparated(pool.annotations[clusterClassKey]) : [label]
}

/** The roles that a pool names by annotation, else by label. Empty: it names none. */
export function declaredRoles(pool: IPPool): readonly string[] {
  const listed = commaSeparated(pool.annotations[roleKey])
  return listed.length > 0 ? listed : commaSeparated(pool.labels[roleKey])
}

function readableSelector(_request: PoolRequest, pool: IPPool): string | undefined {
  if (pool.namespaceSelector !== 'unreadable') return undefined
  const text = pool.annotations[namespaceSelectorAnnotation]
  return `${namespaceSelectorAnnotation} is ${quoted(text)}, expected ${labelSelectorSyntax}`
}

/** A pool that lists namespaces and has a selector is open to both. */
function openToNamespace({ namespace }: PoolRequest, pool: IPPool): string | undefined {
  const listed = declaredNamespaces(pool)
  const hasSelector = pool.namespaceSelector !== undefined
  if (listed === undefined && !hasSelector) return undefined
  if (listed?.includes(namespace) === true || (hasSelector && pool.selectsNamespace === true))
    return undefined
  const terms = [namespacesAnnotation, namespaceSelectorAnnotation]
    .filter((annotation) => annotation in pool.annotations)
    .map((annotation) => `${annotation}: ${quoted(pool.annotations[annotation])}`)
  const unknown = hasSelector && pool.selectsNamespace === undefined ? ', whose labels cannot be read' : ''
  return `is closed to namespace ${namespace}${unknown} (${terms.join(', ')})`
}

function readablePriority(_request: PoolRequest, pool: IPPool): string | undefined {
  return whyPriorityUnreadable(pool)
}

function readableRetain(_request: PoolRequest, pool: IPPool): string | undefined {
  return whyRetainUnreadable(pool)
}

function givesAddress({ address }: PoolRequest, pool: IPPool): string | undefined {
  if (address === undefined) return undefined
  const asked = `the address asked for (${address})`
  if (pool.poolKind.fixedAddress === undefined) {
    return `has an IPAM provider that cannot be asked for ${asked}`
  }
  return whyOfOtherFamily(pool, address, asked) ?? whyNeverGivenBy(pool, address, asked)
}

function readableProbe(_request: PoolRequest, pool: IPPool): string | undefined {
  return whyProbeUnreadable(pool)
}

function notDeleting(_request: PoolRequest, pool: IPPool): string | undefined {
  return pool.isDeleting ? 'is being deleted' : undefined
}

function notPaused(_request: PoolRequest, pool: IPPool): string | undefined {
  return pool.isPaused ? 'is paused' : undefined
}

/** Whether a certain address is free depends on its holders alone. */
function notExhausted({ address }: PoolRequest, pool: IPPool): string | undefined {
  const available = availableAddresses(pool)
  if (address !== undefined) return undefined
  if (available === undefined || available > 0) return undefined
  return describeExhausted(pool)
}

function notTried(request: PoolRequest, pool: IPPool): string | undefined {
  return whyNotAgain(pool, request)
}

function notForOthers({ earlier }: PoolRequest, pool: IPPool): string | undefined {
  const others = earlier?.get(placeOf(pool))
  if (others === undefined || others.left > 0) return undefined
  const { clusters, first } = others
  const whose = `${clusters > 1 ? `${clusters} Clusters, first ` : ''}${formatKey(first.cluster)}, which waits since ${first.since}`
  return `${describeRoom(pool)}, for ${whose}`
}

/** Total order, most preferred first: exact role, namespaced, priority, name. */
function byPreference(request: PoolRequest): (a: IPPool, b: IPPool) => number {
  const rank = (pool: IPPool): readonly number[] => [
    declaredRoles(pool).includes(request.role) ? 0 : 1,
    isGlobalPool(pool) ? 1 : 0,
    -(priorityOf(pool) ?? 0),
  ]
  return (a, b) => {
    const [rankA, rankB] = [rank(a), rank(b)]
    const difference = rankA.map((value, index) => value - (rankB[index] ?? 0)).find((value) => value !== 0)
    return difference ?? (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  }
}

/** The namespaces that a global pool lists; undefined: it has no list, so that all may use it unless it has a selector. */
export function declaredNamespaces(pool: IPPool): readonly string[] | undefined {
  const list = pool.annotations[namespacesAnnotation]
  return !isGlobalPool(pool) || list === undefined ? undefined : commaSeparated(list)
}

/** Undefined if the annotation is no integer. */
export function priorityOf(pool: IPPool): number | undefined {
  const text = pool.annotations[priorityAnnotation]
  return text === undefined ? 0 : integerIn(text)
}

/** Why a pool's annotation cannot be followed; undefined if it can. */
export function whyPriorityUnreadable(pool: IPPool): string | undefined {
  const text = pool.annotations[priorityAnnotation]
  return priorityOf(pool) === undefined
    ? `${priorityAnnotation} is ${quoted(text)}, expected ${expectedInteger(text)}`
    : undefined
}

/** `name`, `Kind/name` or `Kind.group/name`. */
function parseExplicitPool(text: string): { readonly kind: string | undefined; readonly name: string } {
  const [first = '', ...rest] = text.trim().split('/')
  return rest.length === 0 ? { kind: undefined, name: first } : { kind: first, name: rest.join('/') }
}

/** @param text `Kind` or `Kind.group` */
function isNamedKind(text: string, { kind, apiGroup }: PoolKind): boolean {
  return text === kind || text === `${kind}.${apiGroup}`
}

function verdictOn({ pool, rejection }: Candidate, selected: IPPool | undefined): PoolVerdict {
  const { kind, name } = pool
  if (rejection !== undefined) return { kind, name, verdict: 'rejected', because: rejection.because }
  if (pool === selected) return { kind, name, verdict: 'selected', because: describeRoom(pool) }
  return { kind, name, verdict: 'eligible', because: `${describeRoom(pool)}; another pool goes first` }
}

function describeRoom(pool: IPPool): string {
  const available = availableAddresses(pool)
  if (available === undefined) {
    return pool.poolKind.isCounted
      ? 'not counted yet'
      : 'its provider does not say how many addresses are free'
  }
  return `${available} of ${pool.capacity?.total ?? 0} addresses free`
}

function whyNone(
  request: PoolRequest,
  all: readonly Candidate[],
): { readonly reason: Rejection['reason']; readonly message: string } {
  const { explicitPool } = request
  const named = namedPools(
    request,
    all.map(({ pool }) => pool),
  )
  if (explicitPool !== undefined && named.length === 0) {
    const others =
      all.length === 0
        ? 'there is no pool at all'
        : `no pool that it can use has this name (there is ${few(all.map(({ pool }) => formatPool(pool)))})`
    return {
      reason: 'NoMatchingPool',
      message: `${asksFor(request, explicitPool)}, and ${others}; ${howToAdd(request)}`,
    }
  }
  const candidates = explicitPool === undefined ? all : all.filter(({ pool }) => named.includes(pool))
  const orElse = explicitPool === undefined ? howToAdd(request) : nameAnother(request)
  const withReason = (reason: Rejection['reason']): readonly Candidate[] =>
    candidates.filter(({ rejection }) => rejection?.reason === reason)
  const exhausted = withReason('PoolExhausted')
  const notReady = withReason('PoolNotReady')
  if (exhausted.length > 0) {
    return {
      reason: 'PoolExhausted',
      message: `${listing([...exhausted, ...notReady])}; add addresses or ${orElse}`,
    }
  }
  if (notReady.length > 0) {
    return { reason: 'PoolNotReady', message: `${listing(notReady)}; ${howToReady(notReady, orElse)}` }
  }
  const lackingAddress = candidates.filter(({ pool }) => isMeantFor({ ...request, address: undefined }, pool))
  if (lackingAddress.length > 0) {
    const having = candidates.filter(({ pool }) => givesAddress(request, pool) === undefined)
    const message = `${listing([...lackingAddress, ...having])}; ${howToHaveAddress(request)}`
    return { reason: 'NoMatchingPool', message }
  }
  const others = candidates.length === 0 ? 'there is no pool at all' : listing(candidates)
  const advice = explicitPool === undefined ? orElse : howToOpen(request)
  return { reason: 'NoMatchingPool', message: `${others}; ${advice}` }
}

function howToReady(notReady: readonly Candidate[], orElse: string): string {
  if (!notReady.some(({ pool }) => pool.isPaused && !pool.isDeleting)) return orElse
  return `unpause ${notReady.length === 1 ? 'it' : 'a paused one'}, or ${orElse}`
}

function isMeantFor(request: PoolRequest, pool: IPPool): boolean {
  return firstRejection(request, pool)?.reason !== 'NoMatchingPool'
}

/** What a person can do if only the address keeps pools from being used. */
function howToHaveAddress({ address, role }: PoolRequest): string {
  return `add ${address ?? 'it'} to such a pool, or correct the annotation ${roleSpecs[role].addressAnnotation}`
}

function nameAnother({ role }: PoolRequest): string {
  return `name another pool in the annotation ${roleSpecs[role].poolAnnotation}`
}

/** What a person can do about a pool that exists, is named, and may not be used. */
export function howToOpen(request: PoolRequest): string {
  const order =
    request.family === undefined
      ? ''
      : `; of two pools, the first one is for the first of ${ipFamiliesAnnotation}`
  return `correct that on the pool, or ${nameAnother(request)}${order}`
}

/** The room in a message for pools. The last one may exceed the characters. */
const room = { characters: 600, pools: 8 } as const

/** As many pools with their reasons as a message has room for, and the number of the others. */
function listing(candidates: readonly Candidate[]): string {
  const texts = candidates.map(({ pool, rejection }) => `${formatPool(pool)}: ${rejection?.because ?? ''}`)
  const fitting = fittingIn(room.characters, texts.slice(0, room.pools), (text) => text.length)
  const more = texts.length - fitting.length
  return [...fitting, ...(more === 0 ? [] : [`and ${more} more`])].join('; ')
}

/** Characters of a label's value at most. */
const labelLength = 63

/** What a person can do so that there is a pool for such a VIP. */
export function howToAdd(request: PoolRequest): string {
  const { explicitPool, clusterClass, namespace, role, family } = request
  const poolKinds = poolKindsOf(request)
  if (explicitPool !== undefined) {
    const named = parseExplicitPool(explicitPool).kind
    const isOtherKind = named !== undefined && !poolKinds.some((each) => isNamedKind(named, each))
    const orGroup = isOtherKind ? '; Kind.group/name names a pool of another IPAM provider' : ''
    return `create ${quoted(explicitPool)} as ${poolKinds.map(({ kind }) => kind).join(' or ')}, or correct the annotation ${roleSpecs[role].poolAnnotation}${orGroup}`
  }
  const roleLabel = role === defaultRole ? '' : ` and ${roleKey}=${role}`
  const ofFamily = family === undefined ? '' : ` with ${family} addresses`
  const pools = `label ${describePoolKinds(poolKinds, namespace)}${ofFamily}, with`
  const listedAs = (entry: string): string =>
    `${pools} ${clusterClassKey}="true"${roleLabel}, and list ${entry} in the annotation ${clusterClassKey}`
  if (clusterClass === undefined) {
    return `${listedAs(everyClass)}; or name a pool in the Cluster's annotation ${roleSpecs[role].poolAnnotation}`
  }
  const { name } = clusterClass
  return name.length > labelLength
    ? listedAs(shortened(name))
    : `${pools} ${clusterClassKey}=${name}${roleLabel}`
}
