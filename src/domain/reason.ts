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

/** Tells whether a word, for example the type of a failure read back from Temporal, is one of the reasons. */
export function isReason(word: unknown): word is Reason {
  return reasons.some((reason) => reason === word)
}
