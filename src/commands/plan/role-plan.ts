import type { Action, ActionOf, Observed } from '../../domain/allocation/action.ts'
import { whyThisAddress } from '../../domain/allocation/asked-choice.ts'
import { afterAction, openAddressOf } from '../../domain/allocation/after-action.ts'
import { formatVip, vipFields, type AssignedVip } from '../../domain/allocation/cluster-patch.ts'
import { dnsEndpointKeyFor, dnsNameOf } from '../../domain/allocation/dns-endpoint.ts'
import { desireFor, poolRequestFor } from '../../domain/allocation/eligibility.ts'
import { nextAction } from '../../domain/allocation/next-action.ts'
import { claimStays, verdictsBeside, type PoolVerdict } from '../../domain/allocation/pool-selection.ts'
import { subjectOf, viewOfSecond, type Subject } from '../../domain/allocation/second-view.ts'
import { partsOf, secondOf, vipRoleIn } from '../../domain/allocation/vip-role.ts'
import { placeInQueue, type QueuePlace } from '../../domain/allocation/waiting-queue.ts'
import { decideVariables } from '../../domain/allocation/vip-variables.ts'
import { claimNameFor, ownershipOf, retainedFor } from '../../domain/model/claim.ts'
import { noDnsNames } from '../../domain/dns-name.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import type { JsonPatch } from '../../domain/model/json-patch.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import { formatVariablePath } from '../../domain/model/variable-path.ts'
import { formatPool, type IPPoolReference } from '../../domain/model/pool.ts'
import { none } from '../../domain/model/retain.ts'
import type { Reason } from '../../domain/reason.ts'
import { roleOf, roleSpecs, secondPartOf, type Role, type VipPart } from '../../domain/role.ts'
import { withAddition } from '../../domain/quote.ts'

/** Everything that a plan for one role of a Cluster follows from, as of one moment: no fact is missing. */
export type PlanFacts = Required<
  Omit<
    Observed,
    | 'cluster'
    | 'choice'
    | 'isChoiceOld'
    | 'attempt'
    | 'requiresOptIn'
    | 'poolKinds'
    | 'dnsNames'
    | 'unreadable'
    | 'isForeignPoolGlobal'
    | 'tried'
    | 'now'
    | 'waitingCount'
  >
> &
  Pick<
    Observed,
    'requiresOptIn' | 'poolKinds' | 'dnsNames' | 'unreadable' | 'isForeignPoolGlobal' | 'tried' | 'now'
  > & {
    readonly cluster: Cluster
  }

/** What a run would do now for one role of the Cluster. */
export interface RolePlan {
  readonly role: Role
  /**
   * `assign`: the VIP would be written; `complete`: a host that is not ours gets its port, or
   * the variables of the class get the host; `in-place`: nothing is
   * missing; `skip`: no VIP is wanted, or somebody else gave one; `wait`: the run would wait.
   */
  readonly outcome: 'assign' | 'complete' | 'in-place' | 'skip' | 'wait'
  /** With which a run would end or wait. */
  readonly reason: Reason
  readonly message: string
  /** A person has to act before the Cluster has its VIP. */
  readonly actionRequired: boolean
  /** The writes, in order, in words. */
  readonly steps: readonly string[]
  /** Every pool, with why it would or would not be chosen. */
  readonly considered: readonly PoolVerdict[]
  readonly pool?: IPPoolReference
  readonly claim?: { readonly name: string; readonly action: 'create' | 'adopt' | 'use' }
  /** Absent if the IPAM provider decides. */
  readonly address?: string
  /** Of a pair, the same of its second address. */
  readonly second?: Pick<RolePlan, 'pool' | 'claim' | 'address'>
  readonly port?: number
  /** Of a VIP that waits for an address of a full pool. */
  readonly queue?: QueuePlace
  /** Those of the class that receive the VIP: `name`, or `name.field` for a part of one. */
  readonly variables?: readonly PlannedVariable[]
  /** Of the Cluster; a text in angle brackets stands for an address that the IPAM provider decides. */
  readonly patch?: JsonPatch
}

export interface PlannedVariable {
  readonly name: string
  readonly isWritten: boolean
  readonly because: string
}

/** Each action deletes a claim, makes one, or ends the plan: more of them would be a fault of the rules. */
const mostActions = 30

/** Plans what a run would do for one role: asks for the next action until that is the last one. Nothing is written. */
export function planRole(facts: PlanFacts, role: Role): RolePlan {
  let observed: Observed = facts
  let made: Made = { steps: [], considered: [] }
  for (let actions = 0; actions < mostActions; actions += 1) {
    const action = nextAction(observed, role)
    made = withClaimsInUse(made, observed, role)
    const subject = subjectOf(observed, role, action)
    made = { ...made, steps: [...made.steps, ...stepsOf(action, subject)] }
    if (isLast(action)) return { role, ...conclusion(action, made, observed, role) }
    made = withAddress(made, action.half, (address) => withAction(address, action, subject))
    observed = afterAction(observed, role, action)
  }
  throw new Error(`the plan for Cluster ${formatKey(facts.key)} does not end`)
}

/** What has been planned so far. */
interface Made extends Pick<RolePlan, 'steps' | 'considered' | 'pool' | 'claim' | 'second'> {
  /** Why it is not the address that the Cluster's annotation names. */
  readonly insteadOf?: string | undefined
}

/** What has been planned for one address. */
type MadeAddress = Pick<Made, 'pool' | 'claim' | 'considered' | 'insteadOf'>

type Last =
  | ActionOf<'wait' | 'refuse' | 'done' | 'patchCluster'>
  | (ActionOf<'deleteClaim'> & { readonly outcome: ActionOf<'done'> })

function isLast(action: Action): action is Last {
  if (action.action === 'deleteClaim') return action.outcome !== 'restart'
  return ['wait', 'refuse', 'done', 'patchCluster'].includes(action.action)
}

/** Changes what has been planned for one address of the VIP. */
function withAddress(made: Made, half: Action['half'], change: (address: MadeAddress) => MadeAddress): Made {
  if (half === undefined) {
    const { steps, second } = made
    return { steps, ...(second !== undefined && { second }), ...change(made) }
  }
  const { considered, insteadOf, ...second } = change({ ...made.second, considered: [] })
  return {
    ...made,
    second,
    considered: considered.length > 0 ? considered : made.considered,
    insteadOf: insteadOf ?? made.insteadOf,
  }
}

function withClaimsInUse(made: Made, observed: Observed, role: Role): Made {
  const first = withAddress(made, undefined, (address) => withClaimInUse(address, observed, role))
  const { cluster, clusterClass, variables } = observed
  const isPair = cluster && secondOf(vipRoleIn(cluster, role, variables, clusterClass)) !== undefined
  if (isPair !== true) return first
  const view = viewOfSecond(observed)
  return withAddress(first, 'second', (address) => ({
    ...withClaimInUse(address, view, secondPartOf(role)),
    considered: [],
  }))
}

/** A usable claim that exists has made the choice already. */
function withClaimInUse(
  made: MadeAddress,
  { cluster, clusterClass, claim, pools = [] }: Observed,
  part: VipPart,
): MadeAddress {
  if (made.claim !== undefined || cluster === undefined || claim === undefined || claim.isDeleting)
    return made
  const { owner } = ownershipOf(claim, cluster)
  if (owner !== 'this-cluster' && owner !== 'nobody') return made
  return {
    ...made,
    considered: verdictsBeside(
      poolRequestFor(cluster, part, { clusterClass }),
      pools,
      claim.poolRef,
      claimStays,
    ),
    pool: claim.poolRef,
    claim: { name: claim.name, action: owner === 'nobody' ? 'adopt' : 'use' },
  }
}

function withAction(made: MadeAddress, action: Action, { part, view }: Subject): MadeAddress {
  const { cluster, clusterClass, pools = [], variables } = view
  switch (action.action) {
    case 'selectPool': {
      const { poolRef: pool, restore, insteadOf, considered } = action.choice
      if (cluster === undefined) return { ...made, pool }
      const claim = { name: claimNameFor(cluster, part), action: 'create' as const }
      if (restore === undefined) return { ...made, pool, claim, considered, insteadOf }
      const vip = partsOf(vipRoleIn(cluster, roleOf(part), variables, clusterClass)).find(
        (each) => each.part === part,
      )
      const why = vip && whyThisAddress(cluster, vip, restore.address)
      const because = `has ${restore.address}, ${why ?? 'which the Cluster had before'}`
      const request = poolRequestFor(cluster, part, { clusterClass })
      return { ...made, pool, claim, considered: verdictsBeside(request, pools, pool, because) }
    }
    case 'createClaim':
      return { ...made, claim: { name: action.claimName, action: 'create' } }
    case 'discardClaim':
    case 'deleteClaim':
    case 'stepBack':
      return { considered: [] }
    default:
      return made
  }
}

/** The writes of an action, in words. */
function stepsOf(action: Action, { part, view }: Subject): readonly string[] {
  const { key, claim } = view
  const name = claim?.name ?? claimNameFor(key, part)
  switch (action.action) {
    case 'releaseReservations':
      return action.addresses.map((address) => `let go of ${address}, which nobody else has any more`)
    case 'restoreAddress':
      return [`create IPAddress ${action.claimName} with ${action.address.address} before its claim`]
    case 'discardAddress':
      return [`delete IPAddress ${action.ipAddress.name}: ${action.because}`]
    case 'createClaim': {
      const { claimName, poolRef, annotations = {} } = action
      const asked = Object.entries(annotations).map(([key, value]) => ` with the annotation ${key}: ${value}`)
      return [`create IPAddressClaim ${claimName} for ${formatPool(poolRef)}${asked.join('')}`]
    }
    case 'adoptClaim':
      return [
        retainedFor(action.claim) === undefined
          ? `adopt IPAddressClaim ${name}, which nobody owns`
          : `take IPAddressClaim ${name} over, which was kept for a Cluster of this name`,
      ]
    case 'convertClaim':
      return [
        action.retain === none
          ? `have IPAddressClaim ${name} go with the Cluster, as ${formatPool(action.claim.poolRef)} retains no addresses`
          : `have IPAddressClaim ${name} outlive the Cluster, as ${formatPool(action.claim.poolRef)} retains addresses (${action.retain})`,
      ]
    case 'labelClaim': {
      const labels = Object.entries(action.labels).map(([key, value]) => `${key}=${value}`)
      return [`label IPAddressClaim ${name} with ${labels.join(', ')}`]
    }
    case 'discardClaim':
    case 'deleteClaim':
      return [`delete IPAddressClaim ${name}: ${action.because}`]
    case 'stepBack':
      return [`keep ${action.ipAddress.address} reserved and delete its claim: ${action.because}`]
    case 'patchCluster':
      return [
        `write ${formatVip(action.assigned)} to the Cluster`,
        ...(action.writes === 'vip' ? dnsStepsFor(view, roleOf(part)) : []),
      ]
    case 'selectPool':
    case 'observe':
    case 'wait':
    case 'refuse':
    case 'done':
      return []
    default:
      return action satisfies never
  }
}

function dnsStepsFor({ key, dnsNames = noDnsNames }: Observed, role: Role): readonly string[] {
  const name = dnsNameOf(key, role, dnsNames)
  if (name.decision === 'none') return name.because === undefined ? [] : [`publish nothing: ${name.because}`]
  return [`publish ${name.name} by DNSEndpoint ${dnsEndpointKeyFor(key, role).name}`]
}

type Conclusion = Omit<RolePlan, 'role'>

function conclusion(action: Last, made: Made, observed: Observed, role: Role): Conclusion {
  const { insteadOf: _insteadOf, ...choice } = made
  const withChoice = { ...choice, actionRequired: false }
  const withoutChoice = { steps: made.steps, considered: [], actionRequired: false }
  switch (action.action) {
    case 'patchCluster': {
      const { assigned, patch } = action
      if (action.writes === 'vip') return { ...withChoice, ...writing(action, made, observed, role) }
      const message = withAddition(
        `the host is somebody else's and stays; port or variables would be completed: ${formatVip(assigned)}`,
        action.disagreement,
      )
      const outcome = { outcome: 'complete', reason: 'EndpointAlreadySet', message } as const
      return { ...withoutChoice, ...outcome, patch, ...vipFields(assigned), ...variablesIn(observed, role) }
    }
    case 'deleteClaim': {
      const { reason, message } = action.outcome
      return { ...withoutChoice, outcome: 'skip', reason, message }
    }
    case 'done': {
      const { reason, message } = action
      if (reason === 'Allocated') {
        const inPlace = action.vip && vipFields(action.vip)
        const outcome = { outcome: 'in-place', reason, message } as const
        return { ...withChoice, ...outcome, ...inPlace, ...variablesIn(observed, role) }
      }
      const actionRequired = reason === 'ClusterDeleted' || lacksDefaultVip(observed, role)
      return { ...withoutChoice, outcome: 'skip', reason, message, actionRequired }
    }
    case 'wait':
    case 'refuse': {
      const { action: kind, reason, message } = action
      const of = action.half === undefined ? made : (made.second ?? {})
      const isUnchosen = kind === 'wait' && of.claim === undefined
      const { ipAddress } = subjectOf(observed, role, action).view
      return {
        ...withChoice,
        outcome: 'wait',
        reason,
        message,
        actionRequired: kind === 'refuse' || endedByPerson.includes(reason),
        considered: (isUnchosen ? action.considered : undefined) ?? made.considered,
        ...(reason === 'PoolExhausted' && placeOfPlan(observed, role)),
        ...(reason === 'DuplicateAddress' && ipAddress && { address: ipAddress.address }),
        ...(reason === 'ClusterRejected' && variablesIn(observed, role)),
      }
    }
    default:
      return action satisfies never
  }
}

function placeOfPlan(observed: Observed, role: Role): Pick<RolePlan, 'queue'> {
  const { cluster, pools = [], waiting } = observed
  if (cluster === undefined || waiting === undefined) return {}
  return { queue: placeInQueue(cluster, role, pools, waiting, observed) }
}

/** Whether the Cluster has no VIP of a kind that Clusters have, and does not refuse it. */
function lacksDefaultVip(observed: Observed, role: Role): boolean {
  if (observed.cluster === undefined || !roleSpecs[role].isDefault) return false
  const desire = desireFor(observed.cluster, role, observed)
  return desire.desired === 'no' && !desire.isRefused
}

/** Waits that no controller ends. */
const endedByPerson: readonly Reason[] = ['ClusterPaused', 'NoMatchingPool', 'PoolExhausted', 'PoolNotReady']

function writing(
  { assigned, patch, disagreement }: ActionOf<'patchCluster'>,
  { pool, second, insteadOf }: Made,
  observed: Observed,
  role: Role,
): Pick<
  Conclusion,
  'outcome' | 'reason' | 'message' | 'patch' | 'address' | 'port' | 'second' | 'variables'
> {
  const { address, port, second: other } = vipFields(assigned)
  const secondPool = second?.pool
  const isFirstOpen = isOpen(assigned.host, pool)
  const isSecondOpen = other !== undefined && isOpen(other.address, secondPool)
  const message =
    isFirstOpen || isSecondOpen
      ? `the ${role} VIP would be ${describeOpen(assigned, pool, secondPool)}; the IPAM provider decides which`
      : `the ${role} VIP would be ${formatVip(assigned)}`
  return {
    outcome: 'assign',
    reason: 'Allocated',
    message: withAddition(withAddition(message, insteadOf), disagreement),
    patch,
    ...(port !== undefined && { port }),
    ...(!isFirstOpen && { address }),
    ...(other !== undefined && { second: { ...second, ...(!isSecondOpen && other) } }),
    ...variablesIn(observed, role),
  }
}

/** Whether the IPAM provider has yet to decide about an address of the pool. */
function isOpen(host: string, of: IPPoolReference | undefined): of is IPPoolReference {
  return of !== undefined && host === openAddressOf(of)
}

/** `an address of Kind/a and one of Kind/b`; an address that is known stands for itself. */
function describeOpen(
  { secondHost, ...first }: AssignedVip,
  pool: IPPoolReference | undefined,
  secondPool: IPPoolReference | undefined,
): string {
  const text = isOpen(first.host, pool) ? `an address of ${formatPool(pool)}` : formatVip(first)
  if (secondHost === undefined) return text
  return `${text} and ${isOpen(secondHost, secondPool) ? `one of ${formatPool(secondPool)}` : secondHost}`
}

function variablesIn(
  { cluster, clusterClass, variables, defaultPort, ipAddress, second }: Observed,
  role: Role,
): Pick<RolePlan, 'variables'> {
  if (cluster === undefined) return {}
  const vip = vipRoleIn(cluster, role, variables, clusterClass)
  const { verdicts } = decideVariables(
    cluster,
    vip,
    clusterClass,
    { address: ipAddress?.address, secondAddress: second?.ipAddress?.address },
    defaultPort,
  )
  return {
    variables: verdicts.map(({ variable, verdict, because }) => ({
      name: formatVariablePath(variable.path),
      isWritten: verdict === 'write',
      because,
    })),
  }
}
