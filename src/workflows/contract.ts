import type {
  AssignVipResult,
  AwaitIPAddressResult,
  EnsureIPAddressClaimResult,
  SelectIPPoolResult,
  StepInput,
} from '../domain/allocation/steps.ts'
import type { ClusterIdentity } from '../domain/model/claim.ts'
import { arrayOf, isObject, type JsonObject } from '../domain/model/decode.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { isPoolVerdict, type PoolVerdict } from '../domain/allocation/pool-selection.ts'
import type { Reason } from '../domain/reason.ts'
import { quoted, shortened } from '../domain/quote.ts'
import { isHeldAddress, mostHeld, type HeldAddress } from '../domain/release/release.ts'
import { roles, type Role } from '../domain/role.ts'
import { searchAttributeNames, type SearchAttributeName } from '../domain/search-attributes.ts'

/** What goes over the wire between watcher, people, workflow and activities. Running workflows depend on it. */

/** Workflow types, as `tctl --workflow_type` takes them. */
export const allocateVipType = 'allocateVip'
export const releaseVipType = 'releaseVip'
export const wakeSignal = 'wake'
export const statusQuery = 'status'
export const retryNowUpdate = 'retryNow'
/** By which a step tells its own run what it waits for, each time that changes. */
export const waitingSignal = 'waiting'
/** Failure type of a run whose argument cannot be read. */
export const invalidInput = 'InvalidInput'

/** The only field of what stands for a payload that cannot be decoded; its value says why. */
export const undecodable = 'undecodablePayload'

/** The one argument of `allocateVip`. */
export type AllocateVipInput = NamespacedName

/** The id in which the watcher and a manual start meet. A Cluster has at most one such run at a time. */
export function workflowIdFor(cluster: NamespacedName): string {
  return `allocate-vip/${formatKey(cluster)}`
}

/** The Cluster that an id of `workflowIdFor` names; undefined for any other id, which a person may have given. */
export function clusterOfWorkflowId(workflowId: string): NamespacedName | undefined {
  const [, namespace, name] = /^allocate-vip\/([^/]+)\/([^/]+)$/.exec(workflowId) ?? []
  return namespace === undefined || name === undefined ? undefined : { namespace, name }
}

/** The one argument of `releaseVip`: a Cluster that was deleted. */
export interface ReleaseVipInput extends ClusterIdentity {
  /** What it is known to have held; a person leaves it out. */
  readonly held?: readonly HeldAddress[]
}

/** The id in which several watchers meet. A Cluster that is re-created under its name is another one. */
export function releaseWorkflowIdFor(cluster: ClusterIdentity): string {
  return `release-vip/${formatKey(cluster)}/${cluster.uid}`
}

/** The end of a release: all that a Cluster held is gone. */
export interface ReleaseVipResult {
  readonly cluster: ClusterIdentity
  readonly released: readonly HeldAddress[]
  /** From the begin of the run until nothing was left. */
  readonly seconds: number
  readonly message: string
}

/** What a run is for, in a line: of `temporal workflow list` and the Temporal UI. */
export function staticSummaryFor(cluster: NamespacedName): string {
  return `VIP for Cluster ${formatKey(cluster)}`
}

/** What a run does, and where else to look, as Markdown for the Temporal UI. */
export function staticDetailsFor({ namespace, name }: NamespacedName): string {
  return [
    `Takes a free address for Cluster \`${namespace}/${name}\` from the IP pool that is labeled with its ClusterClass, and writes it to the Cluster. Ends when the Cluster is served, needs nothing, or is gone.`,
    `Steps: \`selectIPPool\`, \`ensureIPAddressClaim\`, \`awaitIPAddress\`, \`assignVip\`. A step that has to wait fails, and is tried again: Pending Activities say why and when.`,
    `On the management cluster: \`capi-vip-allocator status ${namespace}/${name}\`, \`kubectl describe cluster -n ${namespace} ${name}\`.`,
    `Look again now: signal \`${wakeSignal}\`, or update \`${retryNowUpdate}\`.`,
  ].join('\n\n')
}

/** The end of an allocation: what was decided for the Cluster, with the reason. */
export interface AllocateVipResult {
  readonly cluster: ClusterIdentity
  readonly roles: Readonly<Partial<Record<Role, RoleResult>>>
}

export interface RoleResult {
  /** `allocated`: the endpoint holds our VIP. `skipped`: nothing was to be done. */
  readonly outcome: 'allocated' | 'skipped'
  readonly reason: Reason
  readonly message: string
  readonly address?: string
  readonly port?: number
  readonly pool?: PoolSummary
  readonly claim?: string
}

/** A pool by kind, namespace (`""` for a global one) and name. */
export interface PoolSummary {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** Where a run is, as the query `status` answers. */
export interface AllocationStatus {
  readonly cluster: NamespacedName
  readonly uid?: string
  /** The control plane always; ingress once it is known that the Cluster wants it. */
  readonly roles: Readonly<Partial<Record<Role, RoleStatus>>>
  /** Reasons given with `wake` and `retryNow`, the latest last, at most the last few. */
  readonly wakes: readonly string[]
}

/** Where the allocation for one role is. */
export interface RoleStatus {
  readonly phase: AllocationPhase
  /** In words: what is being done or waited for. */
  readonly message: string
  /** How it ended. */
  readonly reason?: Reason
  /** Present while the step that the phase names has failed and will be tried again. */
  readonly waiting?: {
    readonly reason: string
    readonly message: string
    /** RFC 3339: since when for this reason, in these words. */
    readonly since: string
  }
  readonly pool?: PoolSummary
  readonly claim?: string
  readonly address?: string
  /** Every pool looked at, with why it was or was not chosen. */
  readonly considered: readonly PoolVerdict[]
  /** Addresses that were given to the claim although somebody else has them, in words, the latest last. */
  readonly duplicates: readonly string[]
}

/** What a step waits for, or had to leave to others, as the signal `waiting` carries it. */
export interface WaitReport {
  readonly role: Role
  /** Of the closed list, or the failure type of a request that may pass the next time. */
  readonly reason: string
  readonly message: string
  /** Every pool looked at, where the choice of one is what is waited for. */
  readonly considered: readonly PoolVerdict[]
  /** The search attributes that this Temporal namespace has; a run must not set others. */
  readonly searchable: readonly SearchAttributeName[]
  /** An address was left to somebody else: nothing is waited for, and the next one is tried. */
  readonly isLeft: boolean
  /** Milliseconds since the epoch: when the activity was scheduled, by which it is told from an earlier one of the step. */
  readonly scheduledAt: number
}

export type AllocationPhase = 'SelectingPool' | 'EnsuringClaim' | 'AwaitingAddress' | 'AssigningVip' | 'Done'

export interface AllocateAtOnceInput extends StepInput {
  /** Milliseconds since the epoch: when the run began. */
  readonly startedAt: number
}

/** How far an allocation got without waiting: what the steps answered that got on, from the first one on, by their names. */
export interface AllocateAtOnceResult {
  readonly selectIPPool?: Extract<SelectIPPoolResult, { readonly next: 'claim' }>
  readonly ensureIPAddressClaim?: Extract<EnsureIPAddressClaimResult, { readonly next: 'await' }>
  readonly awaitIPAddress?: Extract<AwaitIPAddressResult, { readonly next: 'assign' }>
  readonly assignVip?: Extract<AssignVipResult, { readonly next: 'assigned' }>
  /** Why the next step is left to an activity of its own. */
  readonly left?: string
}

export interface ConfirmReleaseInput extends ClusterIdentity {
  /** What is known to have been held. */
  readonly held: readonly HeldAddress[]
  /** When the Cluster was first seen to be gone, in milliseconds since the epoch; absent before that. */
  readonly goneSince?: number
}

/** `held` is all that the Cluster is known to have held, what was seen now included. */
export type ConfirmReleaseResult =
  /** Something is left, seen for the first time; `isGone`: of a Cluster that is gone. */
  | { readonly next: 'wait'; readonly held: readonly HeldAddress[]; readonly isGone: boolean }
  /** Nothing is left. `because`: how that is known, where it is not by looking. */
  | { readonly next: 'released'; readonly held: readonly HeldAddress[]; readonly because?: string }

/**
 * Reads the argument of `allocateVip`, which a person may have typed.
 *
 * @param workflowId of the run: one that is meant for another Cluster would keep that one from being served
 * @throws RangeError that names what is wrong, with the value and what was expected
 */
export function parseAllocateVipInput(args: readonly unknown[], workflowId: string): AllocateVipInput {
  const expected = 'expected one JSON object {"namespace":"<namespace>","name":"<cluster>"}'
  const input = objectIn(args, ['namespace', 'name'], expected)
  const cluster = {
    namespace: nameField(input, 'namespace', expected),
    name: nameField(input, 'name', expected),
  }
  const named = clusterOfWorkflowId(workflowId)
  if (named !== undefined && formatKey(named) !== formatKey(cluster)) {
    throw new RangeError(
      `the argument names Cluster ${formatKey(cluster)}, expected ${formatKey(named)}, whose workflow id this is; ${workflowIdFor(cluster)} is the other one's`,
    )
  }
  return cluster
}

/**
 * Reads the argument of `releaseVip`, which a person may have typed.
 *
 * @throws RangeError that names what is wrong, with the value and what was expected
 */
export function parseReleaseVipInput(args: readonly unknown[]): ReleaseVipInput {
  const expected =
    'expected one JSON object {"namespace":"<namespace>","name":"<cluster>","uid":"<uid of the deleted Cluster>"}'
  const input = objectIn(args, ['namespace', 'name', 'uid', 'held'], expected)
  const held = heldField(input, expected)
  return {
    namespace: nameField(input, 'namespace', expected),
    name: nameField(input, 'name', expected),
    uid: nameField(input, 'uid', expected),
    ...(held !== undefined && { held }),
  }
}

function objectIn(args: readonly unknown[], fields: readonly string[], expected: string): JsonObject {
  const [input] = args
  if (args.length !== 1 || !isObject(input)) {
    throw new RangeError(`the argument is ${quoted(args.length === 1 ? input : args)}, ${expected}`)
  }
  if (undecodable in input) {
    throw new RangeError(
      `the argument cannot be decoded (${shortened(String(input[undecodable]))}), ${expected}`,
    )
  }
  const unknown = Object.keys(input).filter((key) => !fields.includes(key))
  if (unknown.length > 0) throw new RangeError(`the argument has a field ${quoted(unknown[0])}, ${expected}`)
  return input
}

/** A namespace and a uid have no more; a Cluster's name has to fit into a label value. */
const nameLength = 63

function nameField(input: JsonObject, field: string, expected: string): string {
  const value = input[field]
  if (
    typeof value === 'string' &&
    value.length <= nameLength &&
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(value)
  ) {
    return value
  }
  throw new RangeError(
    `"${field}" is ${quoted(value)}, expected a Kubernetes name of at most ${nameLength} characters; ${expected}`,
  )
}

function heldField(input: JsonObject, expected: string): readonly HeldAddress[] | undefined {
  const { held } = input
  if (held === undefined) return undefined
  if (Array.isArray(held) && held.length <= mostHeld && held.every(isHeldAddress)) return held
  throw new RangeError(
    `"held" is ${quoted(held)}, expected a list of at most ${mostHeld} objects {"role":"…","claim":"…","address":"…"}; ${expected}`,
  )
}

/** Reads the argument of the signal `waiting`; undefined where it is none, since anybody can send a signal. */
export function parseWaitReport(news: unknown): WaitReport | undefined {
  if (!isObject(news)) return undefined
  const { reason, message, considered, scheduledAt } = news
  const role = roles.find((known) => known === news['role'])
  if (role === undefined || typeof reason !== 'string' || typeof message !== 'string') return undefined
  return {
    role,
    reason,
    message,
    considered: arrayOf(considered).filter(isPoolVerdict),
    searchable: searchAttributeNames.filter((name) => arrayOf(news['searchable']).includes(name)),
    isLeft: news['isLeft'] === true,
    scheduledAt: typeof scheduledAt === 'number' ? scheduledAt : 0,
  }
}
