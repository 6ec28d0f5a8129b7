import { proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { claimNameFor } from '../domain/claim.ts'
import { formatEndpoint } from '../domain/endpoint.ts'
import { formatKey, type NamespacedName } from '../domain/object-meta.ts'
import { formatPool, type IPPoolReference } from '../domain/pool.ts'
import type { Role } from '../domain/role.ts'
import { step } from './activity-policies.ts'
import type { AllocationStatus, PoolSummary, RoleResult, StepEnd } from './contract.ts'
import type { WakeUp } from './wake-up.ts'

/** What one role's allocation is for, and how it waits and reports. */
export interface RoleRun extends Pick<WakeUp, 'untilDone'> {
  readonly cluster: NamespacedName
  readonly role: Role
  readonly progress: (news: Partial<AllocationStatus>) => void
}

/** How a pass ended: with a result, or with the need for another pass over the same or a new Cluster. */
export type RolePass =
  | { readonly pass: 'done'; readonly uid: string; readonly result: RoleResult }
  | { readonly pass: 'restart' }
  | { readonly pass: 'replaced' }

/** One pass: select the pool, ensure the claim, await the address, assign the VIP. */
export async function allocateRole(run: RoleRun): Promise<RolePass> {
  const { cluster, role, untilDone, progress } = run
  const key = formatKey(cluster)

  progress({ phase: 'SelectingPool', message: `looking for a ${role} pool for Cluster ${key}` })
  const selected = await untilDone(() =>
    summarized(`${role} pool for ${key}`).selectIPPool({ cluster, role }),
  )
  if (selected.next === 'complete-port') return completePort(run, selected.uid)
  if (selected.next !== 'claim') return passFor(selected)
  const { uid, poolRef, considered } = selected
  const claim = claimNameFor(cluster, role)
  const source = `${claim} from ${formatPool(poolRef)}`

  progress({
    phase: 'EnsuringClaim',
    message: source,
    uid,
    claim,
    considered,
    pool: poolFor(poolRef, cluster),
  })
  const ensured = await untilDone(() =>
    summarized(source).ensureIPAddressClaim({ cluster, role, uid, poolRef }),
  )
  if (ensured.next !== 'await') return passFor(ensured)
  const pool = poolFor(ensured.poolRef, cluster)

  progress({ phase: 'AwaitingAddress', message: `waiting for ${formatPool(pool)} to bind ${claim}`, pool })
  const awaited = await untilDone(() =>
    summarized(`address for ${claim}`).awaitIPAddress({ cluster, role, uid }),
  )
  if (awaited.next !== 'assign') return passFor(awaited)
  const { address } = awaited

  progress({ phase: 'AssigningVip', message: `writing ${address} to Cluster ${key}`, address })
  const assigned = await untilDone(() =>
    summarized(`${address} to ${key}`).assignVip({ cluster, role, uid, address }),
  )
  if (assigned.next !== 'assigned') return passFor(assigned)
  const { port } = assigned
  const message = `${formatEndpoint(assigned)} from ${formatPool(pool)} by IPAddressClaim ${claim}`
  return {
    pass: 'done',
    uid,
    result: { outcome: 'allocated', reason: 'Allocated', message, address, port, pool, claim },
  }
}

/** Somebody gave the Cluster a host without a port: the host stays, no address is taken. */
async function completePort(run: RoleRun, uid: string): Promise<RolePass> {
  const { cluster, role, untilDone, progress } = run
  progress({ phase: 'AssigningVip', message: `completing the port of Cluster ${formatKey(cluster)}`, uid })
  const completed = await untilDone(() =>
    summarized(`port of ${formatKey(cluster)}`).assignVip({ cluster, role, uid }),
  )
  if (completed.next !== 'assigned') return passFor(completed)
  const { host: address, port } = completed
  const message = `the host was set already; its port was completed: ${formatEndpoint(completed)}`
  return {
    pass: 'done',
    uid,
    result: { outcome: 'skipped', reason: 'EndpointAlreadySet', message, address, port },
  }
}

/** The activities, with a line that says in the Temporal UI what this call of one is about. */
function summarized(summary: string): Activities {
  return proxyActivities<Activities>({ ...step, summary })
}

function passFor(end: StepEnd): RolePass {
  if (end.next !== 'end') return { pass: end.next }
  const { uid, reason, message, host, port } = end
  return {
    pass: 'done',
    uid,
    result: {
      outcome: 'skipped',
      reason,
      message,
      ...(host !== undefined && { address: host }),
      ...(port !== undefined && { port }),
    },
  }
}

function poolFor({ kind, name }: IPPoolReference, cluster: NamespacedName): PoolSummary {
  return { kind, name, namespace: kind === 'InClusterIPPool' ? cluster.namespace : '' }
}
