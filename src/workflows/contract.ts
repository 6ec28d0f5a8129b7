import type { PooledAddress } from '../domain/allocated-address.ts'
import { arrayOf, isObject } from '../domain/decode.ts'
import { formatKey, type NamespacedName } from '../domain/object-meta.ts'
import type { IPPoolReference } from '../domain/pool.ts'
import { isPoolVerdict, type PoolVerdict } from '../domain/pool-selection.ts'
import type { Reason } from '../domain/reason.ts'
import { quoted, shortened } from '../domain/quote.ts'
import { roles, type Role } from '../domain/role.ts'
import { searchAttributeNames, type SearchAttributeName } from '../domain/search-attributes.ts'

/** What goes over the wire between watcher, people, workflow and activities. Running workflows depend on it. */

/** Workflow type, as `tctl --workflow_type` takes it. */
export const allocateVipType = 'allocateVip'
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

/** The end of an allocation: what was decided for the Cluster, with the reason. */
export interface AllocateVipResult {
  readonly cluster: NamespacedName & { readonly uid: string }
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

/** What a step waits for, as the signal `waiting` carries it. */
export interface WaitingNews {
  readonly role: Role
  /** Of the closed list, or the failure type of a request that may pass the next time. */
  readonly reason: string
  readonly message: string
  /** Every pool looked at, where the choice of one is what is waited for. */
  readonly considered: readonly PoolVerdict[]
  /** The search attributes that this Temporal namespace has; a run must not set others. */
  readonly searchable: readonly SearchAttributeName[]
}

export type AllocationPhase = 'SelectingPool' | 'EnsuringClaim' | 'AwaitingAddress' | 'AssigningVip' | 'Done'

/** What every activity is asked about. `uid` is fixed by the first one. */
export interface StepInput {
  readonly cluster: NamespacedName
  readonly role: Role
}

export interface ClaimStepInput extends StepInput {
  readonly uid: string
}

export interface EnsureIPAddressClaimInput extends ClaimStepInput {
  readonly poolRef: IPPoolReference
  /** Present: the claim has to get this very address again. */
  readonly restore?: PooledAddress
}

export interface AssignVipInput extends ClaimStepInput {
  /** Absent: complete the port of a host that is not ours. */
  readonly address?: string
  /** Milliseconds since the epoch: when the run began. */
  readonly startedAt?: number
}

/** Any step can find that the allocation is over, or that it has to begin anew. */
export type StepEnd =
  | {
      readonly next: 'end'
      readonly uid: string
      readonly reason: Reason
      readonly message: string
      readonly host?: string
      readonly port?: number
    }
  /** The Cluster of this name is another object now. */
  | { readonly next: 'replaced' }
  /** The world moved between two steps: look at it from the start. */
  | { readonly next: 'restart'; readonly reason?: 'DuplicateAddress'; readonly message: string }

/**
 * `alsoWanted`: the other roles for which the Cluster wants a VIP; absent for none. `searchable`: the search attributes
 * that this Temporal namespace has; absent for none.
 */
export type SelectIPPoolResult = (
  | StepEnd
  | { readonly next: 'complete-port'; readonly uid: string }
  | {
      readonly next: 'claim'
      readonly uid: string
      readonly poolRef: IPPoolReference
      readonly considered: readonly PoolVerdict[]
      readonly restore?: PooledAddress
    }
) & { readonly alsoWanted?: readonly Role[]; readonly searchable?: readonly SearchAttributeName[] }

export type EnsureIPAddressClaimResult =
  StepEnd | { readonly next: 'await'; readonly claim: string; readonly poolRef: IPPoolReference }

export type AwaitIPAddressResult = StepEnd | { readonly next: 'assign'; readonly address: string }

/** `poolRef` and `claim`: where a VIP of ours comes from. `isNew`: the Cluster had none before. */
export type AssignVipResult =
  | StepEnd
  | {
      readonly next: 'assigned'
      readonly host: string
      readonly port?: number
      readonly poolRef?: IPPoolReference
      readonly claim?: string
      readonly isNew?: boolean
    }

/**
 * Reads the argument of `allocateVip`, which a person may have typed.
 *
 * @throws RangeError that names what is wrong, with the value and what was expected
 */
export function parseAllocateVipInput(args: readonly unknown[]): AllocateVipInput {
  const [input] = args
  if (args.length !== 1 || !isObject(input)) {
    throw new RangeError(`the argument is ${quoted(args.length === 1 ? input : args)}, ${expected}`)
  }
  if (undecodable in input) {
    throw new RangeError(
      `the argument cannot be decoded (${shortened(String(input[undecodable]))}), ${expected}`,
    )
  }
  const unknown = Object.keys(input).filter((key) => key !== 'namespace' && key !== 'name')
  if (unknown.length > 0) throw new RangeError(`the argument has a field ${quoted(unknown[0])}, ${expected}`)
  return { namespace: nameField(input, 'namespace'), name: nameField(input, 'name') }
}

const expected = 'expected one JSON object {"namespace":"<namespace>","name":"<cluster>"}'

/** A namespace has no more; a Cluster's name has to fit into a label value. */
const nameLength = 63

function nameField(input: Readonly<Record<string, unknown>>, field: string): string {
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

/** Reads the argument of the signal `waiting`; undefined where it is none, since anybody can send a signal. */
export function parseWaitingNews(news: unknown): WaitingNews | undefined {
  if (!isObject(news)) return undefined
  const { reason, message, considered } = news
  const role = roles.find((known) => known === news['role'])
  if (role === undefined || typeof reason !== 'string' || typeof message !== 'string') return undefined
  return {
    role,
    reason,
    message,
    considered: arrayOf(considered).filter(isPoolVerdict),
    searchable: searchAttributeNames.filter((name) => arrayOf(news['searchable']).includes(name)),
  }
}
