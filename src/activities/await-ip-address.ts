import { cancellationSignal, sleep } from '@temporalio/activity'
import { ownershipOf, type IPAddressClaim } from '../domain/claim.ts'
import type { Cluster } from '../domain/cluster.ts'
import { formatEndpoint, isValidEndpoint } from '../domain/endpoint.ts'
import { formatKey } from '../domain/object-meta.ts'
import { poolRequestFor } from '../domain/eligibility.ts'
import { formatPool } from '../domain/pool.ts'
import { selectIPPool } from '../domain/pool-selection.ts'
import { describeUnbound } from '../domain/unbound-claim.ts'
import { addressWatchMs, pauseBeforeLook } from '../domain/waiting.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { AwaitIPAddressResult, ClaimStepInput } from '../workflows/contract.ts'
import { waiting } from './failures.ts'
import { readCluster } from './read-cluster.ts'
import { claimKeyFor } from './usable-claim.ts'

type Api = Pick<
  ClusterApi,
  'getCluster' | 'getIPAddressClaim' | 'deleteIPAddressClaim' | 'getIPAddress' | 'listIPPools'
>

/**
 * Waits until the provider has bound the claim. One attempt looks for some seconds; after that Temporal holds
 * the wait.
 *
 * @throws ApplicationFailure to wait: `WaitingForAddress`, `PoolExhausted`, `PoolNotReady`, `ClusterPaused`
 */
export async function awaitIPAddress(api: Api, input: ClaimStepInput): Promise<AwaitIPAddressResult> {
  const { cluster, end } = await readCluster(api, input)
  if (end !== undefined) return end
  const started = performance.now()
  for (let looks = 0; performance.now() - started < addressWatchMs; looks += 1) {
    const claim = await getOwnClaim(api, input, cluster)
    if (claim === undefined) return { next: 'restart', message: 'the IPAddressClaim is gone' }
    const address = await addressOf(api, claim)
    if (address !== undefined) return { next: 'assign', address }
    if (isValidEndpoint(cluster.controlPlaneEndpoint)) return setByOthers(api, cluster, claim)
    cancellationSignal().throwIfAborted()
    await sleep(pauseBeforeLook(looks))
  }
  return stillUnbound(api, input, cluster)
}

async function getOwnClaim(
  api: Api,
  { cluster: key, role }: ClaimStepInput,
  cluster: Cluster,
): Promise<IPAddressClaim | undefined> {
  const claim = await api.getIPAddressClaim(claimKeyFor(key, role))
  return claim !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster' ? claim : undefined
}

/** The address the claim's addressRef leads to; its name need not be the claim's. */
async function addressOf(api: Api, claim: IPAddressClaim): Promise<string | undefined> {
  if (claim.addressName === undefined) return undefined
  const ipAddress = await api.getIPAddress({ namespace: claim.namespace, name: claim.addressName })
  return ipAddress?.address
}

/** Somebody else gave the Cluster its endpoint: the claim is not needed any more, and its address is not held back. */
async function setByOthers(api: Api, cluster: Cluster, claim: IPAddressClaim): Promise<AwaitIPAddressResult> {
  await api.deleteIPAddressClaim(claim)
  const { controlPlaneEndpoint: endpoint, uid } = cluster
  return {
    next: 'end',
    uid,
    reason: 'EndpointAlreadySet',
    message: `Cluster ${formatKey(cluster)} got its endpoint ${formatEndpoint(endpoint)} from elsewhere while its claim waited; the claim was given back`,
    ...endpoint,
  }
}

/**
 * The time of this attempt is over. An exhausted pool is left for another one with room: the claim, which the
 * provider may be binding at this moment, is deleted only as it was read.
 *
 * @throws ApplicationFailure to wait, with the reason why there is no address
 */
async function stillUnbound(
  api: Api,
  input: ClaimStepInput,
  cluster: Cluster,
): Promise<AwaitIPAddressResult> {
  const [claim, pools] = await Promise.all([
    getOwnClaim(api, input, cluster),
    api.listIPPools(cluster.namespace),
  ])
  if (claim === undefined) return { next: 'restart', message: 'the IPAddressClaim is gone' }
  const { kind, name } = claim.poolRef
  const { reason, message } = describeUnbound(
    claim,
    pools.find((pool) => pool.kind === kind && pool.name === name),
  )
  const selection = selectIPPool(poolRequestFor(cluster, input.role), pools)
  if (reason !== 'PoolExhausted' || selection.outcome === 'none' || claim.addressName !== undefined) {
    throw waiting(reason, message)
  }
  await api.deleteIPAddressClaim(claim)
  return { next: 'restart', message: `${message}; ${formatPool(selection.pool)} has room` }
}
