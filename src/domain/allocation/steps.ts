import { isToBeProbed, type Probe } from './probe.ts'
import type { PoolVerdict } from './pool-selection.ts'
import { claimNameFor, type ClaimRefusal } from '../model/claim.ts'
import type { PooledAddress } from '../model/ip-address.ts'
import type { NamespacedName } from '../model/object-meta.ts'
import type { IPPoolReference } from '../model/pool.ts'
import type { Reason } from '../reason.ts'
import { secondPartOf, type Role, type VipPart } from '../role.ts'
import type { SearchAttributeName } from '../search-attributes.ts'

/**
 * The steps of an allocation. Each observes, and performs those next actions that are in its scope; each can be repeated at
 * any time. Inputs and results go over the wire: running workflows depend on them.
 *
 * `probeAddress` and `publishDnsName` are taken only if an earlier result asks for them, which no run that began before has.
 */
export interface Steps {
  selectIPPool(input: StepInput): Promise<SelectIPPoolResult>
  ensureIPAddressClaim(input: EnsureIPAddressClaimInput): Promise<EnsureIPAddressClaimResult>
  awaitIPAddress(input: ClaimStepInput): Promise<AwaitIPAddressResult>
  assignVip(input: AssignVipInput): Promise<AssignVipResult>
  publishDnsName(input: PublishDnsNameInput): Promise<PublishDnsNameResult>
  probeAddress(input: ProbeAddressInput): Promise<ProbeAddressResult>
}

/** The result that ends a pass through the steps. */
export type SequenceEnd = StepEnd | Extract<AssignVipResult, { readonly next: 'assigned' }>

/** Takes the steps. One that has been taken before returns its result, and no promise. */
export type StepTakers = {
  readonly [S in keyof Steps]: (input: StepInputs[S]) => StepResults[S] | Promise<StepResults[S]>
}

type StepInputs = { readonly [S in keyof Steps]: Parameters<Steps[S]>[0] }
type StepResults = { readonly [S in keyof Steps]: Awaited<ReturnType<Steps[S]>> }

/**
 * Takes the steps in their order. The workflow passes activities, the fast path functions. A pair takes the first three for
 * each of its addresses, and the last one for both.
 *
 * It awaits promises only: Temporal's SDK takes a stack trace for every promise of a workflow.
 *
 * @param startedAt milliseconds since the epoch: when the run started
 * @returns the result of the last step, or of the first that does not lead to the next
 */
export async function takeSteps(
  steps: StepTakers,
  input: StepInput,
  startedAt: number,
): Promise<SequenceEnd> {
  const sequence = stepsFor(input, startedAt)
  let next = sequence.next()
  while (next.done !== true) {
    const taking = next.value(steps)
    if (taking !== undefined) await taking
    next = sequence.next()
  }
  return next.value
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}

/** Takes one step. A promise if it has to be awaited before the sequence goes on. */
type StepCall = (steps: StepTakers) => Promise<void> | undefined

type Sequence<R> = Generator<StepCall, R, void>

function* take<S extends keyof Steps>(name: S, input: StepInputs[S]): Sequence<StepResults[S]> {
  const results: StepResults[S][] = []
  yield (steps) => {
    const taken = steps[name](input)
    if (isPromise(taken)) return taken.then((result) => void results.push(result))
    results.push(taken)
    return undefined
  }
  const [result] = results
  if (result === undefined) throw new Error(`the sequence has gone on before ${name} was taken`)
  return result
}

function* stepsFor(input: StepInput, startedAt: number): Sequence<SequenceEnd> {
  const first = yield* holdAddress(input)
  if (first.next === 'complete-port') return yield* take('assignVip', { ...input, uid: first.uid })
  if (first.next !== 'held') return first
  const { held, address, isPair } = first
  if (!isPair) return yield* assign({ ...held, address, startedAt })

  const second = yield* holdAddress({ ...input, half: 'second' })
  if (second.next === 'complete-port') return { next: 'restart', message: 'the VIP has got an endpoint' }
  if (second.next !== 'held') return second
  const { claim } = second.held
  const other = { address: second.address, ...(claim !== undefined && { claim }) }
  return yield* assign({ ...held, address, startedAt, second: other })
}

function* assign(input: AssignVipInput): Sequence<SequenceEnd> {
  const assigned = yield* take('assignVip', input)
  if (assigned.next === 'assigned' && assigned.dnsName !== undefined) {
    const { cluster, role, managementClusterUid, uid } = input
    const run = { cluster, role, ...(managementClusterUid !== undefined && { managementClusterUid }) }
    yield* take('publishDnsName', { ...run, uid, dnsName: assigned.dnsName })
  }
  return assigned
}

type HoldResult =
  | StepEnd
  | { readonly next: 'complete-port'; readonly uid: string }
  | {
      readonly next: 'held'
      readonly held: ClaimStepInput
      readonly address: string
      readonly isPair: boolean
    }

/** The steps until a claim holds one address. */
function* holdAddress(input: StepInput): Sequence<HoldResult> {
  const selected = yield* take('selectIPPool', input)
  if (selected.next !== 'claim') return selected
  const { uid, poolRef, restore, retain, annotations, claim: found, isPair = false } = selected
  const again = {
    ...(restore !== undefined && { restore }),
    ...(retain !== undefined && { retain }),
    ...(annotations !== undefined && { annotations }),
    ...(found !== undefined && { claim: found }),
  }

  const ensured = yield* take('ensureIPAddressClaim', { ...input, uid, poolRef, ...again })
  if (ensured.next !== 'await') return ensured

  const { claim } = ensured
  const usual = claimNameFor(input.cluster, partOfStep(input))
  const held = { ...input, uid, ...(claim !== usual && { claim }) }
  const awaited = yield* take('awaitIPAddress', held)
  if (awaited.next !== 'assign') return awaited
  const { address } = awaited
  const { probe } = selected
  if (probe !== undefined && isToBeProbed(probe, address)) {
    const probed = yield* take('probeAddress', { ...held, address, ports: probe.ports })
    if (probed.next !== 'assign') return probed
  }
  return { next: 'held', held, address, isPair }
}

/** The part of a VIP that a step is about. */
export function partOfStep({ role, half }: Pick<StepInput, 'role' | 'half'>): VipPart {
  return half === undefined ? role : secondPartOf(role)
}

export interface StepInput {
  readonly cluster: NamespacedName
  readonly role: Role
  /** The step is about the second address of a pair; absent: the first, or the only one. */
  readonly half?: 'second'
  /** The uid of the management cluster that the run is of; absent if it names none. */
  readonly managementClusterUid?: string
  /** The pools that earlier passes of the run have tried, as `triedPoolsIn` reads them; absent: none. */
  readonly tried?: string
}

export interface ClaimStepInput extends StepInput {
  /** Of the Cluster, as the first step found it. */
  readonly uid: string
  /** Name of the claim; absent: the usual one. */
  readonly claim?: string
}

export interface EnsureIPAddressClaimInput extends ClaimStepInput {
  readonly poolRef: IPPoolReference
  /** The address that the claim has to get: the Cluster had it before, asks for it, or has it as endpoint. */
  readonly restore?: PooledAddress
  /** What the claim has to be made for, as `retainOf` its pool says; absent: what it is, and `none` for a new one. */
  readonly retain?: string
  /** What the claim has to have for its IPAM provider, and which pools were tried; absent: nothing. */
  readonly annotations?: Readonly<Record<string, string>>
}

export interface AssignVipInput extends ClaimStepInput {
  /** Absent: complete the port of a host that is not ours. */
  readonly address?: string
  /** Milliseconds since the epoch: when the run started. */
  readonly startedAt?: number
  /** Of a pair. `claim` is absent if it has the usual name. */
  readonly second?: { readonly address: string; readonly claim?: string }
}

export interface ProbeAddressInput extends ClaimStepInput {
  readonly address: string
  readonly ports: readonly number[]
}

/** `assign`: nothing has answered. */
export type ProbeAddressResult = StepEnd | { readonly next: 'assign' }

export interface PublishDnsNameInput extends StepInput {
  /** Of the Cluster, as the first step found it. */
  readonly uid: string
  readonly dnsName: string
}

/** `left`: why the name is not published. The watcher starts another run when it can be. */
export type PublishDnsNameResult =
  { readonly next: 'published' } | { readonly next: 'left'; readonly because: string }

/** Any step can find that the allocation has ended, or has to restart. */
export type StepEnd =
  | {
      readonly next: 'end'
      readonly uid: string
      readonly reason: Reason
      readonly message: string
      readonly host?: string
      readonly port?: number
      readonly secondHost?: string
    }
  /** The Cluster of this name is another object now. */
  | { readonly next: 'replaced' }
  /** The objects have changed between two steps. */
  | {
      readonly next: 'restart'
      readonly reason?: 'DuplicateAddress'
      readonly message: string
      /** The pools that are not to be tried again yet, as `triedPoolsIn` reads them; absent: none. */
      readonly tried?: string
      /** The word of the IPAM provider that has refused the claim; absent: none has. */
      readonly refusal?: ClaimRefusal['reason']
    }

/**
 * `alsoWanted`: the other roles for which the Cluster wants a VIP; absent if there are none. `searchable`: the search
 * attributes that are registered in the Temporal namespace; absent if there are none.
 */
export type SelectIPPoolResult = (
  | StepEnd
  | { readonly next: 'complete-port'; readonly uid: string }
  | {
      readonly next: 'claim'
      readonly uid: string
      readonly poolRef: IPPoolReference
      /** Of the pool, `""` for a global one; absent: the one that its kind shows, as of `poolNamespaceFor`. */
      readonly poolNamespace?: string
      readonly considered: readonly PoolVerdict[]
      /** The claim was there before this step: the verdicts are not those by which its pool was selected. */
      readonly isFound?: boolean
      /** Name of a claim that was kept under the longer name of another uid; absent: the Cluster's names show it. */
      readonly claim?: string
      readonly restore?: PooledAddress
      readonly retain?: string
      /** How to probe the address before it is assigned; absent: not at all. */
      readonly probe?: Probe
      /** As of `PoolChoice`. */
      readonly annotations?: Readonly<Record<string, string>>
      /** Why it is not the address that the Cluster's annotation names; absent if it names none. */
      readonly insteadOf?: string
      /** The VIP is a pair: a second address follows. Absent: it is not. */
      readonly isPair?: boolean
    }
) & { readonly alsoWanted?: readonly Role[]; readonly searchable?: readonly SearchAttributeName[] }

export type EnsureIPAddressClaimResult =
  StepEnd | { readonly next: 'await'; readonly claim: string; readonly poolRef: IPPoolReference }

export type AwaitIPAddressResult = StepEnd | { readonly next: 'assign'; readonly address: string }

/**
 * `poolRef` and `claim`: the source of a VIP of ours. `isNew`: the Cluster had none before. `disagreement`: what its variables
 * have instead.
 */
export type AssignVipResult =
  | StepEnd
  | {
      readonly next: 'assigned'
      readonly host: string
      readonly port?: number
      readonly poolRef?: IPPoolReference
      readonly claim?: string
      /** Of a pair: `poolRef` and `claim` are the source of its second address. */
      readonly secondHost?: string
      readonly second?: { readonly poolRef: IPPoolReference; readonly claim: string }
      readonly isNew?: boolean
      readonly disagreement?: string
      /** To publish next; absent: none. */
      readonly dnsName?: string
    }
