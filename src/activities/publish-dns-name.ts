import type { AllocationSettings } from '../domain/allocation/action.ts'
import { dnsEndpointFor, dnsEndpointKeyFor } from '../domain/allocation/dns-endpoint.ts'
import { isWritable } from '../domain/allocation/eligibility.ts'
import type { PublishDnsNameInput, PublishDnsNameResult } from '../domain/allocation/steps.ts'
import { vipRoleIn } from '../domain/allocation/vip-role.ts'
import { noDnsNames } from '../domain/dns-name.ts'
import { formatKey, isOwnedBy } from '../domain/model/object-meta.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError } from '../kubernetes/errors.ts'
import { dnsNamePending, FastPathAbandoned, translatingFailures } from './failures.ts'
import { readClusterClass } from './read-facts.ts'
import type { StepPorts } from './run-step.ts'

type Settings = Pick<AllocationSettings, 'variables' | 'dnsNames'>

/**
 * Publishes the DNS name of a VIP in place, as DNSEndpoint of external-dns. Nothing depends on it: a refusal of the API server
 * ends the step, and the VIP stays as it is.
 *
 * @throws FastPathAbandoned on the fast path, ApplicationFailure otherwise, if a later attempt may succeed
 */
export async function publishDnsName(
  { api, observer }: Pick<StepPorts, 'api' | 'observer'>,
  settings: Settings,
  input: PublishDnsNameInput,
  isFastPath: boolean,
): Promise<PublishDnsNameResult> {
  try {
    return await translatingFailures(dnsNamePending, async () => {
      const because = await whyLeft(api, settings, input)
      observer.countReport('dns-name', because === undefined ? 'written' : 'failed')
      if (because === undefined) return { next: 'published' }
      return { next: 'left', because: `DNS name ${input.dnsName} is not published: ${because}` }
    })
  } catch (failure) {
    throw isFastPath ? new FastPathAbandoned(failure) : failure
  }
}

/** Writes the DNSEndpoint; one of somebody else is left alone. @returns why it has written none; undefined if it has */
async function whyLeft(
  api: ClusterApi,
  { variables, dnsNames = noDnsNames }: Settings,
  { cluster: key, role, uid }: PublishDnsNameInput,
): Promise<string | undefined> {
  const name = `Cluster ${formatKey(key)}`
  const cluster = await api.getCluster(key)
  if (cluster === undefined || cluster.uid !== uid) return `${name} is gone`
  if (!isWritable(cluster)) return `${name} is paused or being deleted`
  const vip = vipRoleIn(cluster, role, variables, await readClusterClass(api, cluster))
  const wanted = dnsEndpointFor(cluster, vip, dnsNames)
  if (wanted === undefined) return `${name} has no such VIP any more`
  try {
    const present = await api.getDnsEndpoint(dnsEndpointKeyFor(key, role))
    if (present !== undefined && !isOwnedBy(present, uid)) {
      return `DNSEndpoint ${formatKey(present)} is not this Cluster's and is left alone; delete or rename it`
    }
    await api.applyDnsEndpoint(wanted)
    return undefined
  } catch (error) {
    if (!isKubernetesError(error, 'notServed', 'forbidden', 'invalid')) throw error
    return error.message
  }
}
