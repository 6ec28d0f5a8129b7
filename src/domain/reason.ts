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
