/**
 * The closed list of reasons: why an allocation is where it is. Conditions, failures in Temporal and results all use
 * these words. The first three are Cluster API's own. The text says what comes next, and what a person can do about it.
 */
export const nextSteps = {
  PoolExhausted: 'add addresses to the pool, or label another one for the ClusterClass',
  PoolNotReady: 'create or unpause the pool',
  AllocationFailed: 'correct what the message names: permissions, a webhook, or an annotation of the Cluster',
  Allocated: 'nothing is to be done',
  WaitingForAddress: 'wait; where this lasts, look whether the IPAM provider is running',
  NoMatchingPool:
    'label a pool for the ClusterClass, or correct the annotation of the Cluster, as the message says',
  EndpointAlreadySet: 'nothing is to be done; the endpoint stays as it is',
  ClusterPaused: 'unpause the Cluster',
  ClusterDeleted: 'create the Cluster, if it is to be there',
  ClaimConflict: 'delete or rename the claim that is in the way',
  DuplicateAddress:
    'wait for the next address; where a Cluster has the address already, or asks for it, give one of the two another',
  ClusterRejected: 'correct what the API server or the ClusterClass refuses',
  AddressLost: 'free the address, or add it to a pool again',
} as const satisfies Readonly<Record<string, string>>

export type Reason = keyof typeof nextSteps

export function isReason(word: string): word is Reason {
  return Object.hasOwn(nextSteps, word)
}

export const reasons: readonly Reason[] = Object.keys(nextSteps).filter(isReason)

/** Reasons that pass without anybody's help, or are no trouble at all. */
const quiet: readonly Reason[] = [
  'Allocated',
  'WaitingForAddress',
  'EndpointAlreadySet',
  'ClusterPaused',
  'ClusterDeleted',
]

/** Whether somebody has to act before an allocation with this reason makes progress. */
export function requiresAction(reason: Reason): boolean {
  return !quiet.includes(reason)
}
