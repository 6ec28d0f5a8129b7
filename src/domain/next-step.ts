import type { Reason } from './reason.ts'

/** What comes next for an allocation that has ended or waits for this reason, and what a person can do about it. */
export const nextSteps: Readonly<Record<Reason, string>> = {
  Allocated: 'nothing is to be done',
  EndpointAlreadySet: 'nothing is to be done; the endpoint stays as it is',
  ClusterDeleted: 'create the Cluster, if it is to be there',
  ClusterPaused: 'unpause the Cluster',
  NoMatchingPool: 'label a pool for the ClusterClass, or name one in the annotation of the Cluster',
  PoolExhausted: 'add addresses to the pool, or label another one for the ClusterClass',
  PoolNotReady: 'create or unpause the pool',
  WaitingForAddress: 'wait; where this lasts, look whether the IPAM provider is running',
  DuplicateAddress:
    'wait for the next address; where a Cluster has the address already, give one of the two another',
  ClaimConflict: 'delete or rename the claim that is in the way',
  ClusterRejected: 'correct what the API server or the ClusterClass refuses',
  AddressLost: 'free the address, or add it to a pool again',
  AllocationFailed: 'correct what the message names: permissions, a webhook, or an annotation of the Cluster',
}
