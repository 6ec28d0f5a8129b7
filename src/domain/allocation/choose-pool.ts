import { observe, refuse, wait, type Action, type ObservedCluster, type PoolChoice } from './action.ts'
import { askedAddressOf } from './asked-address.ts'
import { isForAsked, obstacleToAsked, selectForAsked } from './asked-choice.ts'
import { holdersOf } from './duplicate-addresses.ts'
import { poolRequestFor } from './eligibility.ts'
import { whyNotUsable } from './pool-selection.ts'
import { decideRestoration } from './restoration.ts'
import { earlierFor, isLeftBy, isObserve, selectInTurn } from './select-in-turn.ts'
import { annotated, providerAnnotationsFor } from './tried-pools.ts'
import { vipOwnershipOf } from './vip-ownership.ts'
import { foreignPoolOf, type VipRole } from './vip-role.ts'
import { addressOfPool } from '../model/ip-address.ts'
import { expectedInteger } from '../model/integer-text.ts'
import { formatKey } from '../model/object-meta.ts'
import { findPoolKind } from '../model/pool-kind.ts'
import { poolKindsOf } from '../model/pool-kinds.ts'
import { findPool, formatPool, poolRefTo, type IPPool } from '../model/pool.ts'
import { retaining, retainOf } from '../model/retain.ts'
import { queuePriorityAnnotation } from '../names.ts'
import { quoted, withAddition } from '../quote.ts'
import { roleSpecs } from '../role.ts'
import { queuePriorityOf, waitersOf } from './waiter.ts'

/**
 * What to do instead of creating the claim if the pool is no longer meant for the Cluster: a pause or a missing permission may
 * have held up the run for days. Undefined if the choice stands.
 */
export function reselection(observed: ObservedCluster, vip: VipRole, choice: PoolChoice): Action | undefined {
  const { cluster, pools, isChoiceOld = false } = observed
  const { poolRef, restore } = choice
  const isUnset = vipOwnershipOf(cluster, vip).state === 'unset'
  // A VIP that there was before comes from its pool, whatever that is meant for now.
  if (restore !== undefined && !(isUnset && askedAddressOf(cluster, vip.part) !== undefined)) return undefined
  if (!isForAsked(cluster, vip, choice)) {
    return pools === undefined ? observe('pools') : choiceAction(observed, vip)
  }
  if (!isChoiceOld || findPoolKind(poolKindsOf(observed), poolRef) === undefined) return undefined
  if (pools === undefined) return observe('pools')
  const chosen = findPool(pools, poolRef)
  // A claim can wait for a pool that is paused, and leaves one that is full.
  const request = poolRequestFor(cluster, vip.part, observed)
  const stands = chosen !== undefined && whyNotUsable(request, chosen, true) === undefined
  if (!stands) return selectionAction(observed, vip)
  const earlier = earlierFor(observed, vip.role, chosen)
  if (isObserve(earlier)) return earlier
  return isLeftBy(earlier, chosen) ? undefined : selectionAction(observed, vip)
}

export function choiceAction(observed: ObservedCluster, vip: VipRole): Action {
  const { cluster, pools, addressUse, variables, unreadable } = observed
  if (unreadable?.clusterClass !== undefined) return refuse('AllocationFailed', unreadable.clusterClass)
  if (queuePriorityOf(cluster) === undefined) {
    const text = cluster.annotations[queuePriorityAnnotation]
    const message = `annotation ${queuePriorityAnnotation} of Cluster ${formatKey(cluster)} is ${quoted(text)}, expected ${expectedInteger(text)}`
    return refuse('AllocationFailed', message)
  }
  const ownership = vipOwnershipOf(cluster, vip)
  const foreign = foreignPoolOf(cluster, vip.part, poolKindsOf(observed))
  if (foreign !== undefined && ownership.state === 'unset') {
    if (unreadable?.foreignPool !== undefined) return wait('PoolNotReady', unreadable.foreignPool)
    const obstacle = obstacleToAsked(observed, vip, foreign)
    return obstacle ?? { action: 'selectPool', choice: { poolRef: foreign, considered: [] } }
  }
  if (pools === undefined) return observe('pools')
  if (unreadable?.pools !== undefined || (ownership.state !== 'managed' && ownership.state !== 'drifted')) {
    return selectionAction(observed, vip)
  }
  if (addressUse === undefined) return observe('addressUse')
  const { address } = ownership
  const holders = holdersOf(address, { cluster, part: vip.part }, addressUse, variables)
  const decision = decideRestoration({ cluster, vip, address, holders, pools })
  switch (decision.decision) {
    case 'lost':
      return refuse('AddressLost', decision.message)
    case 'allocate-new':
      return selectionAction(observed, vip, decision.because)
    case 'restore': {
      return { action: 'selectPool', choice: choiceToRestore(observed, vip, decision) }
    }
    default:
      return decision satisfies never
  }
}

/** A provider that adopts no IPAddress is asked by an annotation. */
function choiceToRestore(
  observed: ObservedCluster,
  { role }: VipRole,
  { pool, address }: { readonly pool: IPPool; readonly address: string },
): PoolChoice {
  const { fixedAddress } = pool.poolKind
  const choice = { poolRef: poolRefTo(pool), considered: [], ...retaining(retainOf(pool)) }
  const needed = providerAnnotationsFor(pool, observed.cluster, role, observed)
  return typeof fixedAddress === 'object'
    ? { ...choice, ...annotated({ ...needed, [fixedAddress.claimAnnotation]: address }) }
    : { ...choice, restore: addressOfPool(pool, address), ...annotated(needed) }
}

/** @param insteadOf why it is not the address that the Cluster's annotation names */
function selectionAction(observed: ObservedCluster, vip: VipRole, insteadOf?: string): Action {
  const { cluster, unreadable } = observed
  if (unreadable?.pools !== undefined) {
    const { poolAnnotation } = roleSpecs[vip.role]
    const orElsewhere = `or name a pool of another IPAM provider in the Cluster's annotation ${poolAnnotation}`
    return wait('PoolNotReady', `${unreadable.pools}, ${orElsewhere}`)
  }
  const forAsked = selectForAsked(observed, vip)
  if (forAsked !== undefined) return inTurn(observed, vip, forAsked)
  const selection = selectInTurn(observed, vip)
  if (isObserve(selection)) return selection
  const { considered } = selection
  if (selection.outcome === 'none') {
    const { reason, isAfterOthers } = selection
    const message = withAddition(selection.message, insteadOf)
    // Those in front may let an address lie, and a pool that was tried is tried again some time.
    const passesInTime = isAfterOthers || (observed.tried ?? []).length > 0
    const isQueued = !passesInTime && waitersOf(cluster).some(({ role }) => role === vip.role)
    return {
      action: 'wait',
      reason,
      message,
      considered,
      ...(isAfterOthers && { isAfterOthers }),
      ...(isQueued && { isQueued }),
    }
  }
  const { pool } = selection
  const why = insteadOf === undefined ? {} : { insteadOf }
  const choice = {
    poolRef: poolRefTo(pool),
    considered,
    ...why,
    ...retaining(retainOf(pool)),
    ...annotated(providerAnnotationsFor(pool, cluster, vip.role, observed)),
  }
  return { action: 'selectPool', choice }
}

/** Who asks for a certain address waits for its turn as any other. */
function inTurn(observed: ObservedCluster, vip: VipRole, action: Action): Action {
  if (action.action !== 'selectPool') return action
  const pool = observed.pools && findPool(observed.pools, action.choice.poolRef)
  if (pool === undefined) return action
  const earlier = earlierFor(observed, vip.role, pool)
  if (isObserve(earlier)) return earlier
  if (isLeftBy(earlier, pool)) return action
  const message = `${formatPool(pool)}: its free addresses go to Clusters with an earlier turn`
  return { ...wait('PoolExhausted', message), isAfterOthers: true }
}
