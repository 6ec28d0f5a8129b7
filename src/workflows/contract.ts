import { isPoolVerdict, type PoolVerdict } from '../domain/allocation/pool-selection.ts'
import type { StepInput, Steps } from '../domain/allocation/steps.ts'
import type { ClusterIdentity } from '../domain/model/claim.ts'
import { atManagementCluster } from '../domain/management-cluster.ts'
import { arrayOf, isObject, type JsonObject } from '../domain/model/decode.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { quoted, shortened } from '../domain/quote.ts'
import type { Reason } from '../domain/reason.ts'
import { isHeldAddress, mostHeld, type HeldAddress } from '../domain/release/release.ts'
import { roles, type Role } from '../domain/role.ts'
import { searchAttributeNames, type SearchAttributeName } from '../domain/search-attributes.ts'

/** All that goes over the wire between watcher, people, workflow and activities. Running workflows depend on it. */

/** Workflow types, as `tctl --workflow_type` takes them. */
export const allocateVipType = 'allocateVip'
export const releaseVipType = 'releaseVip'
export const wakeSignal = 'wake'
export const statusQuery = 'status'
export const retryNowUpdate = 'retryNow'
/** A step sends it to its own run each time its wait reason changes. */
export const waitingSignal = 'waiting'
/** Failure type of a run with an invalid argument. */
export const invalidInput = 'InvalidInput'

/** The only field of the value that replaces a payload that cannot be decoded; it holds the error. */
export const undecodable = 'undecodablePayload'

/**
 * The same for the watcher and for a manual start, so a Cluster has at most one such run at a time.
 *
 * @param managementCluster the name that `--management-cluster` gives
 */
export function workflowIdFor(cluster: NamespacedName, managementCluster?: string): string {
  return `${allocationPrefixFor(managementCluster)}${formatKey(cluster)}`
}

/** How the ids of all allocations of a management cluster begin, and those of no other name. */
export function allocationPrefixFor(managementCluster: string | undefined): string {
  return `${atManagementCluster('allocate-vip', managementCluster)}/`
}

/** The parts of an id of `workflowIdFor`; undefined for any other id, which a person may have chosen. */
export function partsOfWorkflowId(
  workflowId: string,
): { readonly cluster: NamespacedName; readonly managementCluster: string | undefined } | undefined {
  const [, managementCluster, namespace, name] =
    /^allocate-vip(?:@([^/]+))?\/([^/]+)\/([^/]+)$/.exec(workflowId) ?? []
  return namespace === undefined || name === undefined
    ? undefined
    : { cluster: { namespace, name }, managementCluster }
}

/**
 * Field of a run's memo: the uid of the management cluster whose watcher started it. A memo, as a Worker that does not know
 * it must accept the argument, `describe` shows it, and a run that continues as new keeps it.
 */
export const managementClusterMemo = 'managementClusterUid'

/** @param memo anybody can start a run, so it may hold anything */
export function managementClusterIn(memo: unknown): Pick<StepInput, 'managementClusterUid'> {
  const uid = isObject(memo) ? memo[managementClusterMemo] : undefined
  return typeof uid === 'string' && uid !== '' ? { managementClusterUid: uid } : {}
}

/** The one argument of `releaseVip`: a Cluster that was deleted. */
export interface ReleaseVipInput extends ClusterIdentity {
  /** What it held, as the watcher observed it; a person leaves it out. */
  readonly held?: readonly HeldAddress[]
}

/** The same for all watchers. A Cluster that was recreated under the same name has another one. */
export function releaseWorkflowIdFor(cluster: ClusterIdentity, managementCluster?: string): string {
  return `${atManagementCluster('release-vip', managementCluster)}/${formatKey(cluster)}/${cluster.uid}`
}

/** The end of a release: everything that the Cluster held is gone. */
export interface ReleaseVipResult {
  readonly cluster: ClusterIdentity
  readonly released: readonly HeldAddress[]
  /** From the start of the run. */
  readonly seconds: number
  readonly message: string
}

/** Markdown for the Temporal UI. */
export function staticDetailsFor({ namespace, name }: NamespacedName, managementCluster?: string): string {
  const flag = managementCluster === undefined ? '' : ` --management-cluster=${managementCluster}`
  return [
    `Takes a free address for Cluster \`${namespace}/${name}\` from the IP pool that is labeled with its ClusterClass, and writes it to the Cluster. Ends when the Cluster is served, needs nothing, or is gone.`,
    `Steps: \`selectIPPool\`, \`ensureIPAddressClaim\`, \`awaitIPAddress\`, \`assignVip\`; \`probeAddress\` before it where a pool asks for that, \`publishDnsName\` after it where VIPs have DNS names. A step that has to wait fails, and is tried again: Pending Activities say why and when.`,
    `On the management cluster: \`capi-vip-allocator status ${namespace}/${name}${flag}\`, \`kubectl describe cluster -n ${namespace} ${name}\`.`,
    `Look again now: signal \`${wakeSignal}\`, or update \`${retryNowUpdate}\`.`,
  ].join('\n\n')
}

/** The end of an allocation. */
export interface AllocateVipResult {
  readonly cluster: ClusterIdentity
  readonly roles: Readonly<Partial<Record<Role, RoleResult>>>
}

export interface RoleResult {
  /** `allocated`: the Cluster has our VIP. `skipped`: nothing had to be done. */
  readonly outcome: 'allocated' | 'skipped'
  readonly reason: Reason
  readonly message: string
  readonly address?: string
  readonly port?: number
  readonly pool?: PoolSummary
  readonly claim?: string
  /** The DNS name that is published for it. */
  readonly dnsName?: string
  /** Of a pair. */
  readonly second?: SecondAddress
}

/** The second address of a pair, and where it comes from. */
export interface SecondAddress {
  readonly address?: string
  readonly pool?: PoolSummary
  readonly claim?: string
}

/** A pool by kind, namespace (`""` for a global one) and name. */
export interface PoolSummary {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** The result of the query `status`. */
export interface AllocationStatus {
  readonly cluster: NamespacedName
  readonly uid?: string
  /** The control plane always; ingress when the first step has found that the Cluster wants it. */
  readonly roles: Readonly<Partial<Record<Role, RoleStatus>>>
  /** Reasons given with `wake` and `retryNow`, the latest last, at most the last few. */
  readonly wakes: readonly string[]
}

export interface RoleStatus {
  readonly phase: AllocationPhase
  readonly message: string
  /** Of the end. */
  readonly reason?: Reason
  /** Present while the step of the phase has failed and will be retried. */
  readonly waiting?: {
    readonly reason: string
    readonly message: string
    /** RFC 3339: since when for this reason, with this message. */
    readonly since: string
  }
  readonly pool?: PoolSummary
  readonly claim?: string
  readonly address?: string
  /** Of a pair, when the first address is held. */
  readonly second?: SecondAddress
  /** All pools, with why each was or was not selected. */
  readonly considered: readonly PoolVerdict[]
  /** Messages about addresses that the claim was given although somebody else has them, the latest last. */
  readonly duplicates: readonly string[]
}

/** The argument of the signal `waiting`. */
export interface WaitReport {
  readonly role: Role
  /** Of the closed list, or the failure type of a request that may succeed the next time. */
  readonly reason: string
  readonly message: string
  /** All pools, if the step waits for one. */
  readonly considered: readonly PoolVerdict[]
  /** The search attributes that are registered in the Temporal namespace; a run must not set others. */
  readonly searchable: readonly SearchAttributeName[]
  /** As of `SelectIPPoolResult`; absent: the step does not know. */
  readonly alsoWanted?: readonly Role[]
  /** An address was left to somebody else: this is no wait, and the next address is tried. */
  readonly isLeft: boolean
  /** Milliseconds since the epoch: when the activity was scheduled, which distinguishes it from an earlier one of the step. */
  readonly scheduledAt: number
}

export type AllocationPhase =
  | 'SelectingPool'
  | 'EnsuringClaim'
  | 'AwaitingAddress'
  | 'ProbingAddress'
  | 'AssigningVip'
  | 'PublishingName'
  | 'Done'

export interface AllocateAtOnceInput extends StepInput {
  /** Milliseconds since the epoch: when the run started. */
  readonly startedAt: number
}

/** The results of the steps that made progress. `left`: why the next step is left to a regular activity. */
export type AllocateAtOnceResult = MadeSteps & { readonly second?: MadeSteps; readonly left?: string }

/** The results of steps. Those about the second address of a pair are apart. */
export type MadeSteps = { readonly [S in keyof Steps]?: Awaited<ReturnType<Steps[S]>> }

export interface ConfirmReleaseInput extends ClusterIdentity, Pick<StepInput, 'managementClusterUid'> {
  readonly held: readonly HeldAddress[]
  /** The first step ends with what it has found, instead of waiting for its next attempt. */
  readonly isFirst: boolean
  /** When the Cluster was first found to be gone, in milliseconds since the epoch; absent before that. */
  readonly goneSince?: number
  /** The run knows the result `keep`; absent: its Worker is of an earlier version, and waits by retries instead. */
  readonly understandsKeep?: boolean
}

/** `held`: everything that the Cluster held, including objects that this attempt has found. */
export type ConfirmReleaseResult =
  /** Objects were found for the first time, or it was the first step. `isGone`: the Cluster is gone. */
  | { readonly next: 'wait'; readonly held: readonly HeldAddress[]; readonly isGone: boolean }
  /** All that is left is kept, and nothing is to be done until then (milliseconds since the epoch); absent: until a wake. */
  | {
      readonly next: 'keep'
      readonly held: readonly HeldAddress[]
      readonly until?: number
      readonly message: string
      /** Since this attempt, or until another time than before. */
      readonly isNew?: boolean
    }
  /** Nothing is left. `because`: why, if no read has shown that it was released. */
  | { readonly next: 'released'; readonly held: readonly HeldAddress[]; readonly because?: string }

/**
 * Reads the argument of `allocateVip`, which a person may have typed.
 *
 * @param workflowId of the run. With the id of another Cluster it would block the run of that Cluster
 * @throws RangeError that names the fault, the value and the expectation
 */
export function parseAllocateVipInput(args: readonly unknown[], workflowId: string): NamespacedName {
  const expected = 'expected one JSON object {"namespace":"<namespace>","name":"<cluster>"}'
  const input = objectIn(args, ['namespace', 'name'], expected)
  const cluster = {
    namespace: nameField(input, 'namespace', expected),
    name: nameField(input, 'name', expected),
  }
  const named = partsOfWorkflowId(workflowId)
  if (named !== undefined && formatKey(named.cluster) !== formatKey(cluster)) {
    throw new RangeError(
      `the argument names Cluster ${formatKey(cluster)}, expected ${formatKey(named.cluster)}, whose workflow id this is; ${workflowIdFor(cluster, named.managementCluster)} is the other one's`,
    )
  }
  return cluster
}

/** Reads the argument of `releaseVip`. @throws RangeError that names the fault, the value and the expectation */
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

/** The limit for namespaces and uids, and for a Cluster's name, which has to fit into a label value. */
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

/** Reads the argument of the signal `waiting`; undefined if it is invalid, since anybody can send a signal. */
export function parseWaitReport(report: unknown): WaitReport | undefined {
  if (!isObject(report)) return undefined
  const { reason, message, considered, scheduledAt } = report
  const role = roles.find((each) => each === report['role'])
  if (role === undefined || typeof reason !== 'string' || typeof message !== 'string') return undefined
  return {
    role,
    reason,
    message,
    considered: arrayOf(considered).filter(isPoolVerdict),
    searchable: searchAttributeNames.filter((name) => arrayOf(report['searchable']).includes(name)),
    alsoWanted: roles.filter((each) => arrayOf(report['alsoWanted']).includes(each)),
    isLeft: report['isLeft'] === true,
    scheduledAt: typeof scheduledAt === 'number' ? scheduledAt : 0,
  }
}
