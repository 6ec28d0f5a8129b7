import { dnsNameFrom, whyNoDnsName, type DnsNameTemplates } from '../dns-name.ts'
import { claimMetadataFor, claimNameFor } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import type { JsonObject } from '../model/decode.ts'
import type { DnsEndpoint, DnsRecord } from '../model/dns-endpoint.ts'
import { formatKey, isOwnedBy, type NamespacedName } from '../model/object-meta.ts'
import type { Role } from '../role.ts'
import { vipOwnershipOf } from './vip-ownership.ts'
import { addressesIn, type VipRole } from './vip-role.ts'

/** The DNS name of a VIP, or why it has none. */
export type DnsNameDecision =
  | { readonly decision: 'name'; readonly name: string }
  | { readonly decision: 'none'; readonly because?: string }

/** Decides the DNS name of a role's VIP. `because` is present where the template gives no name that DNS can hold. */
export function dnsNameOf(cluster: NamespacedName, role: Role, templates: DnsNameTemplates): DnsNameDecision {
  const template = templates[role] ?? ''
  if (template === '') return { decision: 'none' }
  const name = dnsNameFrom(template, cluster)
  const fault = whyNoDnsName(name)
  if (fault === undefined) return { decision: 'name', name }
  return {
    decision: 'none',
    because: `Cluster ${formatKey(cluster)} gets no DNS name: ${name} is none, ${fault}`,
  }
}

/** The key of the DNSEndpoint of a role's VIP: that of its claim, so that people find the two together. */
export function dnsEndpointKeyFor(cluster: NamespacedName, role: Role): NamespacedName {
  return { namespace: cluster.namespace, name: claimNameFor(cluster, role) }
}

/**
 * The DNSEndpoint (external-dns) that a Cluster should have: of a VIP that is in place and ours. Its owner is the Cluster, so
 * that it goes with it. A VIP of two families gets a record for each.
 *
 * @returns undefined if the VIP has no name, or is not there yet
 */
export function dnsEndpointFor(
  cluster: Cluster,
  vip: VipRole,
  templates: DnsNameTemplates,
): JsonObject | undefined {
  const name = dnsNameOf(cluster, vip.role, templates)
  if (name.decision === 'none' || vipOwnershipOf(cluster, vip).state !== 'managed') return undefined
  const { labels, ownerReference } = claimMetadataFor(cluster, vip.role)
  return {
    metadata: { ...dnsEndpointKeyFor(cluster, vip.role), labels, ownerReferences: [ownerReference] },
    spec: { endpoints: recordsOf(name.name, addressesIn(cluster, vip)) },
  }
}

/** Whether a Cluster lacks its DNSEndpoint, or has one that says something else. */
export function lacksDnsEndpoint(
  cluster: Cluster,
  vip: VipRole,
  templates: DnsNameTemplates,
  present: DnsEndpoint | undefined,
): boolean {
  const name = dnsNameOf(cluster, vip.role, templates)
  if (name.decision === 'none' || vipOwnershipOf(cluster, vip).state !== 'managed') return false
  if (present === undefined) return true
  const isOwn = isOwnedBy(present, cluster.uid)
  return !isOwn || textOf(present.records) !== textOf(recordsOf(name.name, addressesIn(cluster, vip)))
}

function recordsOf(dnsName: string, addresses: readonly string[]): readonly DnsRecord[] {
  return addresses.map((address) => ({
    dnsName,
    recordType: address.includes(':') ? 'AAAA' : 'A',
    targets: [address],
  }))
}

function textOf(records: readonly DnsRecord[]): string {
  return JSON.stringify(records.map(({ dnsName, recordType, targets }) => [dnsName, recordType, targets]))
}
