/**
 * The closed list of reasons: why an allocation is where it is. Conditions, failures in Temporal and
 * results all use these words. The first three are Cluster API's own.
 */
export const reasons = [
  'PoolExhausted',
  'PoolNotReady',
  'AllocationFailed',
  'Allocated',
  'WaitingForAddress',
  'NoMatchingPool',
  'EndpointAlreadySet',
  'ClusterPaused',
  'ClusterDeleted',
  'ClaimConflict',
  'DuplicateAddress',
  'ClusterRejected',
  'AddressLost',
] as const

export type Reason = (typeof reasons)[number]

/** Reasons that pass by themselves, or are no trouble at all. */
const quiet: readonly Reason[] = [
  'Allocated',
  'WaitingForAddress',
  'EndpointAlreadySet',
  'ClusterPaused',
  'ClusterDeleted',
]

/** Whether somebody has to do something before an allocation with this reason gets further. */
export function requiresAction(reason: Reason): boolean {
  return !quiet.includes(reason)
}

export function isReason(word: string): word is Reason {
  return reasons.some((known) => known === word)
}
