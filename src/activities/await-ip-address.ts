import { cancellationSignal, sleep } from '@temporalio/activity'
import { ownershipOf, type IPAddressClaim } from '../domain/claim.ts'
import type { Cluster } from '../domain/cluster.ts'
import { formatEndpoint, isValidEndpoint } from '../domain/endpoint.ts'
import { formatKey } from '../domain/object-meta.ts'
import { describeUnbound } from '../domain/unbound-claim.ts'
import { addressWatchMs, pauseBeforeLook } from '../domain/waiting.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { AwaitIPAddressResult, ClaimStepInput } from '../workflows/contract.ts'
import { waiting } from './failures.ts'
import { readCluster } from './read-cluster.ts'
import { claimKeyFor } from './usable-claim.ts'

type Api = Pick<ClusterApi, 'getCluster' | 'getIPAddressClaim' | 'getIPAddress' | 'listIPPools'>

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
    if (isValidEndpoint(cluster.controlPlaneEndpoint)) return setByOthers(cluster)
    cancellationSignal().throwIfAborted()
    await sleep(pauseBeforeLook(looks))
  }
  throw await stillUnbound(api, input, cluster)
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

function setByOthers(cluster: Cluster): AwaitIPAddressResult {
  const { controlPlaneEndpoint: endpoint, uid } = cluster
  return {
    next: 'end',
    uid,
    reason: 'EndpointAlreadySet',
    message: `Cluster ${formatKey(cluster)} got its endpoint ${formatEndpoint(endpoint)} from elsewhere while its claim waited`,
    ...endpoint,
  }
}

async function stillUnbound(api: Api, input: ClaimStepInput, cluster: Cluster): Promise<Error> {
  const [claim, pools] = await Promise.all([
    getOwnClaim(api, input, cluster),
    api.listIPPools(cluster.namespace),
  ])
  if (claim === undefined) return waiting('WaitingForAddress', 'the IPAddressClaim has just gone')
  const { kind, name } = claim.poolRef
  const { reason, message } = describeUnbound(
    claim,
    pools.find((pool) => pool.kind === kind && pool.name === name),
  )
  return waiting(reason, message)
}
