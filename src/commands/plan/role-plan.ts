import type { Action, ActionOf, Observed } from '../../domain/allocation/action.ts'
import { whyThisAddress } from '../../domain/allocation/asked-choice.ts'
import { afterAction, openAddressOf } from '../../domain/allocation/after-action.ts'
import { formatVip, vipFields } from '../../domain/allocation/cluster-patch.ts'
import { dnsEndpointKeyFor, dnsNameOf } from '../../domain/allocation/dns-endpoint.ts'
import { desireFor, poolRequestFor } from '../../domain/allocation/eligibility.ts'
import { nextAction } from '../../domain/allocation/next-action.ts'
import { claimStays, verdictsBeside, type PoolVerdict } from '../../domain/allocation/pool-selection.ts'
import { vipRoleIn } from '../../domain/allocation/vip-role.ts'
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
import { roleSpecs, type Role } from '../../domain/role.ts'
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
  >
> &
  Pick<Observed, 'requiresOptIn' | 'poolKinds' | 'dnsNames' | 'unreadable'> & { readonly cluster: Cluster }

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
  readonly port?: number
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
    made = withClaimInUse(made, observed, role)
    const action = nextAction(observed, role)
    made = { ...made, steps: [...made.steps, ...stepsOf(action, observed, role)] }
    if (isLast(action)) return { role, ...conclusion(action, made, observed, role) }
    made = withAction(made, action, observed, role)
    observed = afterAction(observed, role, action)
  }
  throw new Error(`the plan for Cluster ${formatKey(facts.key)} does not end`)
}

/** What has been planned so far. */
interface Made extends Pick<RolePlan, 'steps' | 'considered' | 'pool' | 'claim'> {
  /** Why it is not the address that the Cluster's annotation names. */
  readonly insteadOf?: string | undefined
}

type Last =
  | ActionOf<'wait' | 'refuse' | 'done' | 'patchCluster'>
  | (ActionOf<'deleteClaim'> & { readonly outcome: ActionOf<'done'> })

function isLast(action: Action): action is Last {
  if (action.action === 'deleteClaim') return action.outcome !== 'restart'
  return ['wait', 'refuse', 'done', 'patchCluster'].includes(action.action)
}

/** A usable claim that exists has made the choice already. */
function withClaimInUse(made: Made, { cluster, claim, pools = [] }: Observed, role: Role): Made {
  if (made.claim !== undefined || cluster === undefined || claim === undefined || claim.isDeleting)
    return made
  const { owner } = ownershipOf(claim, cluster)
  if (owner !== 'this-cluster' && owner !== 'nobody') return made
  return {
    ...made,
    considered: verdictsBeside(poolRequestFor(cluster, role), pools, claim.poolRef, claimStays),
    pool: claim.poolRef,
    claim: { name: claim.name, action: owner === 'nobody' ? 'adopt' : 'use' },
  }
}

function withAction(made: Made, action: Action, observed: Observed, role: Role): Made {
  const { cluster, pools = [], variables, clusterClass } = observed
  switch (action.action) {
    case 'selectPool': {
      const { poolRef: pool, restore, insteadOf, considered } = action.choice
      if (cluster === undefined) return { ...made, pool }
      const claim = { name: claimNameFor(cluster, role), action: 'create' as const }
      if (restore === undefined) return { ...made, pool, claim, considered, insteadOf }
      const vip = vipRoleIn(cluster, role, variables, clusterClass)
      const because = `has ${restore.address}, ${whyThisAddress(cluster, vip, restore.address)}`
      const request = poolRequestFor(cluster, role)
      return { ...made, pool, claim, considered: verdictsBeside(request, pools, pool, because) }
    }
    case 'createClaim':
      return { ...made, claim: { name: action.claimName, action: 'create' } }
    case 'discardClaim':
    case 'deleteClaim':
    case 'stepBack':
      return { steps: made.steps, considered: [] }
    default:
      return made
  }
}

/** The writes of an action, in words. */
function stepsOf(action: Action, observed: Observed, role: Role): readonly string[] {
  const { key, claim } = observed
  const name = claim?.name ?? claimNameFor(key, role)
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
        ...(action.writes === 'vip' ? dnsStepsFor(observed, role) : []),
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
      const isUnchosen = kind === 'wait' && made.claim === undefined
      const { ipAddress } = observed
      return {
        ...withChoice,
        outcome: 'wait',
        reason,
        message,
        actionRequired: kind === 'refuse' || endedByPerson.includes(reason),
        considered: (isUnchosen ? action.considered : undefined) ?? made.considered,
        ...(reason === 'DuplicateAddress' && ipAddress && { address: ipAddress.address }),
        ...(reason === 'ClusterRejected' && variablesIn(observed, role)),
      }
    }
    default:
      return action satisfies never
  }
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
  { pool, insteadOf }: Made,
  observed: Observed,
  role: Role,
): Pick<Conclusion, 'outcome' | 'reason' | 'message' | 'patch' | 'address' | 'port' | 'variables'> {
  const isOpen = pool !== undefined && assigned.host === openAddressOf(pool)
  const { address, ...port } = vipFields(assigned)
  const message = isOpen
    ? `the ${role} VIP would be an address of ${formatPool(pool)}; the IPAM provider decides which`
    : `the ${role} VIP would be ${formatVip(assigned)}`
  return {
    outcome: 'assign',
    reason: 'Allocated',
    message: withAddition(withAddition(message, insteadOf), disagreement),
    patch,
    ...port,
    ...(!isOpen && { address }),
    ...variablesIn(observed, role),
  }
}

function variablesIn(
  { cluster, clusterClass, variables, defaultPort, ipAddress }: Observed,
  role: Role,
): Pick<RolePlan, 'variables'> {
  if (cluster === undefined) return {}
  const vip = vipRoleIn(cluster, role, variables, clusterClass)
  const { verdicts } = decideVariables(cluster, vip, clusterClass, ipAddress?.address, defaultPort)
  return {
    variables: verdicts.map(({ variable, verdict, because }) => ({
      name: formatVariablePath(variable.path),
      isWritten: verdict === 'write',
      because,
    })),
  }
}
