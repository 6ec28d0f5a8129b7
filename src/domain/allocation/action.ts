import type { DnsNameTemplates } from '../dns-name.ts'
import type { AssignedVip } from './cluster-patch.ts'
import type { PoolVerdict } from './pool-selection.ts'
import type { TriedPool } from './tried-pools.ts'
import type { AddressFamily } from '../model/address-text.ts'
import type { ClaimRefusal, IPAddressClaim } from '../model/claim.ts'
import type { ClusterClass } from '../model/cluster-class.ts'
import type { Cluster } from '../model/cluster.ts'
import type { IPAddress, PooledAddress } from '../model/ip-address.ts'
import type { JsonPatch } from '../model/json-patch.ts'
import type { NamespacedName } from '../model/object-meta.ts'
import type { PoolKind } from '../model/pool-kind.ts'
import type { IPPool, IPPoolReference } from '../model/pool.ts'
import type { Reason } from '../reason.ts'
import type { Role, VariableNames, VipPart } from '../role.ts'

/** What a person may configure about allocations. */
export interface AllocationSettings {
  readonly variables: VariableNames
  /** Port of an API server if the Cluster names none (flag `--default-port`). */
  readonly defaultPort: number
  /** The DNS names of VIPs; absent: they have none. */
  readonly dnsNames?: DnsNameTemplates
  /** Only Clusters that ask for a VIP have one (flag `--require-opt-in`); absent: false. */
  readonly requiresOptIn?: boolean | undefined
  /** The kinds of pools that are used; absent: those of the in-cluster provider. */
  readonly poolKinds?: readonly PoolKind[] | undefined
}

/** The settings on which it depends whether a Cluster needs a VIP. */
export type EligibilitySettings = Pick<
  AllocationSettings,
  'variables' | 'requiresOptIn' | 'poolKinds' | 'dnsNames'
>

/** The input of a decision, as it was read. An absent fact has not been read; one that is undefined does not exist. */
export interface Observed extends Facts, AllocationSettings {
  readonly key: NamespacedName
  readonly cluster: Cluster | undefined
  /** The Cluster's claim; else one that it may adopt; else the IPAddressClaim with the usual name of it (`claimAmong`). */
  readonly claim: IPAddressClaim | undefined
  /** If `claim` has a longer name: the one with the usual name, of any owner. Only a prediction needs it. */
  readonly usualClaim?: IPAddressClaim | undefined
  /** The choice that an earlier step of the same run made. */
  readonly choice?: PoolChoice
  /** The run may have waited since that choice: it stands only as long as the pool is meant for the Cluster. Absent: false. */
  readonly isChoiceOld?: boolean
  /** Why facts are not what they seem; absent: they are. */
  readonly unreadable?: Unreadable | undefined
  /** The pool of another IPAM provider that the Cluster names is in no namespace. Absent: false. */
  readonly isForeignPoolGlobal?: boolean | undefined
  /** The pools that were tried without success. */
  readonly tried?: readonly TriedPool[] | undefined
  /** Milliseconds since the epoch; absent: no time has passed that matters. */
  readonly now?: number | undefined
  /** VIPs that Clusters wait for in the queue; absent: unknown before a read of the queue. */
  readonly waitingCount?: number | undefined
  /** Of the step, from 1. */
  readonly attempt?: number
}

/** The input of a decision about a Cluster that exists. */
export type ObservedCluster = Observed & { readonly cluster: Cluster }

/** Why facts could not be read. A run cannot choose a pool without them. */
export interface Unreadable {
  /** No kind of pool is served, so there are no pools. */
  readonly pools?: string | undefined
  /** The pool of another IPAM provider that the Cluster names cannot exist: its kind is not served. */
  readonly foreignPool?: string | undefined
  /** The ClusterClass may exist. */
  readonly clusterClass?: string | undefined
}

/** Facts that not every decision needs. `nextAction` asks for each by an `observe`. */
export interface Facts {
  /** The pools that the Cluster can reach. */
  readonly pools?: readonly IPPool[]
  /** The IPAddress that the claim is bound to. */
  readonly ipAddress?: IPAddress | undefined
  /** The IPAddress that has the name of the claim, or that the claim would have. */
  readonly namedAddress?: IPAddress | undefined
  /** Of the Cluster's topology. */
  readonly clusterClass?: ClusterClass | undefined
  /** All Clusters and IPAddresses. */
  readonly addressUse?: AddressUse
  /** At least the Clusters and IPAddresses that use the address of `ipAddress`. */
  readonly sameAddressUse?: AddressUse
  /** What belongs to the second address of a pair alone. */
  readonly second?: SecondFacts
  /** Who waits for addresses. */
  readonly waiting?: WaitingQueue
}

/** Of the second address of a pair: the same facts as of the first, each with the same meaning. */
export type SecondFacts = Pick<Observed, 'claim' | 'usualClaim' | 'choice' | 'isChoiceOld'> &
  Pick<Facts, 'ipAddress' | 'namedAddress' | 'sameAddressUse'>

export type Fact = keyof Facts

/** All uses of addresses in the management cluster at one moment. */
export interface AddressUse {
  readonly clusters: readonly Cluster[]
  readonly ipAddresses: readonly IPAddress[]
  /** The ClusterClass of a Cluster, which may name the variables that have its VIPs; absent if no class is known. */
  readonly classOf?: (cluster: Cluster) => ClusterClass | undefined
  /** The pool of an IPAddress, which may name its network; absent if no pool is known. */
  readonly poolOf?: (ipAddress: IPAddress) => IPPool | undefined
}

/** A Cluster that waits until a pool has an address for one of its VIPs. */
export interface Waiter {
  readonly cluster: Cluster
  readonly role: Role
  /** RFC 3339: since when. */
  readonly since: string
  /** Who has a higher one is served first. */
  readonly priority: number
}

/** Everybody who waits for a pool, and what each can use. */
export interface WaitingQueue {
  /** In the order of `compareTurns`. */
  readonly waiters: readonly Waiter[]
  /** The pools that Clusters of a namespace can use, as of `poolsUsableBy`. */
  readonly poolsOf: (namespace: string) => readonly IPPool[]
  /** The claim for a VIP, as `claimAmong` picks it. */
  readonly claimOf: (cluster: Cluster, part: VipPart) => IPAddressClaim | undefined
  readonly classOf: (cluster: Cluster) => ClusterClass | undefined
  /** How many Clusters each free address of a pool is offered to: more than 1 if those in front let it lie. Absent: 1. */
  readonly offersOf?: (pool: IPPool) => number
}

export interface BoundClaim {
  readonly claim: IPAddressClaim
  readonly ipAddress: IPAddress
}

/** From which pool the VIP comes. */
export interface PoolChoice {
  readonly poolRef: IPPoolReference
  readonly considered: readonly PoolVerdict[]
  /** The address that the claim has to get: the Cluster had it before, asks for it, or has it as endpoint. */
  readonly restore?: PooledAddress
  /** Why it is not the address that the Cluster's annotation names. */
  readonly insteadOf?: string
  /** What the claim has to be made for, as `retainOf` its pool says; absent: what it is, and `none` for a new one. */
  readonly retain?: string
  /** What the claim has to have for its IPAM provider, and which pools were tried; absent: nothing. */
  readonly annotations?: Readonly<Record<string, string>>
}

/** The one thing to do next for a VIP. `half`: it is about the second address of a pair, with its own claim. */
export type Action = ActionKind & { readonly half?: 'second' }

type ActionKind =
  /** Read this, and ask again. */
  | { readonly action: 'observe'; readonly fact: Fact }
  | { readonly action: 'selectPool'; readonly choice: PoolChoice }
  /** Create the IPAddress before its claim: the IPAM provider adopts it, and the claim gets that address. */
  | { readonly action: 'restoreAddress'; readonly address: PooledAddress; readonly claimName: string }
  /** An IPAddress that was created so is not wanted any more, and no claim has adopted it. */
  | { readonly action: 'discardAddress'; readonly ipAddress: IPAddress; readonly because: string }
  /** `annotations`: by which the claim asks its provider for a certain address. `family`: of an address of a pair. */
  | {
      readonly action: 'createClaim'
      readonly poolRef: IPPoolReference
      readonly claimName: string
      readonly retain?: string
      readonly annotations?: Readonly<Record<string, string>>
      readonly family?: AddressFamily
    }
  /** Nobody owns the claim of our name, or it was kept for the Cluster: it becomes the Cluster's. */
  | { readonly action: 'adoptClaim'; readonly claim: IPAddressClaim; readonly family?: AddressFamily }
  /** The Cluster's own claim lacks labels: the predecessor of this program made it, or the Cluster's labels have changed. */
  | {
      readonly action: 'labelClaim'
      readonly claim: IPAddressClaim
      readonly labels: Readonly<Record<string, string>>
    }
  /** The pool of the Cluster's own claim has begun or ceased to retain addresses, or does it for another time. */
  | { readonly action: 'convertClaim'; readonly claim: IPAddressClaim; readonly retain: string }
  /** The garbage collector has missed the claim of the previous Cluster of the same name. */
  | {
      readonly action: 'discardClaim'
      readonly claim: IPAddressClaim
      readonly previousUid: string
      readonly because: string
    }
  /** The claim is of no use. The allocation restarts, or has ended. */
  | {
      readonly action: 'deleteClaim'
      readonly claim: IPAddressClaim
      readonly because: string
      readonly outcome: 'restart' | ActionOf<'done'>
      /** The pools that are not to be tried again yet; absent: none. */
      readonly tried?: readonly TriedPool[]
      /** The word of its IPAM provider, which gives it no address; absent: that is not the reason. */
      readonly refusal?: ClaimRefusal['reason']
    }
  /** Somebody else has the address: record that, keep the address reserved, and delete the claim. */
  | ({ readonly action: 'stepBack'; readonly because: string } & BoundClaim)
  /** Nobody else has these addresses any more: the Cluster need not keep them reserved. */
  | { readonly action: 'releaseReservations'; readonly addresses: readonly string[] }
  /** Conditional on the Cluster as read. `isNew`: the Cluster had no VIP before. `rest`: what a host that is not ours lacks. */
  | {
      readonly action: 'patchCluster'
      readonly writes: 'vip' | 'rest'
      readonly patch: JsonPatch
      readonly assigned: AssignedVip
      readonly isNew: boolean
      /** What variables have instead of the VIP afterwards. */
      readonly disagreement?: string | undefined
    }
  /** Nothing to do until something changes. `considered`: the verdict on every pool, if it waits for a pool. */
  | {
      readonly action: 'wait'
      readonly reason: Reason
      readonly message: string
      readonly considered?: readonly PoolVerdict[]
      /** Some pool has room, but for Clusters with an earlier turn. Absent: false. */
      readonly isAfterOthers?: boolean
      /** The Cluster is in the queue for a pool, as its condition says, and no time that passes ends the wait. Absent: false. */
      readonly isQueued?: boolean
    }
  /** Nothing to do until a person acts. */
  | { readonly action: 'refuse'; readonly reason: Reason; readonly message: string }
  /** Nothing to do. `vip`: the one in place. `disagreement`: what variables have instead; the message says it, too. */
  | {
      readonly action: 'done'
      readonly reason: Extract<
        Reason,
        'Allocated' | 'EndpointAlreadySet' | 'NoMatchingPool' | 'ClusterDeleted'
      >
      readonly message: string
      readonly vip?: AssignedVip
      readonly disagreement?: string | undefined
    }

export type ActionOf<A extends Action['action']> = Extract<Action, { readonly action: A }>

/** What is observed after the IPAddress of this name is deleted. */
export function withoutAddress(observed: Observed, { namespace, name }: NamespacedName): Observed {
  const { addressUse } = observed
  if (addressUse === undefined) return { ...observed, namedAddress: undefined }
  const ipAddresses = addressUse.ipAddresses.filter(
    (each) => each.namespace !== namespace || each.name !== name,
  )
  const { clusters, classOf, poolOf } = addressUse
  const use = { clusters, ipAddresses, ...(classOf && { classOf }), ...(poolOf && { poolOf }) }
  return { ...observed, namedAddress: undefined, addressUse: use }
}

export function observe(fact: Fact): ActionOf<'observe'> {
  return { action: 'observe', fact }
}

export function wait(reason: Reason, message: string): ActionOf<'wait'> {
  return { action: 'wait', reason, message }
}

export function refuse(reason: Reason, message: string): ActionOf<'refuse'> {
  return { action: 'refuse', reason, message }
}

export function done(reason: ActionOf<'done'>['reason'], message: string): ActionOf<'done'> {
  return { action: 'done', reason, message }
}

/** Whether a fact has been read. */
export function has(observed: Observed, fact: Fact): boolean {
  return fact in observed
}
