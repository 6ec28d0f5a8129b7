import { isWritable } from '../domain/allocation/eligibility.ts'
import {
  describeAnswer,
  describeAnsweredEverywhere,
  isAnsweredEverywhere,
  isStillProbed,
  type ProbeAnswer,
} from '../domain/allocation/probe.ts'
import type { ProbeAddressInput, ProbeAddressResult } from '../domain/allocation/steps.ts'
import { buildInUseReservation } from '../domain/model/ip-address.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { formatPool } from '../domain/model/pool.ts'
import { probeTimeoutMs } from '../domain/timings.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError } from '../kubernetes/errors.ts'
import { endWithout, getOwnClaim } from './advance.ts'
import { actionRequired, retryLater } from './failures.ts'

/**
 * Connects to a port. Resolves with undefined if nothing answers in time, or nothing that has the address.
 *
 * @param timeoutMs milliseconds
 */
export type ProbePort = (address: string, port: number, timeoutMs: number) => Promise<ProbeAnswer | undefined>

/**
 * Probes an address before it is assigned for the first time. If something answers, the address is kept out of circulation for
 * as long as the Cluster lives, or until a person lets go of it, and the claim is deleted: the next one gets another address.
 *
 * A Cluster that has reserved some of a pool reserves no more of it: something answers for everybody.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `AllocationFailed`
 */
export async function probeAddress(
  api: ClusterApi,
  probePort: ProbePort,
  input: ProbeAddressInput,
): Promise<ProbeAddressResult> {
  const { cluster: key, address } = input
  const found = await answerOf(probePort, input)
  if (found === undefined) return { next: 'assign' }
  const [cluster, claim] = await Promise.all([api.getCluster(key), getOwnClaim(api, input)])
  const without = endWithout(cluster, input)
  if (without !== undefined || cluster === undefined) return without ?? { next: 'replaced' }
  const { namespace } = key
  const name = claim?.addressName
  const ipAddress = name === undefined ? undefined : await api.getIPAddress({ namespace, name })
  if (claim === undefined || ipAddress?.address !== address) {
    return { next: 'restart', message: 'the IPAddressClaim no longer holds the address' }
  }
  if (!isWritable(cluster)) {
    const message = `Cluster ${formatKey(cluster)} is paused; nothing is written until it is unpaused`
    throw retryLater('ClusterPaused', message)
  }
  const { poolRef } = claim
  if (isAnsweredEverywhere(poolRef, await api.listIPAddressesOf(key))) {
    if (isStillProbed(await api.listIPPools(namespace), { poolRef, ...input })) {
      throw actionRequired('AllocationFailed', describeAnsweredEverywhere(poolRef, address, found))
    }
    return { next: 'restart', message: `${formatPool(poolRef)} has its addresses probed in another way` }
  }
  try {
    const answer = `${found} at ${new Date().toISOString()}`
    await api.createIPAddress(buildInUseReservation(cluster, ipAddress, answer))
  } catch (error) {
    // By an earlier attempt.
    if (!isKubernetesError(error, 'alreadyExists')) throw error
  }
  await api.deleteIPAddressClaim(claim)
  const message = `${address} is in use outside of the management cluster, since ${found}; it stays reserved, and the next one is tried`
  return { next: 'restart', reason: 'DuplicateAddress', message }
}

/** The first answer in the order of the ports; undefined: there is none. */
async function answerOf(
  probePort: ProbePort,
  { address, ports }: ProbeAddressInput,
): Promise<string | undefined> {
  const answers = await Promise.all(
    ports.map(async (port) => {
      const answer = await probePort(address, port, probeTimeoutMs)
      return answer && describeAnswer(port, answer)
    }),
  )
  return answers.find((answer) => answer !== undefined)
}
